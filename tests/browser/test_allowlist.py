"""The allowlist by hand, with scripts and without."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.admission.allowlist import Pattern
from core.phone import Phone
from core.settings import Settings
from store import allowlist, settings
from store.chats import chats, people
from tests.browser.looks import audit, audit_looks
from tests.browser.panel import Panel

pytestmark = pytest.mark.browser


def add(page: Page, number: str, label: str = "", agent: str = "As in the settings") -> None:
    form = page.locator("#add")
    form.get_by_label("Phone number").fill(number)
    form.get_by_label("Label").fill(label)
    form.get_by_label("Default agent").select_option(label=agent)
    form.get_by_role("button", name="Add").click()


def test_add_edit_remove(either: Page) -> None:
    page = either
    page.goto("/allowlist/")
    agent = page.locator("#add select option").nth(1).inner_text()
    add(page, "+1 555 123 4567", "Ana", agent)
    row = page.get_by_role("row").filter(has_text="+1 555-123-4567")
    expect(row).to_contain_text("Ana")

    page.get_by_role("link", name="Edit Ana").click()
    editing = page.locator(".editing")
    editing.get_by_label("Label").fill("Anastasia")
    editing.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row").filter(has_text="Anastasia")).to_be_visible()

    page.get_by_role("link", name="Remove Anastasia").click()
    expect(page.get_by_text("Remove +15551234567, Anastasia?")).to_be_visible()
    page.locator(".editing").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Nobody yet")).to_be_visible()

    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("row").filter(has_text="Anastasia")).to_be_visible()


def test_a_bad_number_is_told_beside_it(either: Page) -> None:
    either.goto("/allowlist/")
    add(either, "0821234567", "Bob")
    expect(either.get_by_text("Start with + and the country code")).to_be_visible()
    expect(either.locator("#add").get_by_label("Phone number")).to_have_value("0821234567")
    expect(either.locator("#add").get_by_label("Label")).to_have_value("Bob")


def test_the_keyboards_focus_is_never_lost(page: Page) -> None:
    page.goto("/allowlist/")
    add(page, "0821234567")
    expect(page.locator("#pattern")).to_be_focused()
    add(page, "+15551234567", "Ana")
    expect(page.get_by_role("link", name="Edit Ana")).to_be_visible()
    expect(page.locator("#pattern")).to_be_focused()
    page.get_by_role("link", name="Edit Ana").press("Enter")
    expect(page.locator(".editing").get_by_label("Phone number")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Edit Ana")).to_be_focused()
    page.get_by_role("link", name="Remove Ana").press("Enter")
    expect(page.get_by_role("link", name="Keep")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Edit Ana")).to_be_focused()
    page.get_by_role("link", name="Remove Ana").press("Enter")
    page.locator(".editing").get_by_role("button", name="Remove").press("Enter")
    expect(page.locator("#entries")).to_be_focused()


def test_searching_while_one_types(panel: Panel, page: Page) -> None:
    with panel.services.db.write() as connection:
        for number in range(12):
            pattern = Pattern(f"+155512300{number:02}")
            allowlist.add(connection, pattern, f"Guest {number}", None, panel.services.now())
    page.goto("/allowlist/")
    page.get_by_role("searchbox").press_sequentially("guest 11")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_role("searchbox")).to_be_focused()
    expect(page.get_by_role("searchbox")).to_have_value("guest 11")


@pytest.fixture
def crowd(panel: Panel) -> None:
    with panel.services.db.write() as connection:
        for number in range(205):
            pattern = Pattern(f"+1555123{number:04}")
            allowlist.add(connection, pattern, f"Guest {number}", None, panel.services.now())


@pytest.mark.usefixtures("crowd")
def test_leafing_sorting_and_coming_back_to_the_same_place(either: Page) -> None:
    page = either
    page.goto("/allowlist/")
    page.get_by_role("link", name="Newest").click()
    expect(page.locator("tbody tr").first).to_contain_text("Guest 204")
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_text("Page 2 of 3")).to_be_visible()
    expect(page.locator("tbody tr").first).to_contain_text("Guest 104")
    page.get_by_role("link", name="Remove Guest 104").click()
    page.locator(".editing").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Guest 104 was removed.")).to_be_visible()
    expect(page.get_by_text("Page 2 of 3")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("tbody tr").first).to_contain_text("Guest 104")


@pytest.mark.usefixtures("crowd")
def test_the_focus_follows_when_one_leafs(page: Page) -> None:
    page.goto("/allowlist/")
    page.get_by_role("link", name="Next").press("Enter")
    expect(page.get_by_text("Page 2 of 3")).to_be_visible()
    expect(page.locator("#found")).to_be_focused()
    page.wait_for_url("**/allowlist/?page=2")
    page.reload()
    expect(page.get_by_text("Page 2 of 3")).to_be_visible()
    page.get_by_role("link", name="Label", exact=True).press("Enter")
    expect(page.locator("#sort-label")).to_have_attribute("aria-current", "true")
    expect(page.locator("#sort-label")).to_be_focused()


TABLE = """phone;label;agent
+15551234567;Countess;
+1 555 000 0007;Charles;finn
0821;Nobody;
"""


def test_from_the_file_to_the_list(panel: Panel, either: Page, tmp_path: Path) -> None:
    with panel.services.db.write() as connection:
        allowlist.add(connection, Pattern("+15551234567"), "Ada", None, panel.services.now())
    file = tmp_path / "people.csv"
    file.write_text(TABLE, encoding="utf-8-sig")
    page = either
    page.goto("/allowlist/")
    page.get_by_role("link", name="Import").click()
    page.get_by_label("A file").set_input_files(file)
    page.get_by_role("button", name="Look at it first").click()
    expect(page.get_by_text("1 line can't be used and will be skipped.")).to_be_visible()
    page.get_by_role("button", name="Can't be used").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_text("Start with + and the country code")).to_be_visible()
    with panel.services.db.write() as connection:
        allowlist.add(connection, Pattern("+15550000007"), "Quicker", None, panel.services.now())
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("heading", name="Nothing was imported")).to_be_visible()
    expect(page.locator("tbody tr")).to_contain_text("Label: Quicker")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("The import is done: 0 new, 2 changed, 1 refused.")).to_be_visible()
    page.get_by_role("link", name="Allowlist").last.click()
    expect(page.get_by_role("row").filter(has_text="Countess")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Charles")).to_be_visible()
    panel.problems.clear()  # 409 is in the console


def test_an_import_stays_in_its_place_and_the_focus_follows(panel: Panel, page: Page) -> None:
    page.goto("/allowlist/import/")
    page.evaluate("document.documentElement.dataset.sign = 'the same page'")
    page.get_by_label("Or lines").fill("nothing")
    page.get_by_role("button", name="Look at it first").press("Enter")
    expect(page.get_by_text("no line can be used")).to_be_visible()
    expect(page.locator("#import")).to_be_focused()
    page.goto("/allowlist/import/")
    page.evaluate("document.documentElement.dataset.sign = 'the same page'")
    page.get_by_label("Or lines").fill("label\nAda")
    page.get_by_role("button", name="Look at it first").press("Enter")
    expect(page.get_by_label("Or lines")).to_be_focused()
    page.get_by_label("Or lines").fill("".join(f"+1555000{number:04}\n" for number in range(101)))
    page.get_by_role("button", name="Look at it first").press("Enter")
    expect(page.locator("#import")).to_be_focused()
    page.get_by_role("button", name="Next").press("Enter")
    expect(page.get_by_text("Page 2 of 2")).to_be_visible()
    expect(page.locator("#lines")).to_be_focused()
    page.get_by_role("button", name="New").press("Enter")
    expect(page.locator("#show-new")).to_have_attribute("aria-current", "true")
    expect(page.locator("#show-new")).to_be_focused()
    page.get_by_role("button", name="Import", exact=True).press("Enter")
    expect(page.get_by_role("heading", name="The import is done")).to_be_visible()
    expect(page.locator("#import")).to_be_focused()
    assert page.evaluate("document.documentElement.dataset.sign") == "the same page"
    assert audit(page) == []


def test_lines_that_are_no_table_stay_in_the_field(either: Page) -> None:
    either.goto("/allowlist/import/")
    either.get_by_label("Or lines").fill("label\nAda")
    either.get_by_role("button", name="Look at it first").click()
    expect(either.get_by_text("The header has no column “phone”.")).to_be_visible()
    expect(either.get_by_label("Or lines")).to_have_value("label\nAda")


@pytest.mark.usefixtures("crowd")
def test_the_export_is_what_the_import_reads(page: Page, tmp_path: Path) -> None:
    page.goto("/allowlist/")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    page.goto("/allowlist/import/")
    page.get_by_label("A file").set_input_files(file)
    page.get_by_role("button", name="Look at it first").click()
    expect(page.get_by_text("all of this is on the allowlist already")).to_be_visible()


def prepare(panel: Panel) -> None:
    """Ada is answered by Eric."""
    with panel.services.db.write() as connection:
        now = panel.services.now()
        chosen = Settings(enabled=True, default_agent="finn")
        settings.save(connection, chosen, now)
        allowlist.add(connection, Pattern("+15551234567"), "Ada", "eric", now)
        person = people.identify(connection, Phone("+15551234567"), None, "Ada", now)
        chats.enter(connection, person.id, "ada@x", now)


@pytest.mark.parametrize("path", ["/allowlist/", "/allowlist/tester/"])
def test_trying_a_number(panel: Panel, either: Page, path: str) -> None:
    prepare(panel)
    either.goto(path)
    form = either.locator("#tester")
    form.get_by_label("Phone number").fill("0821")
    form.get_by_label("Text").fill("@yukihiro hello")
    form.get_by_role("button", name="Try it").click()
    expect(form.get_by_text("Start with + and the country code")).to_be_visible()
    expect(form.get_by_label("Text")).to_have_value("@yukihiro hello")
    form.get_by_label("Phone number").fill("+1 555 123 4567")
    form.get_by_role("button", name="Try it").click()
    expect(form.get_by_role("heading", name="Yukihiro")).to_be_visible()
    form.get_by_label("Text").fill("")
    form.get_by_label("What they send").select_option(label="A picture")
    form.get_by_role("button", name="Try it").click()
    expect(form.get_by_text("I can't see pictures yet.")).to_be_visible()
    form.get_by_role("link", name="The entry +15551234567, Ada").click()
    expect(either.locator(".editing").get_by_label("Label")).to_have_value("Ada")


@pytest.mark.usefixtures("crowd")
def test_how_the_pages_look(panel: Panel) -> None:
    prepare(panel)
    page = panel.owner()
    for path in ("/allowlist/?q=guest&sort=newest&page=2", "/allowlist/import/"):
        page.goto(path)
        if page.locator(".explained").count():
            page.locator(".explained summary").click()
        assert audit_looks(page) == [], path
    page.get_by_label("Or lines").fill(TABLE + "x" * 60 + f"\n+15550000008;{'long ' * 39}\n")
    page.get_by_role("button", name="Look at it first").click()
    expect(page.get_by_role("heading", name="Line by line")).to_be_visible()
    assert audit_looks(page) == []
    for number in ("15551234567", "15559999999"):
        page.goto(f"/allowlist/tester/?phone=%2B{number}")
        assert audit_looks(page) == [], number
