"""The wizard from the first click to the linked number, with a test that plays the worker."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from core.link import End, Phase, Status
from core.phone import Phone
from store import link
from store.account import owner
from tests.browser.panel import Panel
from tests.waiting import until

pytestmark = pytest.mark.browser

PHONE = Phone("+15551234567")


def taken(panel: Panel, wish: str) -> str:
    """The id of the request that the worker takes next."""
    request = until(lambda: panel.live.take_request(1), f"the wish to {wish}")
    assert request.wish == wish
    return request.id


def scan(panel: Panel, attempt: str, number: int) -> Status:
    expires = panel.services.now() + timedelta(minutes=10)
    return Status(
        Phase.SCAN, attempt=attempt, qr=f"code {number}", number=number, of=6, expires_at=expires
    )


def become_linked(panel: Panel, attempt: str | None = None) -> None:
    with panel.services.db.write() as connection:
        link.record_link(connection, PHONE, "DjinnBot", panel.services.now())
    panel.says(Status(Phase.LINKED, connected=True, phone=PHONE, attempt=attempt))


def test_by_qr_code(panel: Panel, either: Page) -> None:
    page = either
    panel.says(Status(Phase.UNLINKED))
    page.goto("/whatsapp/")
    page.get_by_role("button", name="Link device").click()
    attempt = taken(panel, "link")
    expect(page.get_by_text("Asking the worker").first).to_be_visible()
    panel.says(Status(Phase.STARTING, attempt=attempt))
    expect(page.get_by_text("A fresh connection to WhatsApp is being made.")).to_be_visible()
    for number in (1, 2):
        panel.says(scan(panel, attempt, number))
        expect(page.get_by_text(f"Code {number} of 6")).to_be_visible()
        expect(page.get_by_role("img", name="QR code that links")).to_be_visible()
    panel.says(Status(Phase.FINISHING, attempt=attempt))
    expect(page.get_by_text("The phone has accepted.")).to_be_visible()
    become_linked(panel, attempt)
    expect(page.get_by_text("+1 555-123-4567").first).to_be_visible()
    expect(page.locator("#link-code")).not_to_be_visible()


def test_by_pairing_code(panel: Panel, page: Page) -> None:
    panel.says(Status(Phase.UNLINKED))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/whatsapp/")
    page.get_by_text("Use pairing code").click()
    number = page.get_by_label("Phone number of the WhatsApp account")
    number.fill("555 123")
    number.press("Enter")
    expect(page.get_by_text("Start with + and the country code")).to_be_visible()
    expect(number).to_be_focused()
    number.fill("+1 555 123 4567")
    number.press("Enter")
    attempt = taken(panel, "code")
    expect(page.get_by_text("Start with + and the country code")).to_have_count(0)
    expect(number).to_have_value("+1 555 123 4567")
    panel.says(Status(Phase.CODE, attempt=attempt, code="J57G-SWSK", phone=PHONE))
    expect(page.locator("#pairing-code")).to_have_text("J57G-SWSK")
    page.get_by_role("button", name="Copy the code").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "J57G-SWSK"


def test_cancelling_and_ends_of_the_road(panel: Panel, page: Page) -> None:
    panel.says(scan(panel, "a", 1))
    page.goto("/whatsapp/")
    page.get_by_role("button", name="Cancel").click()
    taken(panel, "cancel")
    panel.says(Status(Phase.UNLINKED, end=End.CANCELLED))
    expect(page.get_by_text("Linking was cancelled").first).to_be_visible()
    page.get_by_role("button", name="Link device").click()
    attempt = taken(panel, "link")
    panel.says(Status(Phase.UNLINKED, end=End.TIMED_OUT, attempt=attempt))
    expect(page.get_by_text("The code was not used in time").first).to_be_visible()


def test_who_keeps_the_link_is_back_where_the_question_came_up(panel: Panel, page: Page) -> None:
    become_linked(panel)
    page.goto("/whatsapp/")
    unlink = page.get_by_role("link", name="Unlink")
    unlink.press("Enter")
    page.get_by_role("link", name="Keep the link").press("Enter")
    expect(unlink).to_be_focused()


def test_unlinking_asks_first(panel: Panel, either: Page) -> None:
    page = either
    become_linked(panel)
    page.goto("/whatsapp/")
    page.get_by_role("link", name="Unlink").click()
    expect(page.get_by_text("Your agents stop answering at once.")).to_be_visible()
    page.get_by_role("link", name="Keep the link").click()
    expect(page.get_by_text("Connected", exact=True).first).to_be_visible()
    page.get_by_role("link", name="Unlink").click()
    page.get_by_role("button", name="Unlink +1 555-123-4567").click()
    taken(panel, "unlink")
    with panel.services.db.write() as connection:
        link.record_end(connection, End.UNLINKED_HERE, panel.services.now())
    panel.says(Status(Phase.UNLINKED, end=End.UNLINKED_HERE))
    expect(page.get_by_text("was taken off the account's linked devices")).to_be_visible()


def test_without_a_worker_a_click_says_so(panel: Panel, either: Page) -> None:
    either.goto("/whatsapp/")
    expect(either.get_by_text("The worker is not running").first).to_be_visible()
    panel.says(Status(Phase.UNLINKED))
    either.goto("/whatsapp/")
    panel.live.remove_heartbeat("worker", "w")
    either.get_by_role("button", name="Link device").click()
    expect(either.get_by_text("so nobody could be asked")).to_be_visible()


def test_a_page_that_waits_does_not_move(panel: Panel, page: Page) -> None:
    panel.says(scan(panel, "a", 1))
    page.add_init_script(
        "window.moved = 0;"
        "new PerformanceObserver((list) => list.getEntries().forEach((e) => (moved += e.value)))"
        ".observe({ type: 'layout-shift', buffered: true });"
    )
    page.goto("/whatsapp/")
    page.wait_for_load_state("networkidle")
    start = page.evaluate("moved")
    with page.expect_response("**/whatsapp/status**") as unchanged:
        pass
    assert unchanged.value.status == 204
    panel.says(scan(panel, "a", 2))
    expect(page.get_by_text("Code 2 of 6")).to_be_visible()
    assert page.evaluate("moved") == start


def test_a_session_that_ends_while_it_waits_leads_back_here(panel: Panel, page: Page) -> None:
    panel.says(scan(panel, "a", 1))
    page.goto("/whatsapp/")
    with panel.services.db.write() as connection:
        for session in owner.list_sessions(connection):
            owner.end_session(connection, session.id)
    expect(page).to_have_url(f"{panel.url}/login?next=/whatsapp/")


def test_a_panel_that_is_away_is_told_once_and_forgotten(panel: Panel, page: Page) -> None:
    panel.says(scan(panel, "a", 1))
    page.goto("/whatsapp/")
    page.route("**/whatsapp/status**", lambda route: route.abort())
    complaint = page.get_by_text("DjinnBot does not answer.")
    expect(complaint).to_have_count(1)
    page.unroute("**/whatsapp/status**")
    expect(complaint).to_have_count(0)
    panel.problems.clear()  # the browser wrote the failed requests down
