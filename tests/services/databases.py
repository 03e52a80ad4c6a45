"""Empty, migrated databases, one for each test: copies of one that was migrated once."""

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from store import migrate
from store.db import Database

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


def postgres_template(server: str) -> str:
    """The name of the database to copy."""
    _execute(server, "CREATE DATABASE template")
    migrated(_named(server, "template"))
    return "template"


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
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()
