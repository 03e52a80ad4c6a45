"""What runs in the connection process, around a client that does as the test says."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from config import Config
from core.link import FIRST_QR, NEXT_QR, End
from core.phone import Phone
from store.sql.engine import Database
from tests.store.rows import inbound
from tests.waiting import until
from tests.worker.connection import library  # noqa: F401  before any other import of neonize
from worker.connection import process as process_module
from worker.connection import whatsapp
from worker.connection.errors import PairingRefused
from worker.connection.process import DEVICE_NAME, ConnectionRunner, Mode
from worker.ipc import PipeEvent, PipeWriter, Report

NUMBER = Phone("+15550009999")


@dataclass
class Client:
    """In the place of `worker.connection.whatsapp.WhatsApp`."""

    phone: Phone | None = NUMBER
    refusal: PairingRefused | None = None
    has_drained: bool = False
    has_logged_out: bool = False

    def pair(self, phone: Phone) -> str:
        if self.refusal:
            raise self.refusal
        return "ABCD-1234"

    def log_out(self) -> bool:
        self.has_logged_out = True
        return True

    def drain(self) -> None:
        self.has_drained = True

    def is_online(self) -> bool:
        return False

    def connect(self) -> None:
        """Ends at once, as it does when WhatsApp is out of reach."""
        raise OSError("no route to host")

    def announce(self) -> bool:
        return True

    def find_subject(self, group: str) -> str | None:
        return None

    def find_phone_behind(self, lid: str) -> Phone | None:
        return None

    def show_typing(self, chat: str, is_typing: bool) -> None: ...

    def mark_read(self, chat: str, sender: str, ids: Sequence[str]) -> bool:
        return True


@dataclass
class Desk:
    """A runner, its client and what it reports."""

    config: Config
    client: Client
    database: Database
    descriptors: list[int] = field(default_factory=list)
    pending: bytes = b""
    reports: list[PipeEvent] = field(default_factory=list)

    def start(self, mode: Mode, phone: Phone | None = None) -> ConnectionRunner:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        self.descriptors = [reading, writing]
        return ConnectionRunner(
            config=self.config, mode=mode, fence=1, phone=phone, events=PipeWriter(writing)
        )

    def read(self) -> list[PipeEvent]:
        """All that was reported so far."""
        with suppress(BlockingIOError):
            self.pending += os.read(self.descriptors[0], 65536)
        *lines, self.pending = self.pending.split(b"\n")
        self.reports += [PipeEvent.from_line(line) for line in lines]
        return self.reports

    def find(self, name: Report) -> dict[str, Any] | None:
        found = [event.arguments for event in self.read() if event.name == name]
        return found[-1] if found else None

    def count_messages(self) -> int:
        with self.database.read() as connection:
            return int(connection.execute(text("SELECT count(*) FROM messages")).scalar_one())


@pytest.fixture
def env(env: dict[str, str], valkey_url: str, database_url: str, tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / "auth"
    folder.mkdir(exist_ok=True)
    return env | {
        "REDIS_URL": valkey_url,
        "DATABASE_URL": database_url,
        "WHATSAPP_AUTH_DIR": str(folder),
    }


@pytest.fixture
def desk(config: Config, database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    client = Client()
    monkeypatch.setattr(whatsapp, "WhatsApp", lambda *args, **options: client)
    opened: list[Database] = []  # by runners, whose end is that of their process

    def open_database(*args: Any, **options: Any) -> Database:
        opened.append(Database(*args, **options))
        return opened[-1]

    monkeypatch.setattr(process_module, "Database", open_database)
    desk = Desk(config, client, database)
    yield desk
    for each in opened:
        each.close()
    for descriptor in desk.descriptors:
        os.close(descriptor)


def test_each_qr_code_is_reported_with_the_time_it_lasts(desk: Desk) -> None:
    runner = desk.start("link")
    runner.on_qr("one")
    assert desk.find(Report.QR) == {"payload": "one", "number": 1, "seconds": FIRST_QR}
    runner.on_qr("two")
    assert desk.find(Report.QR) == {"payload": "two", "number": 2, "seconds": NEXT_QR}


def test_a_qr_code_where_a_session_should_be_ends_it(desk: Desk) -> None:
    desk.start("resume").on_qr("one")
    assert desk.find(Report.ENDED) == {"end": End.SESSION_LOST, "detail": ""}


def test_a_pairing_code_is_asked_for_once(desk: Desk) -> None:
    runner = desk.start("code", NUMBER)
    runner.on_qr("one")
    found = until(lambda: desk.find(Report.CODE), "a pairing code")
    assert found["code"] == "ABCD-1234" and found["seconds"] > 0
    runner.on_qr("two")
    assert [event.name for event in desk.read()] == [Report.CODE]


def test_a_refused_pairing_ends_it_with_the_reason(desk: Desk) -> None:
    desk.client.refusal = PairingRefused(End.RATE_LIMITED, "429")
    desk.start("code", NUMBER).on_qr("one")
    found = until(lambda: desk.find(Report.ENDED), "an end")
    assert found == {"end": End.RATE_LIMITED, "detail": "429"}


def test_the_steps_of_linking_are_reported(desk: Desk) -> None:
    runner = desk.start("link")
    runner.on_link_status(None)
    runner.on_paired()
    runner.on_disconnected()
    assert [event.name for event in desk.read()] == [
        Report.FINISHING,
        Report.PAIRED,
        Report.DISCONNECTED,
    ]
    assert desk.find(Report.PAIRED) == {"phone": NUMBER, "device_name": DEVICE_NAME}
    runner.on_link_status(End.TIMED_OUT)
    assert desk.find(Report.ENDED) == {"end": End.TIMED_OUT, "detail": ""}


def test_a_message_is_stored_before_the_callback_returns(desk: Desk) -> None:
    desk.start("resume").on_message(inbound())
    assert desk.count_messages() == 1


def test_a_message_that_the_database_refuses_is_kept_in_a_file(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError("the disk is full")

    runner = desk.start("resume")
    monkeypatch.setattr(process_module.messages, "receive", refuse)
    runner.on_message(inbound())
    assert desk.count_messages() == 0
    assert (desk.config.auth_dir / "spool.jsonl").read_bytes().count(b"Hello") == 1


def test_it_reports_the_end_and_drains_the_library(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client whose call came back is dead, and the process with it."""
    runner = desk.start("resume")
    monkeypatch.setattr(runner, "_control", lambda: None)  # standard input is pytest's
    monkeypatch.setattr(process_module, "HARD_LIMIT", 10_000.0)  # it would end pytest
    runner.run()
    found = desk.find(Report.ENDED)
    assert found and found["end"] == End.UNREACHABLE and "no route" in found["detail"]
    assert desk.read()[-1].name == Report.DRAINED and desk.client.has_drained
