"""Send permissions by hand, with scripts and without, and how they look."""

import pytest
from playwright.sync_api import Page, expect

from core.admission.allowlist import Pattern
from store.agents import permissions
from tests.browser.looks import audit_looks
from tests.browser.panel import Panel

pytestmark = pytest.mark.browser


def permit(page: Page, number: str, label: str = "") -> None:
    form = page.locator("#add")
    form.get_by_label("Agent").select_option("finn")
    form.get_by_label("May write to").fill(number)
    form.get_by_label("Label").fill(label)
    form.get_by_role("button", name="Permit").click()


def test_permit_and_take_away(either: Page) -> None:
    page = either
    page.goto("/")
    page.get_by_role("link", name="Send permissions").click()
    expect(page.get_by_text("No agent may write on its own")).to_be_visible()
    permit(page, "+1 555 123 4567", "Ana")
    row = page.get_by_role("row").filter(has_text="+1 555-123-4567")
    expect(row).to_contain_text("Ana")
    page.get_by_role("link", name="Take away from finn: Ana").click()
    expect(page.get_by_text("Shall Finn no longer write to +15551234567, Ana?")).to_be_visible()
    page.locator(".editing").get_by_role("button", name="Take away").click()
    expect(page.get_by_text("No agent may write on its own")).to_be_visible()


def test_everyone_only_after_a_question(either: Page) -> None:
    page = either
    page.goto("/permissions/")
    permit(page, "*")
    expect(page.get_by_text("Confirm that, or enter a number or a prefix.")).to_be_visible()
    page.get_by_label("This agent may write to every number there is").check()
    page.get_by_role("button", name="Permit").click()
    expect(page.get_by_role("row").filter(has_text="Everyone")).to_be_visible()


def test_the_keyboards_focus_is_never_lost(page: Page) -> None:
    page.goto("/permissions/")
    permit(page, "0821234567")
    expect(page.locator("#pattern")).to_be_focused()
    permit(page, "+15551234567", "Ana")
    take = page.get_by_role("link", name="Take away from finn: Ana")
    expect(take).to_be_visible()
    expect(page.locator("#pattern")).to_be_focused()
    take.press("Enter")
    expect(page.get_by_role("link", name="Keep")).to_be_focused()
    page.keyboard.press("Enter")
    expect(take).to_be_focused()
    take.press("Enter")
    page.locator(".editing").get_by_role("button", name="Take away").press("Enter")
    expect(page.locator("#given")).to_be_focused()


def test_looks(panel: Panel) -> None:
    page = panel.owner()
    page.goto("/permissions/")
    assert audit_looks(page) == []
    with panel.services.db.write() as connection:
        for agent in ("finn", "gone"):
            for pattern in ("*", "+1555*", "+15551234567"):
                label = "A label " * 8
                now = panel.services.now()
                permissions.add(connection, agent, Pattern(pattern), label, now)
    for path in ("/permissions/", "/permissions/1/remove"):
        page.goto(path)
        assert audit_looks(page) == [], path
    page.goto("/permissions/")
    permit(page, "*")
    page.get_by_label("This agent may write to every number there is").wait_for()
    assert audit_looks(page) == []
