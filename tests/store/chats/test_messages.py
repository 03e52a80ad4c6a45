"""Messages: stored once, decided once, answered or dropped."""

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update

from core.messages.message import Inbound, Kind, Place, Reason
from core.states import MessageState
from store.chats import chats, messages, turns
from store.chats.messages import Accepted, Waiting
from store.chats.turns import Answer, TurnKind
from store.sql.engine import Database
from store.sql.tables import messages as table
from store.sql.tables import turns as turns_table
from tests.store.rows import (
    ADA,
    BOB,
    LID,
    NOW,
    chat_with,
    column,
    count,
    inbound,
    together,
    write,
)

LATER = NOW + timedelta(seconds=1)
OPEN = {MessageState.RECEIVED, MessageState.WAITING, MessageState.ANSWERING}

FULL = Inbound(
    account="15559999999",
    chat="120363@g.us",
    sender=LID,
    message_id="3EB0",
    place=Place.GROUP,
    kind=Kind.EDIT,
    text="*Grüße* 👩‍💻\n\nund mehr",
    sent_at=NOW,
    from_me=True,
    phone=ADA,
    lid=LID,
    push_name="Ada",
    quoted_id="3EB1",
    quoted_text="> before",
    target_id="3EB2",
    raw=bytes(range(256)),
)


# ---- receiving ---------------------------------------------------------------------------------


@pytest.mark.parametrize("message", [FULL, inbound(), inbound(phone=None, lid=LID)])
def test_a_message_comes_back_as_it_was(database: Database, message: Inbound) -> None:
    with database.write() as connection:
        assert messages.receive(connection, message, LATER)
        [received] = messages.list_undecided(connection)
        assert received.inbound == message
        assert column(connection, table, "received_at") == [LATER]


def test_it_is_stored_once(database: Database) -> None:
    with database.write() as connection:
        assert messages.receive(connection, inbound(), NOW)
        assert not messages.receive(connection, inbound(text="again"), LATER)
        assert column(connection, table, "text") == ["Hello"]


@pytest.mark.parametrize("field", ["account", "chat", "sender", "message_id"])
def test_an_id_is_unique_only_with_where_it_was_written(database: Database, field: str) -> None:
    with database.write() as connection:
        assert messages.receive(connection, inbound(), NOW)
        assert messages.receive(connection, replace(inbound(), **{field: "other"}), NOW)


def test_of_several_deliveries_at_once_one_is_new(database: Database) -> None:
    stored = together(database, *[lambda c: messages.receive(c, inbound(), NOW)] * 6)
    assert sorted(stored) == [False] * 5 + [True]


def test_receiving_is_one_statement(database: Database) -> None:
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    with database.write() as connection:
        messages.receive(connection, inbound(), NOW)
    [statement] = [each for each in statements if not each.startswith("BEGIN")]
    assert statement.startswith("INSERT INTO messages")


def test_ids_of_any_length_are_stored(database: Database) -> None:
    """They are made up by the sender's program; one that does not fit must not be lost."""
    long = inbound("M" * 9999, quoted_id="Q" * 9999, target_id="T" * 9999)
    with database.write() as connection:
        assert messages.receive(connection, long, NOW)
        assert not messages.receive(connection, long, NOW)
        [received] = messages.list_undecided(connection)
    assert received.inbound.message_id == "M" * messages.ID


# ---- deciding ----------------------------------------------------------------------------------


def test_undecided_in_the_order_in_which_they_came(database: Database) -> None:
    with database.write() as connection:
        for number in "12345":
            messages.receive(connection, inbound(number), NOW)
        ids = [each.inbound.message_id for each in messages.list_undecided(connection, limit=3)]
        assert ids == ["1", "2", "3"]
        first = messages.list_undecided(connection)[0].id
        messages.record_decision(connection, first, MessageState.IGNORED, Reason.DISABLED, NOW)
        assert messages.list_undecided(connection)[0].inbound.message_id == "2"


def decide_first(connection, state: MessageState, **extra: Any) -> Any:
    """Decide about the first message that is undecided. Returns its row."""
    row = messages.list_undecided(connection)[0].id
    messages.record_decision(connection, row, state, Reason.NOT_ALLOWED, LATER, **extra)
    return connection.execute(select(table).where(table.c.id == row)).mappings().one()


def test_a_decision_is_written_down(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        messages.receive(connection, FULL, NOW)
        ids = {"person_id": chat.person_id, "chat_id": chat.id, "entry_id": 7}
        row = decide_first(connection, MessageState.WAITING, **ids)
        assert (row["state"], row["reason"]) == (MessageState.WAITING, Reason.NOT_ALLOWED)
        assert {name: row[name] for name in ids} == ids
        assert (row["decided_at"], row["text"], row["raw"]) == (LATER, FULL.text, FULL.raw)


def test_words_that_are_not_kept_are_gone(database: Database) -> None:
    with database.write() as connection:
        messages.receive(connection, FULL, NOW)
        row = decide_first(connection, MessageState.HELD, keep_text=False)
        assert (row["text"], row["quoted_text"], row["raw"]) == ("", None, b"")
        assert row["push_name"] == "Ada"


def test_a_decision_is_final(database: Database) -> None:
    with database.write() as connection:
        messages.receive(connection, inbound(), NOW)
        row = messages.list_undecided(connection)[0].id
        messages.record_decision(
            connection, row, MessageState.IGNORED, Reason.BLOCKED, NOW, keep_text=False
        )
        messages.record_decision(connection, row, MessageState.WAITING, Reason.ALLOW_ALL, LATER)
        assert column(connection, table, "state") == [MessageState.IGNORED]
        assert column(connection, table, "reason") == [Reason.BLOCKED]


# ---- waiting -----------------------------------------------------------------------------------


def test_what_a_chat_wants_answered(database: Database) -> None:
    with database.write() as connection:
        chat, other = chat_with(connection), chat_with(connection, BOB)
        first = write(connection, chat, "1", quoted_text="before", push_name="Ada")
        write(connection, chat, "2", MessageState.HELD)
        write(connection, other, "3")
        second = write(connection, chat, "4", now=LATER, kind=Kind.VOICE, text="")
        assert messages.list_waiting(connection, chat.id) == [
            Waiting(first, Kind.TEXT, "Hello", "before", "Ada", NOW, person_id=chat.person_id),
            Waiting(second, Kind.VOICE, "", None, "", LATER, person_id=chat.person_id),
        ]
        assert {field.name for field in fields(Waiting)} <= set(table.c.keys())


# ---- blue ticks --------------------------------------------------------------------------------


def test_ticks_that_are_still_due(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        ids = {state: write(connection, chat, state) for state in MessageState}
        for state, row in ids.items():
            connection.execute(update(table).where(table.c.id == row).values(state=state))
        due = messages.list_unread(connection, NOW - timedelta(days=1))
        accepted = [
            MessageState.WAITING,
            MessageState.ANSWERING,
            MessageState.ANSWERED,
            MessageState.FAILED,
        ]
        assert [tick.message_id for tick in due] == accepted
        address = inbound().chat
        assert due[0] == Accepted(
            ids[MessageState.WAITING], chat.id, address, address, MessageState.WAITING
        )
        messages.was_read(connection, [tick.id for tick in due[:3]], LATER)
        left = messages.list_unread(connection, NOW - timedelta(days=1))
        assert [tick.message_id for tick in left] == [MessageState.FAILED]
        assert messages.list_unread(connection, NOW) == []
        messages.was_read(connection, [], LATER)


# ---- the account is gone -----------------------------------------------------------------------


@pytest.mark.parametrize("state", list(MessageState))
def test_what_is_open_is_dropped_and_nothing_else(database: Database, state: MessageState) -> None:
    with database.write() as connection:
        write(connection, chat_with(connection), "1")
        connection.execute(update(table).values(state=state))
        is_open = state in OPEN
        assert turns.drop_unanswered(connection, Reason.UNLINKED) == is_open
        assert column(connection, table, "state") == [MessageState.IGNORED if is_open else state]
        expected = Reason.UNLINKED if is_open else Reason.ALLOWED_NUMBER
        assert column(connection, table, "reason") == [expected]


def test_an_answer_at_work_does_not_leave_from_the_next_account(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        message = write(connection, chat, "1")
        turn = turns.begin(
            connection, chat.id, [message], NOW, kind=TurnKind.AGENT, request="Hello"
        )
        turns.drop_unanswered(connection, Reason.UNLINKED)
        assert not turns.finish(connection, turn, chat, Answer(["Hi"], "Hi"), LATER)
        assert chats.list_expecting(connection, NOW) == []
        assert column(connection, turns_table, "state") == ["interrupted"]
        assert count(connection, table) == 1
