"""People held, by hand, with scripts and without."""

import pytest
from playwright.sync_api import Page, expect

from core.phone import Phone
from core.settings import Settings
from core.states import MessageState
from store import allowlist, settings
from tests.app.allowlist.test_people import hold, stored
from tests.browser.looks import audit, audit_looks
from tests.browser.panel import Panel

pytestmark = pytest.mark.browser


def test_allow_block_and_forget(panel: Panel, either: Page) -> None:
    page = either
    for number, name in enumerate(("Bob", "Carla", "Dave")):
        hold(panel.services, Phone(f"+1555000111{number}"), None, name)
    page.goto("/people/")

    person(page, "Bob").get_by_role("link", name="Allow").click()
    page.get_by_label("Label").fill("Bobby")
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_text("Bob may write from the next message on.")).to_be_visible()
    with panel.services.db.read() as connection:
        assert [entry.label for entry in allowlist.load(connection)] == ["Bobby"]

    person(page, "Carla").get_by_role("link", name="Block").click()
    expect(page.get_by_text("Block Carla?")).to_be_visible()
    page.get_by_role("button", name="Block", exact=True).click()
    expect(page.get_by_role("heading", name="Blocked")).to_be_visible()

    person(page, "Dave").get_by_role("link", name="Forget").click()
    expect(page.get_by_text("Forget Dave?")).to_be_visible()
    page.get_by_role("button", name="Forget").click()
    expect(page.get_by_text("Nobody is waiting")).to_be_visible()

    person(page, "Carla").get_by_role("button", name="Unblock").click()
    expect(page.get_by_role("heading", name="Blocked")).not_to_be_visible()


def test_letting_in_somebody_whose_number_is_hidden(panel: Panel, either: Page) -> None:
    keep_texts(panel)
    hold(panel.services, None, "123456789012345@lid", "Dave")
    page = either
    page.goto("/people/")
    person(page, "Dave").get_by_role("link", name="Allow").click()
    expect(page.get_by_text("counts for them alone")).to_be_visible()
    page.get_by_label("Label").fill("")
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_text("Dave may write from the next message on.")).to_be_visible()
    page.goto("/allowlist/")
    expect(page.get_by_role("row", name="Hidden number · Dave")).to_be_visible()
    page.get_by_role("link", name="Edit Hidden number · Dave").click()
    page.get_by_role("link", name="Try it").click()
    expect(page.get_by_role("link", name="Their entry")).to_be_visible()
    assert audit(page) == []
    page.goto("/allowlist/")
    page.get_by_role("link", name="Remove Hidden number · Dave").click()
    page.locator(".editing").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("The hidden number was removed.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("row", name="Hidden number · Dave")).to_be_visible()
    assert audit(page) == []


def person(page: Page, name: str):
    return page.get_by_role("listitem").filter(has_text=name)


def keep_texts(panel: Panel) -> None:
    with panel.services.db.write() as connection:
        chosen = Settings(enabled=True, default_agent="finn", keep_held_text=True)
        settings.save(connection, chosen, panel.services.now())


def test_allowing_and_answering_what_was_kept(panel: Panel, either: Page) -> None:
    keep_texts(panel)
    for text in ("Is this the plumber?", "There is water."):
        hold(panel.services, Phone("+15550001111"), None, "Bob", text)
    page = either
    page.goto("/people/")
    expect(person(page, "Bob")).to_contain_text("There is water.")
    person(page, "Bob").get_by_role("link", name="Allow").click()
    expect(page.get_by_label("Answer what they wrote")).to_be_checked()
    page.get_by_label("Default agent").select_option(index=1)
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_text("the kept 2 messages are being answered")).to_be_visible()
    assert {state for state, _, _ in stored(panel.services)} == {MessageState.WAITING}


def test_searching_and_leafing(panel: Panel, either: Page) -> None:
    for number in range(55):
        phone = Phone(f"+1555000{number:04}")
        hold(panel.services, phone, None, f"Guest {number:02}")
    page = either
    page.goto("/people/")
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_text("Page 2 of 2")).to_be_visible()
    page.get_by_role("searchbox").fill("guest 07")
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator(".person")).to_have_count(1)
    page.get_by_role("link", name="Block").click()
    page.get_by_role("link", name="Cancel").click()
    expect(page.locator(".person")).to_have_count(1)
    expect(page.get_by_role("searchbox")).to_have_value("guest 07")


def test_the_keyboards_focus_is_never_lost(panel: Panel, page: Page) -> None:
    bob = hold(panel.services, Phone("+15550001111"), None, "Bob")
    page.goto("/people/")
    page.get_by_role("link", name="Allow Bob").press("Enter")
    expect(page.get_by_label("Label")).to_be_focused()
    for question in ("Block", "Forget"):
        page.goto("/people/")
        page.get_by_role("link", name=f"{question} Bob").press("Enter")
        expect(page.get_by_role("link", name="Cancel")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator(f"#person-{bob.id}")).to_be_focused()
    page.get_by_role("link", name="Forget Bob").press("Enter")
    page.get_by_role("button", name="Forget").press("Enter")
    expect(page.locator("#held")).to_be_focused()


def test_how_the_pages_look(panel: Panel) -> None:
    keep_texts(panel)
    bob = hold(panel.services, Phone("+15550001111"), None, "Bob " * 20, "words " * 60)
    hold(panel.services, None, "1@lid", "Dave", "hi")
    for number in range(52):
        hold(panel.services, Phone(f"+1555000{number:04}"), None, f"Guest {number:02}")
    page = panel.owner()
    paths = ("?page=2", "?q=guest", "?q=nobody", f"{bob.id}/allow", f"{bob.id}/forget")
    for path in paths:
        page.goto(f"/people/{path}")
        assert audit_looks(page) == [], path
