"""The owner writes themselves, and what that does to the chat."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select, update

from core.messages.message import Inbound, Kind, Reason
from core.states import MessageState, PieceState
from store.chats import chats, contexts, manual, outbox, takeovers, turns
from store.chats.chats import Chat
from store.chats.takeovers import A_WHILE, By, Takeover
from store.chats.turns import Answer, TurnKind
from store.sql import tables
from store.sql.engine import Database
from tests.store.rows import BOB, NOW, chat_with, column, inbound, write

MINUTE = timedelta(minutes=1)
OWN = {"from_me": True, "sender": "owner"}


def begin(connection: Connection, chat: Chat, ids: Sequence[int]) -> int:
    conversation = contexts.find_or_open(connection, chat.id, "finn", NOW)
    kind = TurnKind.AGENT
    return turns.begin(
        connection,
        chat.id,
        ids,
        NOW,
        kind=kind,
        request="",
        conversation_id=conversation.id,
        agent="finn",
    )


def states(connection: Connection) -> list[str]:
    return list(column(connection, tables.messages, "state"))


def test_taking_over_pauses_and_gives_the_turn_back(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        turn_id = begin(connection, chat, [write(connection, chat, "A")])
        manual.take_over(connection, chat.id, None, NOW)
        assert takeovers.find_current(connection, chat.id, NOW) == Takeover(NOW, None, By.PANEL)
        assert not turns.is_running(connection, turn_id)
        assert states(connection) == ["waiting"] and manual.count_waiting(connection, chat.id) == 1


def test_words_of_the_owner_answer_what_waits_but_commands(database: Database) -> None:
    with database.write() as connection:
        chat, other = chat_with(connection), chat_with(connection, BOB)
        begin(connection, chat, [write(connection, chat, "A")])
        write(connection, chat, "B", text="/status")
        write(connection, other, "C", phone=BOB)
        later = NOW + MINUTE
        rows = manual.write(connection, chat, ["one", "two"], later)
        assert states(connection) == ["answered", "waiting", "waiting"]
        assert column(connection, tables.messages, "answered_at") == [later, None, None]
        assert takeovers.find_current(connection, chat.id, later) == Takeover(
            later, later + A_WHILE, By.PANEL
        )
        pieces = [outbox.get(connection, row) for row in rows]
        assert [piece and (piece.text, piece.chat_id) for piece in pieces] == [
            ("one", chat.id),
            ("two", chat.id),
        ]
        table = tables.chats
        at = select(table.c.last_message_at).where(table.c.id == chat.id)
        assert connection.scalar(at) == later


def test_words_typed_on_the_phone_answer_what_was_written_before(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        write(connection, chat, "A", sent_at=NOW)
        write(connection, chat, "B", sent_at=NOW + 2 * MINUTE)
        typed = inbound("C", sent_at=NOW + MINUTE, **OWN)
        until = manual.pause_for_phone(connection, chat, typed, NOW + 3 * MINUTE)
        assert until == NOW + MINUTE + A_WHILE
        assert states(connection) == ["answered", "waiting"]
        assert takeovers.find_current(connection, chat.id, NOW + 3 * MINUTE) == Takeover(
            NOW + 3 * MINUTE, until, By.PHONE
        )
        again = manual.pause_for_phone(connection, chat, typed, NOW + 4 * MINUTE)
        assert again is None, "it is paused as long already"


def test_a_phone_whose_clock_is_ahead_pauses_no_longer(database: Database) -> None:
    with database.write() as connection:
        typed = inbound("C", sent_at=NOW + 500 * MINUTE, **OWN)
        chat = chat_with(connection)
        assert manual.pause_for_phone(connection, chat, typed, NOW) == NOW + A_WHILE


@pytest.mark.parametrize("answer", [True, False])
def test_agents_go_on(database: Database, answer: bool) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        assert not manual.resume(connection, chat.id, NOW, answer=True), "nothing was paused"
        manual.take_over(connection, chat.id, None, NOW)
        write(connection, chat, "A")
        assert manual.resume(connection, chat.id, NOW + MINUTE, answer=answer)
        assert states(connection) == ["waiting" if answer else "answered"]
        assert takeovers.find_current(connection, chat.id, NOW + MINUTE) is None


@pytest.mark.parametrize(
    ("state", "message", "is_echo"),
    [
        (PieceState.SENT, inbound("WA1", text="other words"), True),
        (PieceState.SENT, inbound("WA2", text="ours"), False),
        (PieceState.SENDING, inbound("WA2", text="ours"), True),
        (PieceState.UNKNOWN, inbound("WA2", text="ours"), True),
        (PieceState.QUEUED, inbound("WA2", text="ours"), False),
        (PieceState.SENDING, inbound("WA2", text="others"), False),
        (PieceState.SENDING, inbound("WA2", BOB, text="ours"), False),
    ],
)
def test_what_we_have_sent_is_no_word_of_the_owner(
    database: Database, state: PieceState, message: Inbound, is_echo: bool
) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        [row] = outbox.add(connection, address=chat.address, texts=["ours"], now=NOW)
        table = tables.outbox
        values = {"state": state, "wa_id": "WA1"}
        connection.execute(update(table).where(table.c.id == row).values(values))
        assert manual.is_echo(connection, message, {message.chat}) is is_echo


def said(connection: Connection, chat: Chat) -> list[tuple[bool, str, str]]:
    found = chats.get(connection, chat.id)
    assert found
    conversation = contexts.find_or_open(connection, chat.id, "finn", NOW)
    said = manual.list_since_last_turn(connection, found, conversation)
    return [(each.by_owner, each.text, each.name) for each in said]


def test_an_agent_is_told_what_was_said_without_it(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        contexts.find_or_open(connection, chat.id, "finn", NOW - MINUTE)
        write(connection, chat, "A", now=NOW + MINUTE, text="Are you there?")
        manual.write(connection, chat, ["Yes, I am"], NOW + 2 * MINUTE)
        own = {"now": NOW + 3 * MINUTE, **OWN}
        row = write(connection, chat, "B", MessageState.IGNORED, text="from my phone", **own)
        table = tables.messages
        values = {"reason": Reason.OWN_MESSAGE}
        connection.execute(update(table).where(table.c.id == row).values(values))
        write(connection, chat, "C", MessageState.ANSWERED, kind=Kind.REACTION, now=NOW + MINUTE)
        gone = write(connection, chat, "D", MessageState.ANSWERED, text="deleted", now=NOW + MINUTE)
        connection.execute(update(table).where(table.c.id == gone).values(deleted_at=NOW))
        write(connection, chat, "E", MessageState.IGNORED, text="ignored", now=NOW + MINUTE)
        assert said(connection, chat) == [
            (False, "Are you there?", ""),
            (True, "Yes, I am", ""),
            (True, "from my phone", ""),
        ]


def test_what_agents_and_programs_wrote_is_not_told(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        contexts.find_or_open(connection, chat.id, "finn", NOW - MINUTE)
        manual.take_over(connection, chat.id, None, NOW)
        facts = {"address": chat.address, "now": NOW, "chat_id": chat.id}
        turn_id = begin(connection, chat, [])
        outbox.add(connection, texts=["an agent's"], agent="finn", **facts)  # type: ignore[arg-type]
        outbox.add(connection, texts=["a turn's"], turn_id=turn_id, **facts)  # type: ignore[arg-type]
        outbox.add(connection, texts=["the owner's"], **facts)  # type: ignore[arg-type]
        assert said(connection, chat) == [(True, "the owner's", "")]


def test_an_answer_ends_what_is_told(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        manual.write(connection, chat, ["before"], NOW)
        found = chats.get(connection, chat.id)
        turn_id = begin(connection, chat, [])
        assert found and turns.finish(connection, turn_id, found, Answer((), "Hi"), NOW)
        manual.write(connection, chat, ["after"], NOW + MINUTE)
        assert said(connection, chat) == [(True, "after", "")]


def test_only_the_latest_and_the_beginning_of_each_is_told(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        contexts.find_or_open(connection, chat.id, "finn", NOW - MINUTE)
        for number in range(manual.SHOWN + 1):
            long = "x" * (manual.LENGTH + 1)
            manual.write(connection, chat, [f"{number} {long}"], NOW + number * MINUTE)
        texts = [text for _, text, _ in said(connection, chat)]
    assert len(texts) == manual.SHOWN
    assert texts[0].startswith("1 ") and texts[-1].startswith(f"{manual.SHOWN} ")
    assert {len(text) for text in texts} == {manual.LENGTH}


def test_in_a_group_it_is_told_who_spoke(database: Database) -> None:
    with database.write() as connection:
        chat = chats.enter_group(connection, "1@g.us", NOW)
        contexts.find_or_open(connection, chat.id, "finn", NOW - MINUTE)
        write(connection, chat, "A", MessageState.ANSWERED, push_name="Ada", now=NOW + MINUTE)
        assert said(connection, chat) == [(False, "Hello", "Ada")]
