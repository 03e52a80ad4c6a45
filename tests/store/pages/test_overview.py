"""What the first page counts."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Connection

from core.admission.allowlist import Pattern
from store import allowlist
from store.pages import overview
from store.pages.overview import Cost, Figure
from store.sql.engine import Database
from store.sql.tables import chats, messages, outbox, people, turns

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MIDNIGHT = NOW - timedelta(hours=12)
HOUR = timedelta(hours=1)


@pytest.fixture
def connection(database: Database):
    """A transaction with one person and their chat."""
    with database.write() as connection:
        add_person(connection, 1)
        connection.execute(chats.insert().values(id=1, person_id=1, address="x"))
        yield connection


def add_person(connection: Connection, person_id: int, **values: object) -> None:
    seen = {"push_name": "", "first_seen_at": NOW, "last_seen_at": NOW}
    connection.execute(people.insert().values(id=person_id, **seen, **values))


def arrive(connection: Connection, ago: timedelta, state: str, **values: object) -> None:
    row = {
        **{"account": "a", "chat": "c", "sender": "s", "message_id": f"{ago}{state}{values}"},
        **{"place": "direct", "kind": "text", "text": "", "push_name": "", "from_me": False},
        **{"raw": b"", "sent_at": NOW, "received_at": NOW - ago, "state": state},
    }
    connection.execute(messages.insert().values(**row | values))


def turn(
    connection: Connection, state: str, ago: timedelta, kind: str = "agent", **values: object
) -> None:
    row = {"chat_id": 1, "kind": kind, "state": state, "request": "", **values}
    instants = {"started_at": NOW - ago, "finished_at": NOW - ago}
    connection.execute(turns.insert().values(**row, **instants))


def send(connection: Connection, state: str, ago: timedelta) -> None:
    row = {"address": "x", "text": "", "state": state, "created_at": NOW - ago}
    sent_at = NOW - ago if state == "sent" else None
    connection.execute(outbox.insert().values(**row, sent_at=sent_at))


def counted(connection: Connection) -> overview.Counts:
    return overview.count(connection, NOW, MIDNIGHT)


def test_nothing_has_happened(connection: Connection) -> None:
    assert counted(connection) == overview.Counts(
        received=Figure(0, 0),
        sent=Figure(0, 0),
        failed_turns=Figure(0, 0),
        unsent=Figure(0, 0),
        cost=Cost(Decimal(), Decimal(), 0),
        median_seconds=None,
        by_hour=[0] * 24,
    )


def test_messages_of_the_last_day_are_counted_hour_by_hour(connection: Connection) -> None:
    for ago, state in [
        (HOUR / 2, "answered"),
        (HOUR / 3, "waiting"),
        (23.5 * HOUR, "failed"),
        (25 * HOUR, "answered"),
        (HOUR, "ignored"),
        (HOUR, "held"),
    ]:
        arrive(connection, ago, state)
    counts = counted(connection)
    assert counts.received == Figure(2, 3)
    assert counts.by_hour == [1, *[0] * 22, 2]


def test_replies_that_left(connection: Connection) -> None:
    for state, ago in [("sent", HOUR), ("sent", 25 * HOUR), ("queued", HOUR), ("failed", HOUR)]:
        send(connection, state, ago)
    assert counted(connection).sent == Figure(1, 1)


def test_failures_of_both_kinds(connection: Connection) -> None:
    for state in ("failed", "done", "running", "interrupted"):
        turn(connection, state, HOUR)
        turn(connection, state, 25 * HOUR)
    for state in ("failed", "unknown", "sent", "queued"):
        send(connection, state, HOUR)
    counts = counted(connection)
    assert counts.failed_turns == Figure(1, 1)
    assert counts.unsent == Figure(2, 2)
    assert counts.failed == Figure(3, 3)


def test_the_median_time_to_an_answer(connection: Connection) -> None:
    for seconds in (1, 2, 60):
        ago = timedelta(seconds=seconds + 100)
        answered_at = NOW - timedelta(seconds=100)
        arrive(connection, ago, "answered", answered_at=answered_at)
    assert counted(connection).median_seconds == 2


def test_only_an_agents_answer_is_talk(connection: Connection) -> None:
    turn(connection, "done", HOUR, kind="command")
    turn(connection, "failed", HOUR)
    assert not overview.has_talked(connection)
    turn(connection, "done", 100 * HOUR)
    assert overview.has_talked(connection)


def test_people_at_the_door_are_counted_once(connection: Connection) -> None:
    add_person(connection, 2)
    add_person(connection, 3, blocked_at=NOW)
    for person_id, ago in [(1, HOUR), (1, 2 * HOUR), (2, HOUR), (3, HOUR)]:
        arrive(connection, ago, "held", person_id=person_id)
    arrive(connection, HOUR, "ignored", person_id=1)
    assert overview.count_held(connection) == 2


def test_what_answers_cost(connection: Connection) -> None:
    for ago, cost in [(HOUR, "0.25"), (13 * HOUR, "0.5"), (25 * HOUR, "4"), (HOUR, None)]:
        dollars = Decimal(cost) if cost else None
        turn(connection, "done", ago, cost_usd=dollars, output_tokens=5)
    turn(connection, "done", HOUR, kind="command")
    assert counted(connection).cost == Cost(Decimal("0.25"), Decimal("0.75"), 1)


def test_a_day_that_began_more_than_24_hours_ago(connection: Connection) -> None:
    """When the clocks go back, one has 25 hours."""
    early = 24.5 * HOUR
    arrive(connection, early, "answered")
    turn(connection, "done", early, cost_usd=Decimal(1))
    counts = overview.count(connection, NOW, NOW - 25 * HOUR)
    assert counts.received == Figure(1, 0)
    assert (counts.cost.today, counts.cost.day) == (1, 0)


def test_chats_in_which_the_agent_is_silent(connection: Connection) -> None:
    for person_id, until in [(2, None), (3, NOW + HOUR), (4, NOW - HOUR)]:
        add_person(connection, person_id)
        paused = {"paused_at": NOW - 2 * HOUR, "paused_until": until}
        row = {"id": person_id, "person_id": person_id, "address": "x", **paused}
        connection.execute(chats.insert().values(row))
    assert overview.count_paused(connection, NOW) == 2


def test_whether_anybody_is_on_the_allowlist(connection: Connection) -> None:
    assert not overview.has_entries(connection)
    allowlist.add(connection, Pattern("*"), None, None, NOW)
    assert overview.has_entries(connection)
