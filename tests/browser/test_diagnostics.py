"""Diagnostics and the overview in a browser: asking, looking, following the log."""

import time

import pytest
from playwright.sync_api import Page, expect

from core.link import End, Phase, Status
from core.phone import Phone
from store import link, link_history
from store.link_history import Event
from store.redis.live import make_heartbeat
from tests.app.allowlist.test_people import hold
from tests.app.diagnostics.test_views import say
from tests.browser.looks import audit_looks
from tests.browser.panel import Panel
from tests.store.rows import chat_with, write

pytestmark = pytest.mark.browser

PHONE = Phone("+15551234567")
TRACE = 'Traceback (most recent call last):\n  File "x", line 1, in y\nValueError: ' + "wide " * 60


def fill(panel: Panel) -> None:
    """A product at work, with something to tell on each part of the page."""
    services, now = panel.services, panel.services.now()
    panel.says(Status(Phase.LINKED, connected=True, phone=PHONE))
    since = time.time() - 7200
    panel.live.record_heartbeat("web", make_heartbeat("a", since))
    panel.live.record_heartbeat(
        "worker", make_heartbeat("b", since, holder=True, held_since=since, settings_version=1)
    )
    panel.live.record_heartbeat("connection", make_heartbeat("c", since, settings_version=0))
    with services.db.write() as connection:
        link.record_link(connection, PHONE, "DjinnBot", now)
        details = {Event.STARTED: "resume", Event.RETRY: "4.2 s", Event.LOCK_WON: "host-1"}
        for event in Event:
            detail = details.get(event, "")
            link_history.record(connection, event, now, fence=7, detail=detail)
        link_history.record(connection, End.UNREACHABLE, now, detail="no-way-there" * 20)
        write(connection, chat_with(connection, PHONE), "M1", now=now, text="Hello " * 90)
    hold(services, Phone("+15550001111"), None, "A rather long name " * 3, "words " * 40)
    for number in range(40):
        level = ("info", "warning", "error")[number % 3]
        say(panel.live.redis, f"line {number}", level, fields={"turn": number})
    say(panel.live.redis, "it broke " * 20, "error", exception=TRACE)
    say(panel.live.redis, "it broke " * 20, "error", "errors", exception=TRACE)


def test_it_is_readable_everywhere(panel: Panel) -> None:
    page = panel.owner()
    page.goto("/diagnostics/")
    assert audit_looks(page) == []
    fill(panel)
    for path in ("/diagnostics/why?q=+1555", "/diagnostics/why?q=%2B15559990000", "/"):
        page.goto(path)
        assert audit_looks(page) == [], path


def test_asking_why(either: Page, panel: Panel) -> None:
    fill(panel)
    either.goto("/diagnostics/")
    either.get_by_label("Who, or which message?").fill("555 999")
    either.get_by_label("Who, or which message?").press("Enter")
    expect(either.get_by_text("Nothing like “555 999” has arrived.")).to_be_visible()
    either.get_by_label("Who, or which message?").fill("4567")
    either.get_by_role("button", name="Look").click()
    expect(either.locator("#why").get_by_text("+1 555-123-4567")).to_be_visible()


def test_the_log_is_filtered(either: Page, panel: Panel) -> None:
    fill(panel)
    either.goto("/diagnostics/")
    lines = either.locator("#log-lines")
    expect(lines.get_by_text("line 33 ")).to_have_count(1)
    either.get_by_label("Level").select_option("error")
    either.get_by_role("button", name="Show").click()
    expect(lines.get_by_text("line 33 ")).to_have_count(0)
    expect(lines.get_by_text("line 32 ")).to_have_count(1)
    expect(either.get_by_label("Level")).to_have_value("error")


def test_new_lines_come_by_themselves_unless_somebody_reads(panel: Panel, page: Page) -> None:
    fill(panel)
    page.goto("/diagnostics/")
    lines = page.locator("#log-lines")
    say(panel.live.redis, "a new one")
    expect(lines.get_by_text("a new one")).to_be_visible()
    lines.evaluate("element => (element.scrollTop = 50)")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    say(panel.live.redis, "a later one")
    # The other part of the page still looks: by then the log would have looked as well.
    page.wait_for_event("response", lambda r: "/diagnostics/now" in r.url)
    assert not any("/log/lines" in url for url in asked)
    lines.evaluate("element => (element.scrollTop = 0)")
    expect(lines.get_by_text("a later one")).to_be_visible()


def test_a_traceback_that_is_open_stays_open(panel: Panel, page: Page) -> None:
    fill(panel)
    page.goto("/diagnostics/")
    trace = page.locator("#current details").first
    trace.locator("summary").click()
    panel.beat()
    say(panel.live.redis, "another", "error", "errors")
    page.wait_for_event("response", lambda r: "/log/lines" in r.url)
    page.wait_for_event("response", lambda r: "/log/lines" in r.url)
    expect(trace).to_have_attribute("open", "")


def test_the_bundle_is_one_click(either: Page, panel: Panel) -> None:
    fill(panel)
    either.goto("/diagnostics/")
    with either.expect_download() as download:
        either.get_by_role("button", name="Support bundle").click()
    assert download.value.suggested_filename.startswith("djinnbot-support-")


def test_a_concern_leads_to_where_it_is_put_right(either: Page, panel: Panel) -> None:
    fill(panel)
    either.goto("/")
    either.get_by_role("link", name="Decide").click()
    expect(either).to_have_url(f"{panel.url}/people/")
