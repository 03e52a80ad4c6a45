"""Pages full of long names, times, colours: readable, labelled, nothing sticks out. How each page
looks with little in it, `test_accessible.py` sees."""

from datetime import timedelta

import pytest

from core.admission.allowlist import Pattern
from core.link import FIRST_QR, End, Phase, Status
from core.phone import Phone
from core.settings import Settings
from store import allowlist, link, settings
from tests.app.allowlist.test_people import hold
from tests.browser.looks import audit_looks
from tests.browser.panel import Panel

pytestmark = pytest.mark.browser

PHONE = Phone("+15551234567")
PAGES = (
    "/",
    "/whatsapp/",
    "/whatsapp/link",
    "/allowlist/",
    "/people/",
    "/conversations/",
    "/models/",
)
QR = "https://wa.me/settings/linked_devices#" + "x" * 170


def test_a_busy_one(panel: Panel) -> None:
    services = panel.services
    now = services.now()
    with services.db.write() as connection:
        link.record_link(connection, PHONE, "DjinnBot", now)
        chosen = Settings(enabled=True, default_agent="gone", allow_all=True, ack_emoji="🦉")
        settings.save(connection, chosen, now)
        for pattern in ("*", "+1555*", *(f"+155512300{n:02}" for n in range(12))):
            allowlist.add(connection, Pattern(pattern), "A label " * 8, "gone", now)
    hold(services, Phone("+15550001111"), None, "A rather long name " * 3, "words " * 40)
    hold(services, None, "1@lid", "Dave")
    panel.says(Status(Phase.LINKED, connected=True, phone=PHONE))
    paths = ("/allowlist/1/edit", "/allowlist/1/remove", "/people/1/allow", "/people/1/block")
    page = panel.owner()
    for path in (*PAGES, *paths, "/whatsapp/unlink"):
        page.goto(path)
        assert audit_looks(page) == [], path


def test_each_step_of_linking(panel: Panel) -> None:
    page = panel.owner()
    for status in (
        Status(Phase.UNLINKED),
        Status(Phase.STARTING, attempt="a"),
        Status(Phase.SCAN, attempt="a", qr=QR, number=2, of=6),
        Status(Phase.CODE, attempt="a", code="J57G-SWSK", phone=PHONE),
        Status(Phase.FINISHING, attempt="a"),
        Status(Phase.UNLINKED, end=End.PASSKEY, detail="something"),
    ):
        panel.says(status)
        page.goto("/whatsapp/")
        assert audit_looks(page) == [], status


def test_time_left_is_shown_by_a_bar_that_runs_out(panel: Panel) -> None:
    expires = panel.services.now() + timedelta(seconds=FIRST_QR)
    panel.says(Status(Phase.SCAN, attempt="a", qr=QR, number=1, of=6, expires_at=expires))
    page = panel.owner()
    page.goto("/whatsapp/")
    before = page.eval_on_selector("progress", "bar => bar.value")
    page.wait_for_function(
        "before => document.querySelector('progress').value < before", arg=before
    )


def test_times_are_those_of_the_browser(panel: Panel) -> None:
    with panel.services.db.write() as connection:
        link.record_link(
            connection, PHONE, "DjinnBot", panel.services.now().replace(hour=18, minute=30)
        )
    panel.says(Status(Phase.LINKED, connected=True, phone=PHONE))
    page = panel.owner(timezone_id="Asia/Tokyo", locale="en-GB")
    page.goto("/whatsapp/")
    shown = page.locator(".facts time")
    assert "03:30" in shown.inner_text()
    assert "GMT+9" in (shown.get_attribute("title") or "")


@pytest.mark.parametrize("scripts", [True, False])
def test_the_colours_are_kept(panel: Panel, scripts: bool) -> None:
    page = panel.owner(java_script_enabled=scripts, color_scheme="light")
    page.goto("/people/")
    page.get_by_role("button", name="Dark").click()
    page.wait_for_selector("html[data-bs-theme=dark]")
    page.goto("/allowlist/")
    page.wait_for_selector("html[data-bs-theme=dark]")
    assert page.get_by_role("button", name="Dark").get_attribute("aria-pressed") == "true"


@pytest.mark.parametrize("scripts", [True, False])
def test_the_menu_of_a_phone(panel: Panel, scripts: bool) -> None:
    page = panel.owner(java_script_enabled=scripts, viewport={"width": 390, "height": 844})
    page.goto("/")
    link_to_people = page.get_by_role("link", name="People held")
    assert not link_to_people.is_visible()
    page.locator("summary[aria-label=Menu]").click()
    link_to_people.click()
    page.wait_for_url("**/people/")
