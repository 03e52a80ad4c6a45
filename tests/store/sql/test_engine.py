"""Transactions and instants, on both databases."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError, StatementError

from store import link
from store.chats import messages
from store.sql.engine import Database, after_commit, insert_new
from store.sql.tables import audit, chats, favourite_models
from store.sql.tables import messages as messages_table
from tests.store.rows import NOW, column, count, inbound, together

INDIA = timezone(timedelta(hours=5, minutes=30))


def test_a_naive_instant_is_refused(database: Database) -> None:
    act = insert(audit).values(at=datetime(2026, 3, 1), actor="a", action="b", detail="")
    with pytest.raises(StatementError, match="naive"), database.write() as connection:
        connection.execute(act)


@pytest.mark.parametrize(
    "instant",
    [NOW, NOW.astimezone(INDIA), datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)],
)
def test_an_instant_comes_back_in_utc(database: Database, instant: datetime) -> None:
    with database.write() as connection:
        connection.execute(insert(audit).values(at=instant, actor="a", action="b", detail=""))
    with database.read() as connection:
        [stored] = connection.scalars(select(audit.c.at))
    assert stored == instant
    assert stored.tzinfo is UTC


def test_instants_compare_in_the_database(database: Database) -> None:
    for second in (1, 2, 3):
        act = {"at": NOW + timedelta(seconds=second), "actor": "a", "action": "b", "detail": ""}
        with database.write() as connection:
            connection.execute(insert(audit).values(act))
    border = (NOW + timedelta(seconds=2)).astimezone(INDIA)
    with database.read() as connection:
        assert len(list(connection.scalars(select(audit.c.id).where(audit.c.at >= border)))) == 2


def test_an_error_takes_everything_back(database: Database) -> None:
    with pytest.raises(RuntimeError), database.write() as connection:
        connection.execute(insert(favourite_models).values(position=0, model="demo/echo"))
        raise RuntimeError
    with database.read() as connection:
        assert count(connection, favourite_models) == 0


def test_rows_need_what_they_point_to(database: Database) -> None:
    nobody = insert(chats).values(person_id=99, address="nowhere")
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(nobody)


def test_what_is_there_is_not_inserted_again(database: Database) -> None:
    for expected in (1, 0):
        with database.write() as connection:
            values = {"position": expected, "model": "demo/echo"}
            done = connection.execute(insert_new(connection, favourite_models).values(values))
            assert done.rowcount == expected


def test_text_that_one_database_refuses_costs_no_message(database: Database) -> None:
    """Anybody may put U+0000 into a message; PostgreSQL's text can't hold it."""
    odd = inbound(text="a\0b", push_name="\0", quoted_text="\0\0")
    with database.write() as connection:
        assert messages.receive(connection, odd, NOW)
        [stored] = column(connection, messages_table, "text")
    assert stored.replace("\0", "") == "ab"


def test_writers_wait_for_each_other(sqlite_database: Database) -> None:
    """On SQLite a transaction that reads before it writes must hold the lock from the start."""

    def raise_by_one(connection) -> None:
        floor = link.read_fence(connection)
        connection.execute(update(link.table).values(fence=floor + 1))

    with sqlite_database.write() as connection:
        link.raise_fence(connection, 0)
    for _ in range(5):
        together(sqlite_database, *[raise_by_one] * 4)
    with sqlite_database.read() as connection:
        assert link.read_fence(connection) == 21


def test_a_reader_is_not_held_up_by_a_writer(database: Database) -> None:
    with database.write() as writer:
        writer.execute(insert(favourite_models).values(position=0, model="demo/echo"))
        with database.read() as reader:
            assert count(reader, favourite_models) == 0
    with database.read() as reader:
        assert count(reader, favourite_models) == 1


def test_a_commit_survives_a_power_cut(sqlite_database: Database) -> None:
    pragmas = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}
    with sqlite_database.read() as connection:
        for pragma, value in pragmas.items():
            assert connection.execute(text(f"PRAGMA {pragma}")).scalar() == value


def test_the_folder_of_a_new_database_is_made_for_us_alone(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new' / 'x.db'}")
    with database.write() as connection:
        connection.execute(text("CREATE TABLE t (i INT)"))
    database.close()
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def test_nudges_run_once_after_the_commit_and_in_order(database: Database) -> None:
    seen: list[tuple[str, int]] = []

    def look(name: str) -> None:
        with database.read() as connection:
            seen.append((name, count(connection, audit)))

    act = {"at": NOW, "actor": "a", "action": "b", "detail": ""}
    with database.write() as connection:
        for name in ("first", "second", "first"):
            after_commit(connection, look, name)
        connection.execute(insert(audit).values(act))
    assert seen == [("first", 1), ("second", 1)]
    with database.write() as connection:
        pass  # nothing is left of the transaction before
    assert len(seen) == 2


def test_nothing_is_nudged_after_a_rollback(database: Database) -> None:
    seen: list[str] = []
    with pytest.raises(RuntimeError), database.write() as connection:
        after_commit(connection, seen.append, "x")
        raise RuntimeError
    assert seen == []


def test_a_nudge_that_redis_loses_holds_up_no_other(sqlite_database: Database) -> None:
    seen: list[str] = []

    def lose() -> None:
        raise RedisConnectionError("away")

    with sqlite_database.write() as connection:
        after_commit(connection, lose)
        after_commit(connection, seen.append, "x")
    assert seen == ["x"]


def test_only_what_writes_has_something_to_nudge_for(sqlite_database: Database) -> None:
    with sqlite_database.read() as connection, pytest.raises(KeyError):
        after_commit(connection, print)
