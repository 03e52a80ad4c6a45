"""The outbox on its way out, on real databases, to a line that behaves as told."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from core.states import PieceState
from store import link as link_store
from store.chats import messages, outbox
from store.chats.messages import Accepted
from store.sql import tables
from store.sql.engine import Database
from tests.store.rows import column, inbound
from tests.waiting import PATIENCE, until
from tests.worker.world import Clock
from worker.connection.errors import NotSent, SendRefused, SendUnknown
from worker.connection.send import Sender

pytestmark = pytest.mark.both_databases

ALICE, BOB = "15550000001@s.whatsapp.net", "15550000002@s.whatsapp.net"


class Line:
    """WhatsApp, as far as the sender can tell."""

    def __init__(self) -> None:
        self.left: list[tuple[str, str]] = []  # (address, text or emoji)
        self.before: Callable[[str, str], None] = lambda to, text: None

    def send(self, to: str, text: str) -> str:
        self.before(to, text)
        self.left.append((to, text))
        return f"WA{len(self.left)}"

    def react(self, chat: str, sender: str, message_id: str, emoji: str) -> None:
        self.before(chat, emoji)
        self.left.append((chat, f"{emoji} {message_id}"))

    def fails(self, error: Exception, only: str | None = None) -> None:
        def fail(to: str, text: str) -> None:
            if only in (None, text):
                raise error

        self.before = fail

    def works(self) -> None:
        self.before = lambda to, text: None

    @property
    def texts(self) -> list[str]:
        return [text for _, text in self.left]


@dataclass
class Office:
    """A sender with what it sends from."""

    database: Database
    clock: Clock

    def __post_init__(self) -> None:
        self.line = Line()
        self.settled: list[str] = []
        self.sender = self.connect()

    def connect(self) -> Sender:
        """A new connection: the one before has lost the right to send."""
        with self.database.write() as connection:
            fence = link_store.raise_fence(connection, 0)
        sender = Sender(
            database=self.database,
            whatsapp=self.line,
            fence=fence,
            now=self.clock,
            after=lambda chat, more: self.settled.append(chat),
        )
        sender.recover()
        return sender

    def post(self, address: str, *texts: str) -> list[int]:
        with self.database.write() as connection:
            return outbox.add(connection, address=address, texts=texts, now=self.clock())

    def work(self) -> None:
        while self.sender.work():
            pass

    def rows(self) -> Sequence[Mapping[str, Any]]:
        with self.database.read() as connection:
            rows = connection.execute(select(tables.outbox).order_by(tables.outbox.c.id))
            return rows.mappings().all()

    def states(self) -> list[str]:
        return [row["state"] for row in self.rows()]

    def ack(self, message_id: str, chat: str = ALICE) -> None:
        self.sender.acknowledge(Accepted(1, 1, chat, chat, message_id), "👀")


@pytest.fixture
def office(database: Database, clock: Clock) -> Office:
    return Office(database, clock)


# Order and turns --------------------------------------------------------------------------------


def test_a_message_is_sent_and_written_down(office: Office):
    office.post(ALICE, "hello")
    office.work()
    (row,) = office.rows()
    assert (row["state"], row["wa_id"], row["attempts"]) == (PieceState.SENT, "WA1", 1)
    assert (row["sent_at"], row["error"]) == (office.clock(), None)
    assert office.settled == [ALICE]


def test_a_chat_gets_its_messages_in_order(office: Office):
    office.post(ALICE, "1", "2", "3")
    office.post(ALICE, "4")
    office.work()
    assert office.line.texts == ["1", "2", "3", "4"]


def test_a_long_answer_does_not_hold_up_another_chat(office: Office):
    office.post(ALICE, *(f"chunk {n}" for n in range(50)))
    assert office.sender.work()
    office.post(BOB, "one line")
    office.work()
    assert office.line.texts[:3] == ["chunk 0", "one line", "chunk 1"]
    assert office.line.texts[-1] == "chunk 49" and len(office.line.texts) == 51


def test_two_long_answers_take_turns(office: Office):
    office.post(ALICE, "a1", "a2", "a3")
    office.post(BOB, "b1", "b2", "b3")
    office.work()
    assert office.line.texts == ["a1", "b1", "a2", "b2", "a3", "b3"]


def test_nothing_to_send_is_said(office: Office):
    assert office.sender.work() is False


# When it does not work --------------------------------------------------------------------------


def test_what_did_not_leave_keeps_its_place(office: Office):
    office.post(ALICE, "1", "2")
    office.line.fails(NotSent("websocket not connected"))
    assert office.sender.work() is False
    assert office.states() == [PieceState.QUEUED, PieceState.QUEUED]
    assert office.rows()[0]["attempts"] == 0 and office.settled == []
    office.line.works()
    office.work()
    assert office.line.texts == ["1", "2"]


def test_what_can_not_leave_does_not_hold_up_other_chats(office: Office):
    office.post(ALICE, "1")
    office.post(BOB, "2")
    office.line.fails(NotSent("info query timed out"), only="1")
    assert office.sender.work() is False
    office.sender.work()
    assert office.line.texts == ["2"]


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (SendRefused("server returned error 463"), PieceState.FAILED),
        (SendUnknown("timed out waiting for message send response"), PieceState.UNKNOWN),
    ],
)
def test_what_is_refused_or_unknown_is_not_sent_again(office: Office, error, state):
    office.post(ALICE, "1", "2")
    office.line.fails(error, only="1")
    office.work()
    assert office.states() == [state, PieceState.SENT]
    assert office.rows()[0]["error"] == str(error)
    office.line.works()
    office.work()
    assert office.line.texts == ["2"]


def test_an_error_that_nobody_has_seen_before_may_have_let_it_leave(office: Office):
    office.post(ALICE, "1", "2")
    office.line.fails(RuntimeError("what?"), only="1")
    office.work()
    assert office.states() == [PieceState.UNKNOWN, PieceState.SENT]


def test_a_connection_that_was_replaced_sends_nothing(office: Office):
    old = office.sender
    office.post(ALICE, "1")
    office.sender = office.connect()
    assert old.work() is False
    assert office.line.left == [] and office.states() == [PieceState.QUEUED]
    office.work()
    assert office.line.texts == ["1"]


def test_what_a_dead_connection_was_sending_is_sent_once_more(office: Office):
    """A duplicate is cheaper than a loss, but not without end."""
    (row,) = office.post(ALICE, "1")

    def die(to: str, text: str) -> None:
        raise SystemExit  # as good as a kill: nothing is written down

    office.line.before = die
    with pytest.raises(SystemExit):
        office.sender.work()
    assert office.states() == [PieceState.SENDING]
    office.sender = office.connect()
    assert office.states() == [PieceState.QUEUED] and office.rows()[0]["possibly_twice"]
    with pytest.raises(SystemExit):
        office.sender.work()
    office.sender = office.connect()
    assert office.states() == [PieceState.UNKNOWN]
    office.line.works()
    office.work()
    assert office.line.left == []


def test_what_is_sent_while_the_database_goes_away_is_not_sent_again(office: Office, monkeypatch):
    office.post(ALICE, "1", "2")
    real, is_away = outbox.record_sent, True

    def sent(*arguments: Any) -> None:
        if is_away:
            raise OperationalError("UPDATE", {}, Exception("database is locked"))
        real(*arguments)

    monkeypatch.setattr(outbox, "record_sent", sent)
    for _ in range(2):
        with pytest.raises(OperationalError):
            office.sender.work()
    assert office.states() == [PieceState.SENDING, PieceState.QUEUED]
    assert office.line.texts == ["1"]  # and nothing more while it can't be written down
    is_away = False
    office.work()
    assert office.line.texts == ["1", "2"] and office.states() == [PieceState.SENT, PieceState.SENT]


# The send at work -------------------------------------------------------------------------------


def test_how_long_a_send_takes_can_be_seen(office: Office):
    """The supervisor ends a connection whose send hangs."""
    office.post(ALICE, "1")
    assert office.sender.busy_since is None
    during = []
    office.line.before = lambda to, text: during.append(office.sender.busy_since)
    office.work()
    assert during[0] is not None and office.sender.busy_since is None
    office.line.fails(NotSent("offline"))
    office.post(ALICE, "2")
    office.work()
    assert office.sender.busy_since is None


def test_leaving_waits_for_the_send_at_work_and_lets_none_begin(office: Office):
    office.post(ALICE, "1", "2")
    may_go_on, is_sending = threading.Event(), threading.Event()

    def wait(to: str, text: str) -> None:
        is_sending.set()
        assert may_go_on.wait(PATIENCE)

    office.line.before = wait
    at_work = threading.Thread(target=office.work, daemon=True)
    at_work.start()
    assert is_sending.wait(PATIENCE)
    assert office.sender.finish(0.01) is False
    finished: list[bool] = []
    leaving = threading.Thread(target=lambda: finished.append(office.sender.finish(30)))
    leaving.start()
    may_go_on.set()
    leaving.join(PATIENCE)
    assert finished == [True]
    # The second message may have begun before `finish` got its turn; either way none is half sent.
    until(lambda: PieceState.SENDING not in office.states())
    assert office.line.texts in (["1"], ["1", "2"])
    assert office.sender.busy_since is None


# Acknowledging emoji ----------------------------------------------------------------------------


def test_a_message_is_acknowledged_when_the_line_is_free(office: Office):
    office.ack("A1")
    assert office.sender.wake.is_set()
    office.work()
    assert office.line.left == [(ALICE, "👀 A1")]


def test_that_it_was_acknowledged_is_written_down(office: Office):
    with office.database.write() as connection:
        messages.receive(connection, inbound(), office.clock())
    office.line.fails(SendRefused("server returned error 463"))
    office.ack("M1")
    office.work()
    office.line.works()
    with office.database.read() as connection:
        assert column(connection, tables.messages, "ack_emoji") == [None]
    office.ack("M1")
    office.work()
    with office.database.read() as connection:
        assert column(connection, tables.messages, "ack_emoji") == ["👀"]


def test_replies_go_before_emoji(office: Office):
    office.ack("A1")
    office.post(BOB, "1", "2")
    office.work()
    assert office.line.texts == ["1", "2", "👀 A1"]


def test_nobody_needs_the_emoji_once_the_reply_is_there(office: Office):
    office.ack("A1")
    office.ack("B1", BOB)
    office.post(ALICE, "the answer")
    office.work()
    assert office.line.texts == ["the answer", "👀 B1"]


def test_what_was_written_after_the_reply_is_acknowledged(office: Office):
    office.ack("A1")
    office.post(ALICE, "the answer")
    office.clock.advance(seconds=1)
    office.ack("A2")
    office.work()
    assert office.line.texts == ["the answer", "👀 A2"]


def test_a_reply_that_did_not_leave_drops_no_emoji(office: Office):
    office.ack("A1")
    office.post(ALICE, "the answer")
    office.line.fails(SendRefused("server returned error 463"), only="the answer")
    office.work()
    assert office.line.texts == ["👀 A1"]


def test_one_chats_flood_does_not_hold_up_anothers_emoji(office: Office):
    for n in range(5):
        office.ack(f"A{n}")
    office.ack("B1", BOB)
    office.work()
    assert office.line.texts[1] == "👀 B1"
    assert [text for text in office.line.texts if "A" in text] == [f"👀 A{n}" for n in range(5)]


@pytest.mark.parametrize("error", [NotSent("offline"), SendRefused("no"), SendUnknown("who knows")])
def test_an_emoji_that_fails_is_not_worth_a_second_try(office: Office, error):
    office.ack("A1")
    office.line.fails(error)
    office.work()
    office.line.works()
    office.work()
    assert office.line.left == []
