"""Empty, migrated databases, one for each test: copies of one that was migrated once, or that one,
emptied."""

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, make_url, text

from store.sql import migrate
from store.sql.engine import Database

_numbers = itertools.count()


def migrated(url: str) -> None:
    """Bring the database at `url` up to date and leave it."""
    database = Database(url)
    try:
        migrate.upgrade(database)
    finally:
        database.close()


def sqlite_template(folder: Path) -> Path:
    path = folder / "template.db"
    migrated(f"sqlite:///{path}")
    return path


@contextmanager
def sqlite_copy(template: Path, folder: Path) -> Iterator[str]:
    path = folder / "test.db"
    shutil.copyfile(template, path)
    yield f"sqlite:///{path}"


class Emptied:
    """A migrated PostgreSQL database that the tests have one after the other, since to make one
    takes as long as many tests. It is made anew when one of them has changed its tables."""

    def __init__(self, server: str) -> None:
        self._server = server
        self.url = _named(server, "emptied")
        _execute(server, "CREATE DATABASE template")
        migrated(_named(server, "template"))
        self._make()

    def empty(self) -> None:
        with _connected(self.url) as connection:
            connection.execute(text(LEAVE))
            if is_same := connection.scalar(text(TABLES)) == self._tables:
                connection.execute(text(EMPTY))
        if not is_same:
            _execute(self._server, "DROP DATABASE emptied WITH (FORCE)")
            self._make()

    def _make(self) -> None:
        _execute(self._server, "CREATE DATABASE emptied TEMPLATE template")
        with _connected(self.url) as connection:
            self._tables = connection.scalar(text(TABLES))
            connection.execute(text(KEEP))


# Whoever is still connected.
LEAVE = """
SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
TABLES = """
SELECT string_agg(concat(oid, relname, relnatts), ' ' ORDER BY oid) FROM pg_class
WHERE relnamespace = 'public'::regnamespace
"""
# The rows that the migrations put into their tables.
KEEP = """
CREATE SCHEMA kept;
DO $$ DECLARE name text; filled bool; BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', name) INTO filled;
    IF filled THEN EXECUTE format('CREATE TABLE kept.%I AS TABLE public.%I', name, name); END IF;
  END LOOP;
END $$
"""
EMPTY = """
DO $$ DECLARE name text; filled bool; BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', name) INTO filled;
    IF filled OR EXISTS (
      SELECT FROM pg_depend JOIN pg_class s ON s.oid = objid
      WHERE refobjid = format('public.%I', name)::regclass
        AND CASE WHEN s.relkind = 'S' THEN pg_sequence_last_value(s.oid) END IS NOT NULL
    ) THEN
      EXECUTE format('TRUNCATE public.%I RESTART IDENTITY CASCADE', name);
    END IF;
  END LOOP;
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'kept' LOOP
    EXECUTE format('INSERT INTO public.%I TABLE kept.%I', name, name);
  END LOOP;
END $$
"""


@contextmanager
def postgres_copy(server: str, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    _execute(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield _named(server, name)
    finally:
        _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def _named(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _execute(server: str, statement: str) -> None:
    with _connected(server) as connection:
        connection.execute(text(statement))


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
