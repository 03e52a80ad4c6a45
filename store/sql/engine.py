"""The database, SQLite or PostgreSQL. Functions in this package take a `Connection` from here."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy import Connection, DateTime, Engine, Insert, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.schema import Table
from sqlalchemy.types import TypeDecorator

BUSY_TIMEOUT_MS = 10_000
_NUDGES = "after_commit"  # the execution option under which a transaction keeps them

Nudge = tuple[Callable[..., object], tuple[Any, ...]]

log = logging.getLogger(__name__)


class Instant(TypeDecorator[datetime]):
    """An aware datetime in UTC. SQLite has no zones: there it is stored without and read with."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no place in the database")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """One per process. Threads share it; each `read()` or `write()` is one transaction."""

    def __init__(self, url: str, *, pool_size: int = 10, durable: bool = True) -> None:
        """`durable`: what is committed survives a power cut, at the price of waiting for the disk.

        Without, a power cut may take back the last moments (the database stays whole either way).
        That is enough where the work would be done again: of what is lost, nothing was reported.
        PostgreSQL is always as durable as its own settings say.
        """
        self.engine = _make_engine(url, pool_size, durable)
        self._writer = self.engine.execution_options(writes=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that changes something: committed at the end, rolled back on an error.

        After the commit, in the same thread, runs what `after_commit` has taken down.
        """
        nudges: dict[Nudge, None] = {}  # in order, each once
        with self._writer.begin() as connection:
            yield connection.execution_options(**{_NUDGES: nudges})
        for nudge, arguments in nudges:
            try:
                nudge(*arguments)
            except RedisError as error:
                log.warning("Redis does not answer, a nudge is lost: %s", error)

    def close(self) -> None:
        self.engine.dispose()


def after_commit(connection: Connection, nudge: Callable[..., object], *arguments: Any) -> None:
    """Have `nudge(*arguments)` called once the transaction of this `Database.write` is committed;
    never if it is rolled back.

    Nudges run in the order in which they were taken down, the same one once. That Redis is out is
    logged and costs only a delay: whatever is nudged looks into SQL by itself from time to time.
    """
    nudges: dict[Nudge, None] = connection.get_execution_options()[_NUDGES]
    nudges[nudge, arguments] = None


def insert_new(connection: Connection, table: Table) -> Insert:
    """`INSERT ... ON CONFLICT DO NOTHING` in the words of either database; `rowcount` is 1 or 0.
    What to insert goes with `execute`, or with `values`, which is slower."""
    return _insert_new(connection.dialect.name, table)


@cache
def _insert_new(dialect_name: str, table: Table) -> Insert:
    dialect = postgresql if dialect_name == "postgresql" else sqlite
    statement: Insert = dialect.insert(table).on_conflict_do_nothing()
    # SQLAlchemy promises the count of an INSERT to those only who ask for it: psycopg's was -1.
    return statement.execution_options(preserve_rowcount=True)


def _make_engine(url: str, pool_size: int, durable: bool) -> Engine:
    """Its errors go into logs, so they do not quote values: those are what people wrote."""
    if make_url(url).get_backend_name() == "sqlite":
        return _make_sqlite_engine(url, pool_size, durable)
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _make_sqlite_engine(url: str, pool_size: int, durable: bool) -> Engine:
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(url, pool_size=pool_size, max_overflow=pool_size, hide_parameters=True)
    event.listen(engine, "connect", lambda connection, _: _prepare_sqlite(connection, durable))
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_postgresql(connection: Any, entry: ConnectionPoolEntry) -> None:
    """PostgreSQL's text can't hold U+0000, which a sender may put into a message and a model into
    an answer: it is left out, instead of the message."""
    from psycopg.types.string import StrDumperUnknown

    class WithoutNul(StrDumperUnknown):
        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\0", ""))

    connection.adapters.register_dumper(str, WithoutNul)


def _prepare_sqlite(connection: Any, durable: bool) -> None:
    """WAL lets the panel read while the worker writes; FULL keeps a commit through a power cut."""
    connection.isolation_level = None  # the driver's own BEGIN comes too late, see _begin_sqlite
    # SQLite's own knows the letters of ASCII only, and people look for Özgür.
    connection.create_function("lower", 1, _lower, deterministic=True)
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _lower(text: str | None) -> str | None:
    return None if text is None else str(text).lower()


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes the lock at once: one that starts as a reader can't wait for it later and
    fails with "database is locked" instead."""
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
