"""The WhatsApp page: linking step by step, unlinking, and the settings with their proof."""

import re
from datetime import timedelta

import pytest

from app.web.ext import Services
from core.link import End, Phase, Status
from core.phone import Phone
from core.settings import Settings
from store import link, settings
from store.account import audit
from store.redis.live import Live
from tests.app.conftest import Beats
from tests.app.visitor import Visitor, tag, words

PHONE = Phone("+15551234567")


QR = "https://wa.me/settings/linked_devices#a-secret"


FORM = {
    "version": "0",
    "enabled": "y",
    "default_agent": "finn",
    "sticky_minutes": "45",
    "ack": "👀",
    "ack_other": "",
    "gather_ms": "1.5",
}


@pytest.fixture
def linked(services: Services) -> None:
    with services.db.write() as connection:
        link.record_link(connection, PHONE, "DjinnBot", services.now())


def saved(services: Services) -> Settings:
    with services.db.read() as connection:
        return settings.load(connection)


def poll(visitor: Visitor, page) -> str:
    """The address that the status in this answer polls."""
    found = re.search(r'hx-get="([^"]+)" hx-trigger="every', page.text)
    assert found, "the status does not poll"
    return found[1].replace("&amp;", "&")


def test_a_click_on_link_asks_the_worker_and_says_so(
    owner: Visitor, live: Live, beats: Beats
) -> None:
    beats()
    live.publish(Status(Phase.UNLINKED))
    answer = owner.submit("/whatsapp/link", htmx=True)
    assert "Asking the worker" in words(answer)
    request = live.take_request(1)
    assert request and request.wish == "link"
    live.publish(Status(Phase.STARTING, attempt=request.id))
    assert "Starting" in words(owner.open(poll(owner, answer), htmx=True))


def test_without_scripts_a_click_leads_to_a_page_that_reloads_itself(
    owner: Visitor, live: Live, beats: Beats
) -> None:
    beats()
    live.publish(Status(Phase.UNLINKED))
    answer = owner.submit("/whatsapp/link")
    assert answer.status_code == 303
    page = owner.open(answer.location)
    assert '<noscript><meta http-equiv="refresh"' in page.text
    assert "Asking the worker" in words(page)
    assert '<form id="settings"' not in page.text


def test_without_a_worker_nobody_is_asked(owner: Visitor, live: Live, services: Services) -> None:
    answer = owner.submit("/whatsapp/link", htmx=True)
    assert "The worker is not running, so nobody could be asked." in words(answer)
    assert live.redis.keys("*requests*") == []


def test_a_click_that_nobody_takes_ends_with_what_to_check(
    owner: Visitor, live: Live, beats: Beats, services: Services
) -> None:
    beats()
    live.publish(Status(Phase.UNLINKED))
    answer = owner.submit("/whatsapp/link", htmx=True)
    later = services.now() + timedelta(seconds=40)
    services.now = lambda: later
    answer = owner.open(poll(owner, answer), htmx=True)
    assert "The worker did not answer" in words(answer)
    assert "every" not in tag(answer, "link-status")


def test_the_fragments_address_in_a_browser_leads_to_the_page(owner: Visitor) -> None:
    answer = owner.open("/whatsapp/status?wish=link&attempt=a&at=1&_external=1&_scheme=evil")
    assert answer.location == "/whatsapp/link?wish=link&attempt=a&at=1"


def test_a_poll_that_would_change_nothing_changes_nothing(
    owner: Visitor, live: Live, services: Services
) -> None:
    first = Status(Phase.SCAN, attempt="a", qr=QR, number=1, of=6, expires_at=services.now())
    live.publish(first)
    address = poll(owner, owner.open("/whatsapp/"))
    assert owner.open(address, htmx=True).status_code == 204
    live.publish(Status(Phase.SCAN, attempt="a", qr=QR + "2", number=2, of=6))
    answer = owner.open(address, htmx=True)
    assert answer.status_code == 200
    assert "Code 2 of 6" in words(answer)


def test_the_pairing_code_is_big_and_spelled_out(owner: Visitor, live: Live) -> None:
    live.publish(Status(Phase.CODE, code="J57G-SWSK", phone=PHONE))
    page = owner.open("/whatsapp/")
    assert "J57G-SWSK" in words(page) and "Eight characters" in words(page)
    assert 'aria-label="Pairing code: J 5 7 G S W S K"' in page.text
    assert "Link with phone number instead" in words(page)


def test_asking_for_a_code_sends_the_number(owner: Visitor, live: Live, beats: Beats) -> None:
    beats()
    owner.submit("/whatsapp/code", phone="+1 (555) 123-4567")
    request = live.take_request(1)
    assert request and (request.wish, request.phone) == ("code", PHONE)


@pytest.mark.parametrize("htmx", [False, True])
def test_a_bad_number_is_told_beside_the_field(owner: Visitor, live: Live, htmx: bool) -> None:
    answer = owner.submit("/whatsapp/code", htmx=htmx, phone="0555 123")
    assert answer.status_code == 422
    assert "Start with + and the country code" in words(answer)
    assert 'value="0555 123"' in tag(answer, "phone")
    assert 'aria-describedby="phone-hint phone-error"' in tag(answer, "phone")
    assert "open" in tag(answer, "link-code")
    if htmx:
        assert answer.headers["HX-Retarget"] == "#link-code"


def test_cancelling(owner: Visitor, live: Live, beats: Beats) -> None:
    beats()
    live.publish(Status(Phase.SCAN, attempt="a", qr=QR, number=1, of=6))
    assert 'id="cancel"' in owner.open("/whatsapp/").text
    answer = owner.submit("/whatsapp/cancel", htmx=True)
    request = live.take_request(1)
    assert request and request.wish == "cancel"
    live.publish(Status(Phase.UNLINKED, end=End.CANCELLED))
    assert "Linking was cancelled" in words(owner.open(poll(owner, answer), htmx=True))


@pytest.mark.parametrize("end", list(End))
def test_each_end_has_a_sentence_of_its_own(owner: Visitor, live: Live, end: End) -> None:
    live.publish(Status(Phase.UNLINKED, end=end))
    said = words(owner.open("/whatsapp/link"))
    live.publish(Status(Phase.UNLINKED))
    assert said != words(owner.open("/whatsapp/link"))
    assert "Not linked yet" not in said


def test_a_new_screen_is_announced_once(owner: Visitor, live: Live) -> None:
    live.publish(Status(Phase.STARTING, attempt="a"))
    address = poll(owner, owner.open("/whatsapp/"))
    live.publish(Status(Phase.FINISHING, attempt="a"))
    answer = owner.open(address, htmx=True)
    assert re.search(r'id="link-announce" hx-swap-oob="innerHTML">Finishing', answer.text)


@pytest.mark.usefixtures("linked")
def test_a_linked_account_is_shown_with_what_is_known(owner: Visitor, live: Live) -> None:
    live.publish(Status(Phase.LINKED, connected=True, phone=PHONE))
    page = owner.open("/whatsapp/")
    assert "Connected" in words(page) and "+1 555-123-4567" in words(page)
    assert 'hx-trigger="every 5s"' in tag(page, "link-status")
    assert "data-linked" in tag(page, "link-status")
    live.publish(Status(Phase.LINKED, phone=PHONE, retry_at=None))
    assert "Linked, connecting" in words(owner.open("/whatsapp/"))


@pytest.mark.usefixtures("linked")
def test_a_connection_that_was_taken_can_be_taken_back(
    owner: Visitor, live: Live, beats: Beats
) -> None:
    beats()
    live.publish(Status(Phase.LINKED, phone=PHONE, end=End.REPLACED))
    assert "Another program took over this session" in words(owner.open("/whatsapp/"))
    owner.submit("/whatsapp/take-over", htmx=True)
    request = live.take_request(1)
    assert request and request.wish == "take_over"


@pytest.mark.usefixtures("linked")
def test_a_ban_says_until_when(owner: Visitor, live: Live, services: Services) -> None:
    until = services.now() + timedelta(hours=2)
    live.publish(Status(Phase.LINKED, end=End.BANNED, detail="7200", retry_at=until))
    page = owner.open("/whatsapp/")
    assert until.isoformat() in page.text
    assert "7200" not in words(page)


@pytest.mark.usefixtures("linked")
@pytest.mark.parametrize("htmx", [False, True])
def test_unlinking_asks_first_and_names_the_number(
    owner: Visitor, live: Live, beats: Beats, services: Services, htmx: bool
) -> None:
    beats()
    live.publish(Status(Phase.LINKED, connected=True, phone=PHONE))
    question = owner.open("/whatsapp/unlink", htmx=htmx)
    assert "Unlink +1 555-123-4567 ?" in words(question)
    assert "Your agents stop answering at once." in words(question)
    answer = owner.submit("/whatsapp/unlink", htmx=True)
    request = live.take_request(1)
    assert request and request.wish == "unlink"
    with services.db.write() as connection:
        link.record_end(connection, End.UNLINKED_HERE, services.now())
        assert audit.list_acts(connection)[0].action == "asked to unlink"
    live.publish(Status(Phase.UNLINKED, end=End.UNLINKED_HERE))
    assert "Unlinked" in words(owner.open(poll(owner, answer), htmx=True))


def test_there_is_nothing_to_unlink_before_linking(owner: Visitor) -> None:
    assert owner.open("/whatsapp/unlink").location == "/whatsapp/"


def test_saving_counts_a_version_and_is_written_down(owner: Visitor, services: Services) -> None:
    answer = owner.submit("/whatsapp/settings", **FORM)
    assert (answer.status_code, answer.location) == (303, "/whatsapp/#settings")
    assert saved(services) == Settings(
        version=1,
        enabled=True,
        default_agent="finn",
        sticky_minutes=45,
        ack_emoji="👀",
        gather_ms=1500,
        pause_on_own_message=False,
    )
    with services.db.read() as connection:
        act = audit.list_acts(connection)[0]
    assert (act.actor, act.action) == ("ana", "settings saved")
    assert "enabled: False → True" in act.detail and "allow_all" not in act.detail


def test_a_save_over_a_newer_one_asks_once_more(owner: Visitor, services: Services) -> None:
    with services.db.write() as connection:
        settings.save(connection, Settings(allow_all=True), services.now())
    answer = owner.submit("/whatsapp/settings", htmx=True, **FORM)
    assert answer.status_code == 422
    assert "changed elsewhere" in words(answer)
    assert 'value="45"' in tag(answer, "sticky_minutes")
    version = re.search(r'value="(\d+)"', tag(answer, "version"))
    assert version and version[1] == "1"
    assert (
        owner.submit("/whatsapp/settings", htmx=True, **FORM | {"version": "1"}).status_code == 200
    )
    assert saved(services).version == 2


def test_the_page_shows_that_the_worker_follows(owner: Visitor, beats: Beats) -> None:
    beats(settings_version=0)
    answer = owner.submit("/whatsapp/settings", htmx=True, **FORM)
    assert "Saved v1, worker runs v0 …" in words(answer)
    line = re.search(r'hx-get="(/whatsapp/version[^"]+)"', answer.text)
    assert line
    address = line[1].replace("&amp;", "&")
    assert owner.open(address, htmx=True).status_code == 204
    beats(settings_version=1)
    proof = owner.open(address, htmx=True)
    assert "Saved v1, worker runs v1" in words(proof)
    assert "hx-get" not in proof.text


def test_without_a_worker_the_page_says_who_has_to_follow(owner: Visitor) -> None:
    answer = owner.submit("/whatsapp/settings", htmx=True, **FORM)
    assert "Saved v1. The worker is not running" in words(answer)
    assert "/whatsapp/version" not in answer.text


def test_a_worker_that_does_not_follow_is_told_after_a_while(
    owner: Visitor, beats: Beats, services: Services
) -> None:
    beats(settings_version=0)
    owner.submit("/whatsapp/settings", htmx=True, **FORM)
    since = int(services.now().timestamp()) - 31
    answer = owner.open(f"/whatsapp/version?since={since}&seen=0", htmx=True)
    assert "still runs v0" in words(answer)
