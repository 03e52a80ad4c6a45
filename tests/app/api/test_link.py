"""/v1/whatsapp/link and unlink, with a thread in the worker's place."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from app.api import link as api_link
from app.api.link import describe_end
from core.link import End, Phase, Status
from core.phone import Phone
from store import link
from store.account import audit
from store.redis.live import Heartbeat, Request
from tests.app.api.program import Api, worker
from tests.waiting import until

LINK, CODE = "/whatsapp/link", "/whatsapp/link/pairing-code"
STATUS, UNLINK = "/whatsapp/link/status", "/whatsapp/unlink"
PHONE = Phone("+15551234567")
NUMBER = {"phoneNumber": "+15551234567"}
IDLE = Status(Phase.UNLINKED)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests that will get no answer need not wait 15 seconds for it."""
    monkeypatch.setattr(api_link, "WAIT_SECONDS", 0.3)


@pytest.fixture
def looks(api: Api, monkeypatch: pytest.MonkeyPatch) -> list[Status | None]:
    """What the application has seen of the live status, look after look."""
    seen: list[Status | None] = []
    live = api.services.live
    status = live.read_status

    def look() -> Status | None:
        seen.append(status())
        return seen[-1]

    monkeypatch.setattr(live, "read_status", look)
    return seen


def be_linked(api: Api) -> None:
    with api.database.write() as connection:
        link.record_link(connection, PHONE, "DjinnBot", api.services.now())


def scan(request: Request, qr: str = "2@secret") -> Status:
    return Status(Phase.SCAN, attempt=request.id, qr=qr, number=1, of=6)


# The QR code --------------------------------------------------------------------------------


def test_the_first_code_of_a_new_attempt(api: Api) -> None:
    def begin(request: Request) -> None:
        api.live.publish(Status(Phase.STARTING, attempt=request.id))
        api.live.publish(scan(request))

    api.live.publish(IDLE)
    with worker(api.live, {"link": begin}):
        assert api.post(LINK) == {"qr": "2@secret"}


def test_polling_gets_fresh_codes_of_the_same_attempt(api: Api) -> None:
    api.live.publish(IDLE)
    with worker(api.live, {"link": lambda request: api.live.publish(scan(request))}) as taken:
        assert api.post(LINK) == {"qr": "2@secret"}
        api.live.publish(scan(taken[0], "2@fresh"))
        assert api.post(LINK) == api.post(LINK) == {"qr": "2@fresh"}
    assert len(taken) == 1
    assert api.live.take_request(0.01) is None


def test_a_body_is_not_needed_and_does_not_matter(api: Api) -> None:
    api.live.publish(Status(Phase.SCAN, attempt="a", qr="2@secret"))
    assert api.post(LINK, {"anything": 1}) == {"qr": "2@secret"}


def test_a_worker_that_has_just_started(api: Api) -> None:
    """It gives a sign of life before it has a status."""
    api.live.record_heartbeat("worker", Heartbeat("w", "host", 1, 0.0))
    with worker(api.live, {"link": lambda request: api.live.publish(scan(request))}):
        assert api.post(LINK) == {"qr": "2@secret"}


def test_the_end_of_an_earlier_attempt_does_not_count(api: Api, looks: list[Status | None]) -> None:
    """It stays published until the new attempt begins."""

    def begin(request: Request) -> None:
        until(lambda: len(looks) > 2, "the program to wait")
        api.live.publish(scan(request))

    api.live.publish(Status(Phase.UNLINKED, attempt="old", end=End.TIMED_OUT))
    with worker(api.live, {"link": begin}):
        assert api.post(LINK) == {"qr": "2@secret"}
    assert looks[1] and looks[1].end is End.TIMED_OUT


def test_an_attempt_under_way_is_waited_for(api: Api, looks: list[Status | None]) -> None:
    """Its code is not there yet, and its end is the answer to the one who joined."""
    api.live.publish(Status(Phase.STARTING, attempt="first"))
    with ThreadPoolExecutor() as pool:
        sentence = pool.submit(api.refused, 502, "POST", LINK)
        until(lambda: len(looks) > 1, "the program to wait")
        api.live.publish(Status(Phase.UNLINKED, attempt="first", end=End.UNREACHABLE))
        assert sentence.result().startswith("WhatsApp can't be reached. No connection")
    assert api.live.take_request(0.01) is None


def test_a_code_is_not_asked_for_while_one_is_typed(api: Api) -> None:
    api.live.publish(Status(Phase.CODE, attempt="a", code="ABCD-1234", phone=PHONE))
    assert "pairing code is under way" in api.refused(409, "POST", LINK)
    assert api.live.take_request(0.01) is None


def test_an_attempt_that_succeeds_meanwhile(api: Api) -> None:
    def begin(request: Request) -> None:
        api.live.publish(Status(Phase.LINKED, connected=True, attempt=request.id, phone=PHONE))

    api.live.publish(IDLE)
    with worker(api.live, {"link": begin}):
        assert "linked already" in api.refused(409, "POST", LINK)


@pytest.mark.usefixtures("impatient")
def test_a_worker_that_does_not_answer(api: Api) -> None:
    api.live.publish(IDLE)
    assert "No QR code came" in api.refused(504, "POST", LINK)


# The pairing code ---------------------------------------------------------------------------


def test_a_pairing_code(api: Api) -> None:
    def begin(request: Request) -> None:
        api.live.publish(Status(Phase.STARTING, attempt=request.id))
        api.live.publish(scan(request))
        waiting = Status(Phase.CODE, attempt=request.id, phone=Phone(request.phone or ""))
        api.live.publish(replace(waiting, code="ABCD-1234"))

    api.live.publish(IDLE)
    with worker(api.live, {"code": begin}) as taken:
        assert api.post(CODE, {"phoneNumber": "+1 (555) 123-4567"}) == {"code": "ABCD-1234"}
    assert taken[0].phone == "+15551234567"


def test_a_code_for_another_number_is_not_returned(api: Api) -> None:
    def begin(request: Request) -> None:
        api.live.publish(Status(Phase.CODE, attempt=request.id, code="MINE-2222"))

    api.live.publish(Status(Phase.CODE, attempt="another", code="ELSE-1111"))
    with worker(api.live, {"code": begin}):
        assert api.post(CODE, NUMBER) == {"code": "MINE-2222"}


@pytest.mark.parametrize("number", ["", "5551234567", "0821234567", "+1", "+1555123456789012", 5])
def test_a_bad_number_asks_for_nothing(api: Api, number: object) -> None:
    api.live.publish(IDLE)
    assert api.refused(422, "POST", CODE, {"phoneNumber": number}).startswith("phoneNumber")
    assert api.live.take_request(0.01) is None


@pytest.mark.usefixtures("impatient")
def test_a_code_that_does_not_come(api: Api) -> None:
    api.live.publish(Status(Phase.CODE, attempt="another", code="ELSE-1111"))
    assert "No pairing code came" in api.refused(504, "POST", CODE, NUMBER)


# What both have in common --------------------------------------------------------------------


@pytest.mark.parametrize("end", End)
def test_every_end_has_its_sentence(api: Api, end: End) -> None:
    status, sentence = describe_end(end)
    assert sentence.startswith(f"{end.words.title}.") or status == 422

    def fail(request: Request) -> None:
        api.live.publish(Status(Phase.UNLINKED, attempt=request.id, end=end))

    api.live.publish(Status(Phase.UNLINKED, attempt="old", end=end))
    with worker(api.live, {"code": fail}):
        assert api.refused(status, "POST", CODE, NUMBER) == sentence


def test_a_number_that_whatsapp_refuses_is_named() -> None:
    status, sentence = describe_end(End.PHONE_TOO_SHORT)
    assert status == 422 and sentence.startswith("phoneNumber: The number is too short.")
    assert describe_end(End.RATE_LIMITED)[0] == 429 and describe_end(End.TIMED_OUT)[0] == 502


@pytest.mark.parametrize(("path", "body"), [(LINK, None), (CODE, NUMBER)])
def test_an_account_is_linked_once(api: Api, path: str, body: object) -> None:
    be_linked(api)
    api.live.publish(Status(Phase.LINKED, connected=True))
    assert "linked already" in api.refused(409, "POST", path, body)
    assert api.live.take_request(0.01) is None


@pytest.mark.parametrize(("path", "body"), [(LINK, None), (CODE, NUMBER), (UNLINK, None)])
def test_no_worker(api: Api, path: str, body: object) -> None:
    if path == UNLINK:
        be_linked(api)
    assert api.refused(503, "POST", path, body).startswith("The worker is not running")
    assert api.live.take_request(0.01) is None


# The status ------------------------------------------------------------------------------------


def test_the_status_of_an_attempt(api: Api) -> None:
    api.live.publish(Status(Phase.SCAN, attempt="a", qr="2@secret"))
    expected = {"linked": False, "phoneNumber": None, "phase": "scan", "connected": False}
    assert api.get(STATUS) == expected


def test_the_status_of_a_linked_account(api: Api) -> None:
    be_linked(api)
    api.live.publish(Status(Phase.LINKED, connected=True, phone=PHONE))
    linked = {"linked": True, "phoneNumber": "+15551234567", "phase": "linked", "connected": True}
    assert api.get(STATUS) == linked
    api.live.redis.flushall()
    assert api.get(STATUS) == linked | {"connected": False}


def test_the_status_without_anything(api: Api) -> None:
    expected = {"linked": False, "phoneNumber": None, "phase": "unlinked", "connected": False}
    assert api.get(STATUS) == expected


# Unlinking ---------------------------------------------------------------------------------------


def test_unlinking_waits_until_it_is_done(api: Api) -> None:
    def end(request: Request) -> None:
        with api.database.write() as connection:
            link.record_end(connection, End.UNLINKED_OFFLINE, api.services.now())

    be_linked(api)
    api.live.publish(Status(Phase.LINKED))
    with worker(api.live, {"unlink": end}):
        assert api.post(UNLINK) == {"unlinked": True}
    assert api.get(STATUS)["linked"] is False


@pytest.mark.usefixtures("impatient")
def test_unlinking_that_does_not_happen(api: Api) -> None:
    be_linked(api)
    api.live.publish(Status(Phase.LINKED))
    assert "has not unlinked" in api.refused(504, "POST", UNLINK)
    assert api.get(STATUS)["linked"] is True


def test_there_is_nothing_to_unlink(api: Api) -> None:
    api.live.publish(IDLE)
    assert api.refused(409, "POST", UNLINK) == "No account is linked."
    assert api.live.take_request(0.01) is None


@pytest.mark.usefixtures("impatient")
def test_who_asked_for_what_is_written_down(api: Api) -> None:
    api.live.publish(IDLE)
    api.refused(504, "POST", LINK)
    api.refused(504, "POST", CODE, NUMBER)
    be_linked(api)
    api.refused(504, "POST", UNLINK)
    with api.database.read() as connection:
        acts = [(act.actor, act.action, act.detail) for act in audit.list_acts(connection)]
    assert acts == [
        ("api:program", "asked to unlink", ""),
        ("api:program", "asked to code", "+15551234567"),
        ("api:program", "asked to link", ""),
    ]
