"""Bringing the database's tables up to what this version of the program expects."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from config import ROOT
from store.sql.engine import Database

ADVISORY_LOCK = 4_155_512_301  # any number will do that no other program uses on this database
POLL_SECONDS = 0.2


class NotMigrated(Exception):
    """The tables are not those of this version of the program."""


def make_alembic_config(connection: Connection | None = None) -> AlembicConfig:
    """Alembic's settings in code, so that no alembic.ini repeats what `config` knows.

    With a `connection` the commands work on it and leave the committing to its owner.
    """
    config = AlembicConfig()
    # The value is a format string to Alembic, and a path may have a % in it.
    config.set_main_option("script_location", str(ROOT / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(database: Database) -> None:
    """Run the migrations that are missing; none is the usual case. In one transaction, and one
    process at a time: others wait here and then find nothing left to do."""
    with _lock_migration(database), _rebuilding(database) as connection:
        command.upgrade(make_alembic_config(connection), "head")


@contextmanager
def _rebuilding(database: Database) -> Iterator[Connection]:
    """A transaction in which tables may be changed.

    SQLite changes a table by copying it and dropping the old one, and a drop deletes what refers
    to it. So references are not enforced until the end, but checked at the end. The switch has no
    effect inside a transaction, hence the driver's own connection.
    """
    with database.engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        is_sqlite = connection.dialect.name == "sqlite"
        if is_sqlite and driver:
            driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.execution_options(writes=True).begin():
                yield connection
                if is_sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                    raise NotMigrated("a migration would have broken references between tables")
        finally:
            if is_sqlite and driver:
                driver.execute("PRAGMA foreign_keys=ON")


def is_current(database: Database) -> bool:
    """Whether the tables are those that this version expects."""
    heads = set(ScriptDirectory.from_config(make_alembic_config()).get_heads())
    with database.read() as connection:
        return set(MigrationContext.configure(connection).get_current_heads()) == heads


def wait_current(database: Database, seconds: float = 60) -> None:
    """Return once the tables are there, for a process that starts beside the one that migrates.

    A database that does not answer yet is waited for as well. Raises `NotMigrated`, or the
    database's own error, after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            if is_current(database):
                return
            problem: Exception = NotMigrated("the database is not migrated: ./run migrate")
        except DBAPIError as error:
            problem = error
        if time.monotonic() > deadline:
            raise problem
        time.sleep(POLL_SECONDS)


@contextmanager
def _lock_migration(database: Database) -> Iterator[None]:
    if database.engine.dialect.name == "postgresql":
        with database.engine.connect() as connection:
            # Belongs to the connection, so it is gone with the process whatever happens to it.
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
            yield
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": ADVISORY_LOCK})
    elif database.engine.url.database in (None, "", ":memory:"):
        yield
    else:
        # SQLite's own lock would do for the migrating, but not for making the file and turning
        # its journal to WAL, which two processes can't do at the same moment.
        with Path(f"{database.engine.url.database}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
