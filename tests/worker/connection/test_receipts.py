"""Ticks: from receipts, in whatever order they come, to the rows of what was sent."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from store.chats import outbox
from store.sql import tables
from store.sql.engine import Database
from tests.worker.connection.library import Neonize_pb2, events
from tests.worker.world import START, Clock
from worker.connection import receipts
from worker.connection.receipts import UNKNOWN_FOR, WITHOUT_FOR, Receipt, Receipts
from worker.connection.whatsapp import WhatsApp

LATER = START + timedelta(minutes=5)


@pytest.fixture
def ticks(database: Database, clock: Clock) -> Receipts:
    return Receipts(database, clock)


def send(database: Database, wa_id: str) -> None:
    with database.write() as connection:
        (row,) = outbox.add(connection, address="a@lid", texts=["hi"], now=START)
        outbox.record_sent(connection, row, wa_id, START)


def row(database: Database, wa_id: str):
    table = tables.outbox
    with database.read() as connection:
        found = select(table).where(table.c.wa_id == wa_id)
        return connection.execute(found).mappings().one()


def test_two_ticks_then_blue_ones(database: Database, ticks: Receipts):
    send(database, "W1")
    send(database, "W2")
    ticks.add(Receipt(["W1", "W2"], is_read=False, at=START))
    ticks.write()
    assert row(database, "W1")["delivered_at"] == row(database, "W2")["delivered_at"] == START
    ticks.add(Receipt(["W1"], is_read=True, at=LATER))
    ticks.write()
    assert (row(database, "W1")["delivered_at"], row(database, "W1")["read_at"]) == (START, LATER)
    assert row(database, "W2")["read_at"] is None


def test_read_means_delivered_and_the_first_time_counts(database: Database, ticks: Receipts):
    send(database, "W1")
    ticks.add(Receipt(["W1"], is_read=True, at=START))
    ticks.add(Receipt(["W1"], is_read=False, at=LATER))
    ticks.add(Receipt(["W1"], is_read=True, at=LATER))
    ticks.write()
    assert (row(database, "W1")["delivered_at"], row(database, "W1")["read_at"]) == (START, START)


def test_a_receipt_may_be_here_before_the_id_is(database: Database, ticks: Receipts, clock: Clock):
    ticks.add(Receipt(["W1"], is_read=False, at=START))
    ticks.write()
    send(database, "W1")
    clock.advance(seconds=10)
    ticks.write()
    assert row(database, "W1")["delivered_at"] == START


def test_what_nobody_knows_is_forgotten(database: Database, ticks: Receipts, clock: Clock):
    ticks.add(Receipt(["W1"], is_read=False, at=START))
    ticks.write()
    clock.now += UNKNOWN_FOR
    ticks.write()
    send(database, "W1")
    ticks.write()
    assert row(database, "W1")["delivered_at"] is None


def test_a_database_that_is_away_costs_no_tick(database: Database, ticks: Receipts, monkeypatch):
    send(database, "W1")
    ticks.add(Receipt(["W1"], is_read=False, at=START))
    with monkeypatch.context() as away, pytest.raises(OSError):
        away.setattr(database, "write", _gone)
        ticks.write()
    ticks.write()
    assert row(database, "W1")["delivered_at"] == START


def _gone():
    raise OSError("the disk is full")


def test_after_an_accident_receipts_are_not_wanted_for_a_day(tmp_path: Path):
    assert receipts.are_wanted(tmp_path, START)
    assert not receipts.recognise_accident(tmp_path, "websocket not connected")
    assert receipts.are_wanted(tmp_path, START)
    error = "proto: required field neonize.Receipt.Type not set"
    assert receipts.recognise_accident(tmp_path, error)
    (mark,) = tmp_path.iterdir()
    os.utime(mark, (START.timestamp(), START.timestamp()))
    assert not receipts.are_wanted(tmp_path, START + WITHOUT_FOR)
    assert receipts.are_wanted(tmp_path, START + WITHOUT_FOR + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("kind", "from_me", "told"),
    [
        ("DELIVERED", False, [False]),
        ("INACTIVE", False, [False]),
        ("READ", False, [True]),
        ("PLAYED", False, [True]),
        ("RETRY", False, []),
        ("READ_SELF", False, []),
        ("SERVER_ERROR", False, []),
        ("READ", True, []),
    ],
)
def test_which_receipts_are_ticks(kind: str, from_me: bool, told: list[bool]):
    heard: list[Receipt] = []
    whatsapp = WhatsApp.__new__(WhatsApp)
    whatsapp._listener = type("Ear", (), {"on_receipt": staticmethod(heard.append)})()
    event = events.ReceiptEv(
        MessageSource=Neonize_pb2.MessageSource(IsFromMe=from_me),
        MessageIDs=["W1"],
        Timestamp=int(START.timestamp()),
        Type=events.ReceiptEv.ReceiptType.Value(kind),
    )
    whatsapp._on_receipt(event)
    assert [receipt.is_read for receipt in heard] == told
    assert all(receipt.at == START and receipt.ids == ["W1"] for receipt in heard)
