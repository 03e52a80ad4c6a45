"""Messages that the database would not take, on the disk."""

import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import DataError, OperationalError

from core.messages.message import Inbound, Kind, Place
from core.phone import Phone
from worker.connection.spool import Spool

FIRST = Inbound(
    account="15550009999",
    chat="100000000000001@lid",
    sender="100000000000001@lid",
    message_id="A1",
    place=Place.DIRECT,
    kind=Kind.TEXT,
    text="hällo\n🙂\r and \u2028 more",
    sent_at=datetime(2026, 1, 1, tzinfo=UTC),
    phone=Phone("+15550000001"),
    lid="100000000000001@lid",
    push_name="Alice",
    quoted_id="A0",
    quoted_text="what?",
    raw=bytes(range(256)),
)
SECOND = replace(FIRST, message_id="A2", phone=None, kind=Kind.REACTION, target_id="A1", raw=b"")
THIRD = replace(FIRST, message_id="A3", from_me=True, sent_at=FIRST.sent_at + timedelta(hours=1))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.jsonl"


@pytest.fixture
def spool(path: Path) -> Spool:
    spool = Spool(path)
    for inbound in (FIRST, SECOND, THIRD):
        spool.add(inbound)
    return spool


def taken(spool: Spool) -> list[Inbound]:
    stored: list[Inbound] = []
    assert spool.replay(stored.append) == len(stored)
    return stored


def test_they_come_back_as_they_were_and_in_order(spool: Spool):
    assert taken(spool) == [FIRST, SECOND, THIRD]


def test_they_come_back_once(spool: Spool, path: Path):
    taken(spool)
    assert taken(spool) == [] and not path.exists()


def test_another_process_finds_them(spool: Spool, path: Path):
    assert taken(Spool(path)) == [FIRST, SECOND, THIRD]


def test_only_the_owner_can_read_them(spool: Spool, path: Path):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_line_that_a_crash_cut_short_is_left_out(spool: Spool, path: Path):
    path.write_bytes(path.read_bytes()[:-40])
    assert taken(spool) == [FIRST, SECOND]


def test_a_line_that_was_cut_short_does_not_take_the_next_one_with_it(spool: Spool, path: Path):
    path.write_bytes(path.read_bytes()[:-40])
    spool.add(THIRD)
    assert taken(spool) == [FIRST, SECOND, THIRD]


def test_while_the_database_is_away_they_stay(spool: Spool):
    stored: list[Inbound] = []

    def store(inbound: Inbound) -> None:
        if len(stored) == 1:
            raise OperationalError("INSERT", {}, Exception("database is locked"))
        stored.append(inbound)

    with pytest.raises(OperationalError):
        spool.replay(store)
    assert taken(spool) == [FIRST, SECOND, THIRD]


def test_one_that_no_database_takes_does_not_hold_up_the_others(spool: Spool):
    stored: list[Inbound] = []

    def store(inbound: Inbound) -> None:
        if inbound.message_id == "A2":
            raise DataError("INSERT", {}, Exception("value too long"))
        stored.append(inbound)

    assert spool.replay(store) == 2
    assert stored == [FIRST, THIRD]
    assert taken(spool) == []
    assert taken(Spool(spool.refused)) == [SECOND]


def test_a_disk_that_takes_nothing_is_said(tmp_path: Path):
    with pytest.raises(OSError):
        Spool(tmp_path / "no such folder" / "spool.jsonl").add(FIRST)
