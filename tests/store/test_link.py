"""Who we are linked to, and the fence that keeps old connections out."""

from datetime import timedelta

import pytest
from redis import Redis
from sqlalchemy import Connection

from core.link import SESSION_ENDS, STOPPING_ENDS, End, Link
from store import link
from store.redis.live import Live
from store.sql.engine import Database
from tests.store.rows import ADA, BOB, NOW, overlapping, together, transact

LATER = NOW + timedelta(days=1)
LINKED = Link(phone=ADA, device_name="DjinnBot", linked_at=NOW)


def join(connection: Connection) -> None:
    link.record_link(connection, ADA, "DjinnBot", NOW)


def test_nobody_is_linked_at_first(database: Database) -> None:
    with database.read() as connection:
        assert link.load(connection) == Link()
        assert link.read_fence(connection) == 0


def test_linked(database: Database) -> None:
    with database.write() as connection:
        join(connection)
        assert link.load(connection) == LINKED


def test_the_same_account_again_keeps_its_date_and_its_name_may_change(database: Database) -> None:
    with database.write() as connection:
        join(connection)
        link.record_link(connection, ADA, "Another name", LATER)
        assert link.load(connection) == Link(ADA, "Another name", NOW)
        link.record_link(connection, BOB, "DjinnBot", LATER)
        assert link.load(connection) == Link(BOB, "DjinnBot", LATER)


@pytest.mark.parametrize("end", sorted(SESSION_ENDS))
def test_an_end_of_the_session_unlinks(database: Database, end: End) -> None:
    with database.write() as connection:
        join(connection)
        link.record_end(connection, end, LATER)
        assert link.load(connection) == Link(end=end, ended_at=LATER)
        link.record_link(connection, ADA, "DjinnBot", LATER)
        assert link.load(connection) == Link(ADA, "DjinnBot", LATER)


@pytest.mark.parametrize("end", sorted(STOPPING_ENDS))
def test_a_stop_keeps_the_account(database: Database, end: End) -> None:
    with database.write() as connection:
        join(connection)
        link.record_end(connection, end, LATER)
        stopped = link.load(connection)
        assert stopped.is_linked and (stopped.end, stopped.ended_at) == (end, LATER)
        join(connection)
        assert link.load(connection) == LINKED


def test_an_attempt_that_came_to_nothing_is_remembered(database: Database) -> None:
    with database.write() as connection:
        link.record_end(connection, End.TIMED_OUT, NOW)
        assert link.load(connection) == Link(end=End.TIMED_OUT, ended_at=NOW)


def test_linking_leaves_the_fence_alone(database: Database) -> None:
    with database.write() as connection:
        assert link.raise_fence(connection, 5) == 5
        join(connection)
        link.record_end(connection, End.UNLINKED_HERE, NOW)
        assert link.read_fence(connection) == 5


@pytest.mark.parametrize(
    ("floor", "token", "fence"), [(0, 1, 1), (7, 8, 8), (7, 20, 20), (7, 1, 8)]
)
def test_the_fence_only_rises(database: Database, floor: int, token: int, fence: int) -> None:
    with database.write() as connection:
        if floor:
            link.raise_fence(connection, floor)
        assert link.raise_fence(connection, token) == fence
        assert link.read_fence(connection) == fence


def test_no_two_connections_get_the_same_fence(database: Database, redis: Redis) -> None:
    live = Live(redis)
    tokens = together(database, *[lambda c: link.raise_fence(c, live.next_fence())] * 8)
    assert len(set(tokens)) == 8
    assert transact(database, link.read_fence) == max(tokens)


def test_a_redis_that_forgot_does_not_lower_the_fence(database: Database, redis: Redis) -> None:
    live = Live(redis)
    before = [transact(database, lambda c: link.raise_fence(c, live.next_fence())) for _ in "abc"]
    redis.flushall()
    after = [transact(database, lambda c: link.raise_fence(c, live.next_fence())) for _ in "abc"]
    assert before + after == [1, 2, 3, 4, 5, 6]


def test_the_first_two_fences_ever_at_once(database: Database) -> None:
    fences = overlapping(
        database, lambda c: link.raise_fence(c, 1), lambda c: link.raise_fence(c, 1)
    )
    assert fences == (1, 2)
