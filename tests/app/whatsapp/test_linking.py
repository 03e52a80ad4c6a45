"""Which screen of the wizard is shown when. No services: values in, a screen out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.web.process_health import ProcessHealth
from app.whatsapp.linking import Kind, Question, Screen, choose_screen
from core.link import End, Link, Phase, Status
from core.phone import Phone
from store.redis.live import Heartbeat

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PHONE = Phone("+15551234567")
LINKED = Link(phone=PHONE, device_name="DjinnBot", linked_at=NOW)
WORKER = Heartbeat("w", "here", 1, 0.0, holder=True)
ASKED = Question("link", "a1", NOW - timedelta(seconds=3))


def see(
    status: Status | None,
    link: Link = Link(),  # noqa: B008 - frozen
    question: Question | None = None,
    workers: tuple[Heartbeat, ...] = (WORKER,),
    since: datetime = NOW,
) -> Screen:
    return choose_screen(ProcessHealth(status=status, workers=workers), link, question, since, NOW)


@pytest.mark.parametrize(
    ("status", "link", "kind", "poll"),
    [
        (Status(Phase.UNLINKED), Link(), Kind.UNLINKED, None),
        (Status(Phase.STARTING), Link(), Kind.STARTING, 2),
        (Status(Phase.SCAN, qr="x", number=1, of=6), Link(), Kind.SCAN, 2),
        (Status(Phase.CODE, code="ABCD-EFGH"), Link(), Kind.CODE, 2),
        (Status(Phase.FINISHING), Link(), Kind.FINISHING, 2),
        (Status(Phase.LINKED, connected=True), LINKED, Kind.CONNECTED, 5),
        (Status(Phase.LINKED), LINKED, Kind.RECONNECTING, 5),
        (Status(Phase.LINKED, end=End.REPLACED), LINKED, Kind.STOPPED, 5),
        (Status(Phase.LINKED, end=End.BANNED), LINKED, Kind.STOPPED, 5),
        # SQL and the worker are a moment apart: look again soon.
        (Status(Phase.LINKED, connected=True), Link(), Kind.UNLINKED, 2),
        (Status(Phase.LINKED), Link(), Kind.RECONNECTING, 2),
        (Status(Phase.UNLINKED), LINKED, Kind.RECONNECTING, 2),
    ],
)
def test_each_phase_has_its_screen(status: Status, link: Link, kind: Kind, poll: int) -> None:
    screen = see(status, link)
    assert (screen.kind, screen.poll) == (kind, poll)


def test_an_attempt_that_ended_says_why_and_stops_looking() -> None:
    screen = see(Status(Phase.UNLINKED, end=End.PASSKEY))
    assert (screen.kind, screen.end, screen.poll) == (Kind.UNLINKED, End.PASSKEY, None)


def test_after_a_restart_sql_knows_why_there_is_no_link() -> None:
    link = Link(end=End.REMOVED_ON_PHONE, ended_at=NOW)
    assert see(Status(Phase.UNLINKED), link).end is End.REMOVED_ON_PHONE


def test_an_old_end_is_not_the_reason_while_the_worker_connects_again() -> None:
    link = replace(LINKED, end=End.REPLACED, ended_at=NOW)
    assert see(Status(Phase.LINKED), link).kind is Kind.RECONNECTING


def test_a_click_is_seen_to_be_waiting_for_the_worker() -> None:
    screen = see(Status(Phase.UNLINKED, end=End.TIMED_OUT, attempt="a0"), question=ASKED)
    assert (screen.kind, screen.poll) == (Kind.ASKING, 1)


def test_a_click_that_nobody_takes_is_told_after_thirty_seconds() -> None:
    old = replace(ASKED, at=NOW - timedelta(seconds=31))
    screen = see(Status(Phase.UNLINKED), question=old)
    assert (screen.kind, screen.poll) == (Kind.UNANSWERED, None)


def test_an_address_from_the_future_does_not_wait_for_ever() -> None:
    assert see(None, question=replace(ASKED, at=NOW + timedelta(days=99))).poll is None
    assert see(None, workers=(), since=NOW + timedelta(days=99)).poll is None


@pytest.mark.parametrize(
    ("wish", "status", "link"),
    [
        ("link", Status(Phase.STARTING, attempt="a1"), Link()),
        ("code", Status(Phase.UNLINKED, attempt="a1", end=End.RATE_LIMITED), Link()),
        ("link", Status(Phase.LINKED, connected=True), LINKED),
        ("cancel", Status(Phase.UNLINKED, end=End.CANCELLED), Link()),
        ("unlink", Status(Phase.UNLINKED, end=End.UNLINKED_HERE), Link()),
        ("take_over", Status(Phase.LINKED), LINKED),
    ],
)
def test_what_counts_as_an_answer(wish: str, status: Status, link: Link) -> None:
    assert see(status, link, Question.read(wish, "a1", NOW)).kind is not Kind.ASKING


@pytest.mark.parametrize(
    ("wish", "status", "link"),
    [
        ("link", Status(Phase.SCAN, attempt="a0", qr="x"), Link()),
        ("cancel", Status(Phase.SCAN, attempt="a0", qr="x"), Link()),
        ("unlink", Status(Phase.LINKED, connected=True), LINKED),
        ("take_over", Status(Phase.LINKED, end=End.REPLACED), LINKED),
        ("take_over", None, LINKED),
    ],
)
def test_what_does_not(wish: str, status: Status | None, link: Link) -> None:
    assert see(status, link, Question.read(wish, "a1", NOW)).kind is Kind.ASKING


@pytest.mark.parametrize(
    ("wish", "attempt", "at"),
    [(None, "a", NOW), ("link", None, NOW), ("link", "a", None), ("dance", "a", NOW)],
)
def test_half_a_question_is_none(wish: str | None, attempt: str | None, at: datetime) -> None:
    assert Question.read(wish, attempt, at) is None


def test_a_missing_worker_is_looked_for_for_two_minutes() -> None:
    assert see(None, workers=()).kind is Kind.NO_WORKER
    assert see(None, workers=(), since=NOW - timedelta(seconds=119)).poll == 5
    assert see(None, workers=(), since=NOW - timedelta(seconds=121)).poll is None


def test_workers_without_a_holder_are_waiting() -> None:
    assert see(None, workers=(replace(WORKER, holder=False),)).kind is Kind.STANDBY


def test_without_redis_nobody_is_asked() -> None:
    assert choose_screen(ProcessHealth(redis=False), LINKED, ASKED, NOW, NOW).kind is Kind.NO_REDIS


def test_the_fingerprint_follows_what_is_seen_and_hides_the_secrets() -> None:
    first = Status(Phase.SCAN, attempt="a", qr="secret one", number=1, of=6, expires_at=NOW)
    assert see(first).fingerprint == see(replace(first, qr="secret two")).fingerprint
    assert see(first).fingerprint != see(replace(first, number=2)).fingerprint
    assert see(first).fingerprint != see(replace(first, expires_at=None)).fingerprint


def test_a_code_shows_how_long_it_lived_from_the_start() -> None:
    assert see(Status(Phase.SCAN, qr="x", number=1, of=6)).lifetime == 60
    assert see(Status(Phase.SCAN, qr="x", number=2, of=6)).lifetime == 20
    assert see(Status(Phase.CODE, code="ABCD-EFGH")).lifetime == 160


def test_every_screen_has_its_words():
    assert all(str(kind.words.title) for kind in Kind)


def test_where_nothing_is_under_way_the_title_says_why():
    unlinked, stopped = Kind.UNLINKED, Kind.STOPPED
    assert Screen(unlinked, Link()).words == unlinked.words
    words = Screen(unlinked, Link(), end=End.TIMED_OUT).words
    assert (words.title, words.colour) == (End.TIMED_OUT.words.title, "orange")
    words = Screen(stopped, Link(), end=End.REPLACED).words
    assert (words.title, words.colour) == (End.REPLACED.words.title, "red")
    assert Screen(Kind.RECONNECTING, Link(), end=End.CRASHED).words == Kind.RECONNECTING.words
