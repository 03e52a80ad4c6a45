"""The settings by hand, and the proof that the worker has them."""

import pytest
from playwright.sync_api import Page, expect

from core.link import Phase, Status
from core.settings import Settings
from store import settings
from tests.browser.panel import Panel

pytestmark = pytest.mark.browser


def saved(panel: Panel) -> Settings:
    with panel.services.db.read() as connection:
        return settings.load(connection)


def test_saving(panel: Panel, either: Page) -> None:
    page = either
    page.goto("/whatsapp/")
    page.get_by_role("switch", name="Enabled").check()
    page.get_by_label("Sticky TTL").fill("200")
    page.locator("label").filter(has_text="👍").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Sticky TTL must be 5 to 120 minutes.")).to_be_visible()
    expect(page.get_by_role("switch", name="Enabled")).to_be_checked()
    page.get_by_label("Sticky TTL").fill("20")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved v1.")).to_be_visible()
    now = saved(panel)
    assert (now.enabled, now.sticky_minutes, now.ack_emoji) == (True, 20, "👍")
    assert now.default_agent == "eric", "the first one was suggested"


def test_the_worker_is_seen_to_follow(panel: Panel, page: Page) -> None:
    panel.beat(settings_version=0)
    page.goto("/whatsapp/")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved v1, worker runs v0 …")).to_be_visible()
    expect(page.get_by_role("button", name="Save")).to_be_focused()
    panel.beat(settings_version=1)
    expect(page.get_by_text("Saved v1, worker runs v1")).to_be_visible()


def test_a_poll_never_touches_what_is_being_typed(panel: Panel, page: Page) -> None:
    panel.says(Status(Phase.STARTING, attempt="a"))
    page.goto("/whatsapp/")
    page.get_by_text("Use pairing code").click()
    number = page.get_by_label("Phone number of the WhatsApp account")
    number.press_sequentially("+1555")
    page.get_by_label("Sticky TTL").fill("77")
    number.focus()
    for code in (1, 2):
        panel.says(Status(Phase.SCAN, attempt="a", qr=f"code {code}", number=code, of=6))
        expect(page.get_by_text(f"Code {code} of 6")).to_be_visible()
    expect(number).to_be_focused()
    number.press_sequentially("1234567")
    expect(number).to_have_value("+15551234567")
    expect(page.get_by_label("Sticky TTL")).to_have_value("77")


def test_the_warning_of_allow_all_comes_with_it(panel: Panel, page: Page) -> None:
    page.goto("/whatsapp/")
    warning = page.get_by_text("Strangers can talk to your agents then")
    expect(warning).not_to_be_visible()
    page.get_by_role("switch", name="Allow all").check()
    expect(warning).to_be_visible()
