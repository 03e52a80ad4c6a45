"""How the database and Redis are, and how much waits in them. Read-only."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from redis import Redis
from sqlalchemy import ColumnElement, Connection, Table, func, not_, select, text

from core.states import ON_THE_WAY, OPEN, MessageState
from store.chats import takeovers
from store.redis.queue import Turns
from store.sql.tables import allowlist, chats, messages, outbox, people


@dataclass(frozen=True)
class DatabaseHealth:
    """What the database is and how it does."""

    name: str
    version: str
    bytes: int
    seconds: float  # how long the smallest question takes there and back
    migration: str


@dataclass(frozen=True)
class RedisHealth:
    """What the Redis server is and how it does."""

    name: str
    version: str
    bytes: int
    seconds: float
    queue: int  # chats that wait for a process that answers


@dataclass(frozen=True)
class Backlog:
    """Things that wait and should not wait long."""

    count: int
    since: datetime | None  # the oldest waits since then


def read_database(connection: Connection) -> DatabaseHealth:
    begun = time.perf_counter()
    connection.execute(text("SELECT 1")).scalar()
    seconds = time.perf_counter() - begun
    if connection.dialect.name == "sqlite":
        name, version, size = "SQLite", _SQLITE_VERSION, _SQLITE_BYTES
    else:
        name, version, size = "PostgreSQL", _POSTGRESQL_VERSION, _POSTGRESQL_BYTES
    return DatabaseHealth(
        name=name,
        version=str(connection.execute(text(version)).scalar()).split()[0],
        bytes=int(connection.execute(text(size)).scalar() or 0),
        seconds=seconds,
        migration=str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar()),
    )


def read_redis(redis: Redis) -> RedisHealth:
    """Raises redis-py's errors when it does not answer."""
    begun = time.perf_counter()
    redis.ping()
    seconds = time.perf_counter() - begun
    info = cast(Mapping[str, Any], redis.info())
    is_valkey = "valkey_version" in info
    return RedisHealth(
        name="Valkey" if is_valkey else "Redis",
        version=str(info["valkey_version" if is_valkey else "redis_version"]),
        bytes=int(info["used_memory"]),
        seconds=seconds,
        queue=Turns(redis).queue.count,
    )


def count_undecided(connection: Connection) -> Backlog:
    """Messages that came in, and about which the connection process has not decided."""
    return _count_backlog(connection, messages, messages.c.state == MessageState.RECEIVED)


def count_unanswered(connection: Connection, now: datetime) -> Backlog:
    """Messages that wait for their answer, but for those in chats that the owner has paused."""
    talking = select(chats.c.id).where(not_(takeovers.is_active(now)))
    waiting = messages.c.state.in_(OPEN)
    return _count_backlog(connection, messages, waiting & messages.c.chat_id.in_(talking))


def count_unsent(connection: Connection) -> Backlog:
    """Replies on their way out."""
    waiting = outbox.c.state.in_(ON_THE_WAY)
    return _count_backlog(connection, outbox, waiting)


def list_names(connection: Connection) -> Sequence[str]:
    """What people call themselves, and what the owner calls them: not to be shown to others."""
    own = select(people.c.push_name).distinct()
    given = select(allowlist.c.label).where(allowlist.c.label.is_not(None)).distinct()
    return [*connection.scalars(own), *connection.scalars(given)]


def _count_backlog(connection: Connection, table: Table, condition: ColumnElement[bool]) -> Backlog:
    instant = table.c.created_at if table is outbox else table.c.received_at
    row = connection.execute(select(func.count(), func.min(instant)).where(condition)).one()
    return Backlog(row[0], row[1])


_SQLITE_VERSION = "SELECT sqlite_version()"
_SQLITE_BYTES = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
_POSTGRESQL_VERSION = "SHOW server_version"
_POSTGRESQL_BYTES = "SELECT pg_database_size(current_database())"
