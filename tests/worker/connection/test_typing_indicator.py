"""“typing…” as the phone sees it."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from core.messages.message import Reason
from core.phone import Phone
from core.states import MessageState
from store.chats import chats, messages, outbox, people
from store.sql.engine import Database
from tests.store.rows import inbound
from tests.worker.world import Clock
from worker.connection.typing_indicator import TypingIndicator

ALICE, BOB = "15550000001@s.whatsapp.net", "15550000002@s.whatsapp.net"
GONE = chats.TYPING_WAITS + timedelta(seconds=1)


@dataclass
class Screen:
    """What leaves for WhatsApp."""

    shown: list[tuple[str, bool]] = field(default_factory=list)
    has_name: bool = True  # WhatsApp tells the account's name some time after linking
    announced: int = 0

    def show(self, chat: str, is_typing: bool) -> None:
        self.shown.append((chat, is_typing))

    def announce(self) -> bool:
        self.announced += 1
        return self.has_name

    def take(self) -> list[tuple[str, bool]]:
        taken, self.shown = self.shown, []
        return taken


class Desk:
    def __init__(self, database: Database, clock: Clock) -> None:
        self.database, self.clock, self.screen = database, clock, Screen()
        self.composer = TypingIndicator(
            database=database,
            show=self.screen.show,
            announce=self.screen.announce,
            now=clock,
        )

    def accepted(self, address: str, message_id: str = "A1") -> int:
        """A message waits for its answer. Returns the chat's id."""
        phone, now = Phone.from_digits(address.partition("@")[0]), self.clock()
        said = inbound(message_id, phone, account="15550009999", text="hi", sent_at=now)
        with self.database.write() as connection:
            messages.receive(connection, said, now)
            row = messages.list_undecided(connection)[-1].id
            person = people.identify(connection, phone, None, "", now)
            chat = chats.enter(connection, person.id, address, now).id
            why = Reason.ALLOWED_NUMBER
            messages.record_decision(connection, row, MessageState.WAITING, why, now, chat_id=chat)
        return chat

    def reply(self, address: str, chat: int, *texts: str) -> list[int]:
        now = self.clock()
        with self.database.write() as connection:
            return outbox.add(connection, address=address, texts=texts, now=now, chat_id=chat)

    def left(self, row: int) -> None:
        with self.database.write() as connection:
            outbox.record_sent(connection, row, "WA1", self.clock())

    def sent(self, address: str) -> None:
        """As the sender says it, once it has written that down."""
        with self.database.read() as connection:
            is_expecting = address in chats.list_expecting(connection, self.clock())
        self.composer.settle_after_piece(address, is_expecting)

    def settle(self) -> None:
        """Nobody works on what waits any more."""
        self.clock.now += GONE


@pytest.fixture
def desk(database: Database, clock: Clock) -> Desk:
    return Desk(database, clock)


def test_it_begins_at_once(desk: Desk):
    desk.composer.start_typing(ALICE)
    assert desk.screen.take() == [(ALICE, True)]


def test_it_is_repeated_while_an_answer_is_on_its_way(desk: Desk):
    desk.accepted(ALICE)
    desk.accepted(BOB)
    desk.composer.tick()
    assert sorted(desk.screen.take()) == [(ALICE, True), (BOB, True)]
    desk.composer.tick()
    assert sorted(desk.screen.take()) == [(ALICE, True), (BOB, True)]


def test_it_ends_once_when_nothing_comes(desk: Desk):
    desk.accepted(ALICE)
    desk.composer.start_typing(ALICE)
    desk.settle()
    desk.screen.take()
    desk.composer.tick()
    assert desk.screen.take() == [(ALICE, False)]
    desk.composer.tick()
    assert desk.screen.take() == []


def test_it_goes_on_between_chunks_and_ends_after_the_last(desk: Desk):
    chat = desk.accepted(ALICE)
    desk.composer.start_typing(ALICE)
    first, second = desk.reply(ALICE, chat, "1", "2")
    desk.settle()
    desk.screen.take()
    desk.left(first)
    desk.sent(ALICE)
    assert desk.screen.take() == [(ALICE, True)]
    desk.left(second)
    desk.sent(ALICE)
    assert desk.screen.take() == [(ALICE, False)]


def test_nobody_saw_us_typing_what_a_program_sends(desk: Desk):
    desk.sent(BOB)
    assert desk.screen.take() == []


def test_who_starts_during_a_tick_goes_on_typing(desk: Desk, monkeypatch):
    """The look at the database is older than the message that was accepted meanwhile."""
    expecting = desk.composer._list_expecting

    def and_meanwhile() -> set[str]:
        seen = expecting()
        desk.composer.start_typing(ALICE)
        return seen

    monkeypatch.setattr(desk.composer, "_list_expecting", and_meanwhile)
    desk.composer.tick()
    assert desk.screen.take() == [(ALICE, True)]


def test_the_account_is_shown_as_online_when_connected(desk: Desk):
    desk.composer.start_anew()
    desk.composer.start_typing(ALICE)
    desk.composer.tick()
    assert desk.screen.announced == 1


def test_showing_the_account_is_tried_until_it_works(desk: Desk):
    desk.screen.has_name = False
    desk.composer.start_anew()
    desk.composer.tick()
    assert desk.screen.announced == 2
    desk.screen.has_name = True
    desk.composer.tick()
    desk.composer.tick()
    assert desk.screen.announced == 3


def test_a_new_socket_shows_the_account_anew(desk: Desk):
    desk.composer.start_anew()
    desk.composer.start_anew()
    assert desk.screen.announced == 2
