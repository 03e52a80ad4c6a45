"""The owner's settings, and their version."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection

from core.settings import Settings
from store import settings
from store.sql.engine import Database
from store.sql.tables import settings as table
from tests.store.rows import NOW, column, count, overlapping, together

WANTED = Settings(
    enabled=True,
    default_agent="finn",
    sticky_minutes=45,
    ack_emoji="👨‍👩‍👧‍👦",
    allow_all=True,
    keep_held_text=True,
    gather_ms=0,
)


def save(connection: Connection, wanted: Settings = WANTED) -> Settings:
    return settings.save(connection, wanted, NOW)


def test_before_the_first_save_the_defaults_rule(database: Database) -> None:
    with database.read() as connection:
        assert settings.load(connection) == Settings()


def test_what_is_saved_is_loaded(database: Database) -> None:
    with database.write() as connection:
        saved = save(connection)
    with database.read() as connection:
        assert settings.load(connection) == saved == replace(WANTED, version=1)


@pytest.mark.parametrize(
    "change", [{"default_agent": None}, {"ack_emoji": None}, {"enabled": False}, {"gather_ms": 600}]
)
def test_a_decision_can_be_taken_back(database: Database, change: dict[str, Any]) -> None:
    with database.write() as connection:
        save(connection)
        assert save(connection, replace(WANTED, **change)) == settings.load(connection)
        assert settings.load(connection) == replace(WANTED, version=2, **change)


def test_the_version_is_counted_here_whatever_the_caller_thinks(database: Database) -> None:
    with database.write() as connection:
        versions = [save(connection, replace(WANTED, version=v)).version for v in (7, 7, 0)]
        assert versions == [1, 2, 3]
        assert count(connection, table) == 1
        assert column(connection, table, "updated_at") == [NOW]


def test_every_save_gets_its_own_version(database: Database) -> None:
    saved = together(database, *[save] * 8)
    assert sorted(each.version for each in saved) == list(range(1, 9))


def test_a_save_waits_for_the_first_save_ever(database: Database) -> None:
    first, second = overlapping(database, save, save)
    assert (first.version, second.version) == (1, 2)


def test_a_save_that_fails_counts_for_nothing(database: Database) -> None:
    with pytest.raises(RuntimeError), database.write() as connection:
        save(connection)
        raise RuntimeError
    with database.write() as connection:
        assert settings.load(connection) == Settings()
        assert save(connection).version == 1
