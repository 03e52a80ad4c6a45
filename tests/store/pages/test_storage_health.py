"""How the database and Redis are, and what waits in them."""

from datetime import timedelta

import pytest
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Connection, update

from core.admission.allowlist import Pattern
from core.states import MessageState
from store import allowlist
from store.chats import messages, outbox
from store.pages import storage_health
from store.pages.storage_health import Backlog
from store.redis import valkey
from store.redis.queue import Turns
from store.sql.engine import Database
from store.sql.tables import chats
from tests.store.rows import ADA, BOB, NOW, chat_with, inbound, write

MINUTE = timedelta(minutes=1)


@pytest.fixture
def connection(database: Database):
    with database.write() as connection:
        yield connection


def test_the_database(connection: Connection) -> None:
    found = storage_health.read_database(connection)
    assert found.name in ("SQLite", "PostgreSQL")
    assert found.version[0].isdigit() and " " not in found.version
    assert found.bytes > 100_000 and found.seconds > 0
    assert found.migration.startswith("0")


def test_redis(redis: Redis) -> None:
    Turns(redis).nudge(7)
    found = storage_health.read_redis(redis)
    assert found.name in ("Valkey", "Redis") and found.version[0].isdigit()
    assert found.bytes > 100_000 and found.seconds > 0
    assert found.queue == 1


def test_redis_that_is_away() -> None:
    with pytest.raises(RedisError):
        storage_health.read_redis(valkey.connect("unix:///nowhere/valkey.sock"))


def test_nothing_waits(connection: Connection) -> None:
    nothing = Backlog(0, None)
    assert (
        storage_health.count_undecided(connection)
        == nothing
        == storage_health.count_unsent(connection)
    )
    assert storage_health.count_unanswered(connection, NOW) == nothing


def test_what_waits_and_since_when(connection: Connection) -> None:
    chat = chat_with(connection)
    write(connection, chat, "A", now=NOW)
    write(connection, chat, "B", MessageState.ANSWERING, now=NOW + MINUTE)
    write(connection, chat, "C", MessageState.ANSWERED, now=NOW - MINUTE)
    messages.receive(connection, inbound("D"), NOW + 2 * MINUTE)
    outbox.add(connection, address="x", texts=["1", "2"], now=NOW + 3 * MINUTE)
    assert storage_health.count_unanswered(connection, NOW) == Backlog(2, NOW)
    assert storage_health.count_undecided(connection) == Backlog(1, NOW + 2 * MINUTE)
    assert storage_health.count_unsent(connection) == Backlog(2, NOW + 3 * MINUTE)


def test_what_the_owner_has_paused_is_not_late(connection: Connection) -> None:
    for phone, message, until in [(ADA, "A", None), (BOB, "B", NOW + MINUTE)]:
        chat = chat_with(connection, phone)
        write(connection, chat, message)
        paused = {"paused_at": NOW, "paused_until": until}
        connection.execute(update(chats).where(chats.c.id == chat.id).values(paused))
    assert storage_health.count_unanswered(connection, NOW).count == 0
    assert storage_health.count_unanswered(connection, NOW + 2 * MINUTE).count == 1


def test_names_are_those_of_people_and_those_that_the_owner_gave(connection: Connection) -> None:
    chat_with(connection)
    allowlist.add(connection, Pattern("*"), "The family", None, NOW)
    allowlist.add(connection, Pattern("+1555*"), None, None, NOW)
    assert set(storage_health.list_names(connection)) == {"Somebody", "The family"}
