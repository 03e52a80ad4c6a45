"""What programs asked to have sent."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, update

from core.states import PieceState
from store.account import api_keys
from store.chats import outbox, sends
from store.chats.sends import Send, fingerprint
from store.sql.engine import Database
from store.sql.tables import api_keys as keys_table
from store.sql.tables import outbox as table
from tests.store.rows import NOW, column, overlapping, transact


def a_key(connection: Connection, name: str = "program") -> int:
    api_keys.create(connection, name, [], NOW)
    return int(column(connection, keys_table, "id")[-1])


def begin(connection: Connection, key: int | None = None, name: str | None = None) -> int | None:
    facts = {"agent": "finn", "address": "ada", "digest": "d", "now": NOW}
    return sends.begin(connection, **facts, api_key_id=key, idempotency_key=name)  # type: ignore[arg-type]


def test_a_key_is_taken_once_by_each_program(database: Database) -> None:
    with database.write() as connection:
        one, other = a_key(connection), a_key(connection, "other")
        first = begin(connection, one, "k")
        assert first and begin(connection, one, "k") is None
        assert begin(connection, other, "k") not in (first, None)
        assert begin(connection, one, "another") not in (first, None)
        assert sends.find(connection, one, "k") == Send(first, "finn", "d")
        assert sends.find(connection, one, "unknown") is None
        assert sends.find(connection, other, "another") is None


def test_without_a_key_each_is_a_send_of_its_own(database: Database) -> None:
    with database.write() as connection:
        key = a_key(connection)
        assert len({begin(connection, key), begin(connection, key), begin(connection)}) == 3


def test_who_comes_second_waits_and_sends_nothing(database: Database) -> None:
    key = transact(database, a_key)
    first, second = overlapping(
        database, lambda each: begin(each, key, "k"), lambda each: begin(each, key, "k")
    )
    assert first and second is None


def test_the_same_facts_have_the_same_fingerprint() -> None:
    assert fingerprint("finn", "Hi", True) == fingerprint("finn", "Hi", True)
    different = {fingerprint("a", "b"), fingerprint("ab", ""), fingerprint("a"), fingerprint()}
    assert len(different) == 4


@pytest.mark.parametrize(
    ("parts", "state"),
    [
        ("queued queued", PieceState.QUEUED),
        ("sent sent", PieceState.SENT),
        ("sent queued", PieceState.SENDING),
        ("sending queued", PieceState.SENDING),
        ("sent failed", PieceState.FAILED),
        ("unknown sent", PieceState.UNKNOWN),
        ("unknown failed", PieceState.FAILED),
    ],
)
def test_the_worst_part_tells_of_the_whole(
    database: Database, parts: str, state: PieceState
) -> None:
    with database.write() as connection:
        send = begin(connection)
        assert send
        rows = outbox.add(connection, address="ada", texts=["1", "2"], now=NOW, send_id=send)
        outbox.add(connection, address="ada", texts=["not of it"], now=NOW)
        for row, each in zip(rows, parts.split(), strict=True):
            values = {"state": each, "error": f"because {each}"}
            if each == "sent":
                values |= {"sent_at": NOW + timedelta(seconds=row)}  # type: ignore[dict-item]
            connection.execute(update(table).where(table.c.id == row).values(values))
        found = sends.read_progress(connection, send)
    assert found and (found.id, found.agent, len(found.parts)) == (send, "finn", 2)
    assert found.state == state
    assert found.sent_at == (NOW + timedelta(seconds=rows[1]) if parts == "sent sent" else None)
    has_such_part = state in parts.split()
    assert found.error == (f"because {state}" if has_such_part else None)


def test_there_is_no_such_send(database: Database) -> None:
    with database.read() as connection:
        assert sends.read_progress(connection, 99) is None
