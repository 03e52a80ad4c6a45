"""How far what we sent has come."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from store.chats import outbox, receipts
from store.sql.engine import Database
from store.sql.tables import outbox as table
from tests.store.rows import NOW

LATER = NOW + timedelta(seconds=5)


def sent(connection: Connection, *wa_ids: str) -> None:
    rows = outbox.add(connection, address="ada", texts=wa_ids, now=NOW)
    for row, wa_id in zip(rows, wa_ids, strict=True):
        connection.execute(update(table).where(table.c.id == row).values(wa_id=wa_id))


def ticks(connection: Connection) -> Sequence[tuple[datetime | None, datetime | None]]:
    rows = connection.execute(select(table.c.delivered_at, table.c.read_at).order_by(table.c.id))
    return [(row.delivered_at, row.read_at) for row in rows]


def test_only_what_is_ours_and_named_gets_ticks(database: Database) -> None:
    with database.write() as connection:
        sent(connection, "A", "B", "C")
        assert receipts.record_delivery(connection, ["A", "B", "foreign"], NOW) == {"A", "B"}
        assert receipts.read(connection, {"B"}, LATER) == {"B"}
        assert ticks(connection) == [(NOW, None), (NOW, LATER), (None, None)]
        assert (
            receipts.record_delivery(connection, [], NOW)
            == receipts.read(connection, [], NOW)
            == set()
        )


def test_what_was_read_has_been_delivered(database: Database) -> None:
    with database.write() as connection:
        sent(connection, "A")
        receipts.read(connection, ["A"], LATER)
        assert ticks(connection) == [(LATER, LATER)]


def test_the_first_time_counts(database: Database) -> None:
    with database.write() as connection:
        sent(connection, "A")
        for at in (NOW, LATER):
            assert receipts.record_delivery(connection, ["A"], at) == {"A"}
            assert receipts.read(connection, ["A"], at) == {"A"}
        assert ticks(connection) == [(NOW, NOW)]
