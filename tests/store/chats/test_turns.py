"""Turns: begun over messages, finished once, taken up again when their process died."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Connection, null, select

from core.agents.routing import Why
from core.states import MessageState, TurnState
from store.chats import contexts, messages, outbox, turns
from store.chats.chats import Chat
from store.chats.turns import Answer, TurnKind
from store.sql.engine import Database
from store.sql.tables import messages as messages_table
from store.sql.tables import outbox as outbox_table
from store.sql.tables import turns as table
from tests.store.rows import BOB, NOW, chat_with, column, count, overlapping, write

LATER = NOW + timedelta(seconds=3)
HI = Answer(["Hi", "there"], "Hi there")


def begin(connection: Connection, chat: Chat, *numbers: str) -> int:
    """A turn over new messages of this chat."""
    ids = [write(connection, chat, number) for number in numbers]
    return turns.begin(
        connection, chat.id, ids, NOW, kind=TurnKind.AGENT, request="Hello", agent="finn"
    )


def states(connection: Connection) -> list[str]:
    return list(column(connection, messages_table, "state"))


def test_a_turn_takes_its_messages(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        turn = begin(connection, chat, "1", "2")
        write(connection, chat, "3")
        assert states(connection) == [
            MessageState.ANSWERING,
            MessageState.ANSWERING,
            MessageState.WAITING,
        ]
        assert column(connection, messages_table, "turn_id") == [turn, turn, None]
        assert turns.is_running(connection, turn)
        assert not turns.is_running(connection, 99)


def test_everything_about_a_turn_is_kept(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        conversation = contexts.find_or_open(connection, chat.id, "finn", NOW)
        turn = turns.begin(
            connection,
            chat.id,
            [write(connection, chat, "1")],
            NOW,
            kind=TurnKind.AGENT,
            request="Grüße\0",
            conversation_id=conversation.id,
            agent="finn",
            model="demo/echo",
            why=Why.SENDER_DEFAULT,
        )
        answer = Answer(
            ["*Hi*"],
            "**Hi**",
            history=[{"a": 1}],
            input_tokens=7,
            output_tokens=2**31 - 1,
            cost_usd=Decimal("0.000123"),
        )
        assert turns.finish(connection, turn, chat, answer, LATER)
        row = connection.execute(select(table)).mappings().one()
        assert (row["kind"], row["why"], row["model"]) == ("agent", "sender_default", "demo/echo")
        assert (row["reply"], row["history"]) == ("**Hi**", [{"a": 1}])
        assert (row["input_tokens"], row["output_tokens"]) == (7, 2**31 - 1)
        assert row["cost_usd"] == Decimal("0.000123")
        assert (row["started_at"], row["finished_at"]) == (NOW, LATER)
        assert (row["state"], row["error_code"]) == (TurnState.DONE, None)


def test_a_finished_turn_answers_its_messages_and_queues_its_reply(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        turn = begin(connection, chat, "1", "2")
        assert turns.finish(connection, turn, chat, HI, LATER)
        assert states(connection) == [MessageState.ANSWERED] * 2
        assert column(connection, messages_table, "answered_at") == [LATER] * 2
        assert column(connection, outbox_table, "text") == ["Hi", "there"]
        [head] = outbox.list_heads(connection)
        assert (head.address, head.chat_id, head.turn_id) == (chat.address, chat.id, turn)
        assert column(connection, outbox_table, "agent") == ["finn", "finn"]
        assert not turns.is_running(connection, turn)


def test_a_failed_turn_says_so_and_still_answers(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        turn = begin(connection, chat, "1")
        failure = Answer(["Sorry"], "Sorry", error_code="no_key", error_detail="OPENAI_API_KEY")
        assert turns.finish(connection, turn, chat, failure, LATER)
        assert states(connection) == [MessageState.FAILED]
        assert column(connection, table, "state") == [TurnState.FAILED]
        assert column(connection, table, "error_detail") == ["OPENAI_API_KEY"]
        assert column(connection, outbox_table, "text") == ["Sorry"]
        unset = connection.scalars(select(table.c.id).where(table.c.history == null()))
        assert list(unset) == [turn]


def test_an_answer_without_words_queues_nothing(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        assert turns.finish(connection, begin(connection, chat, "1"), chat, Answer([], ""), LATER)
        assert count(connection, outbox_table) == 0


def test_a_turn_is_finished_once(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        turn = begin(connection, chat, "1")
        assert turns.finish(connection, turn, chat, HI, NOW)
        assert not turns.finish(connection, turn, chat, Answer(["Again"], "Again"), LATER)
        assert column(connection, table, "reply") == ["Hi there"]
        assert column(connection, outbox_table, "text") == ["Hi", "there"]


def test_two_who_finish_at_once(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        turn = begin(connection, chat, "1")
    finish = lambda c: turns.finish(c, turn, chat, HI, NOW)  # noqa: E731
    assert overlapping(database, finish, finish) == (True, False)


def test_an_interrupted_job_writes_nothing(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        turn = begin(connection, chat, "1", "2")
        assert turns.interrupt(connection, chat.id, LATER) == 1
        assert states(connection) == [MessageState.WAITING] * 2
        assert column(connection, messages_table, "turn_id") == [None, None]
        assert len(messages.list_waiting(connection, chat.id)) == 2
        assert not turns.finish(connection, turn, chat, HI, LATER)
        assert column(connection, table, "state") == [TurnState.INTERRUPTED]
        assert column(connection, table, "finished_at") == [LATER]
        assert column(connection, table, "reply") == [None]
        assert count(connection, outbox_table) == 0
        assert states(connection) == [MessageState.WAITING] * 2


def test_a_message_taken_up_again_belongs_to_its_new_turn(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        begin(connection, chat, "1")
        turns.interrupt(connection, chat.id, NOW)
        [waiting] = messages.list_waiting(connection, chat.id)
        again = turns.begin(
            connection, chat.id, [waiting.id], LATER, kind=TurnKind.AGENT, request="Hello"
        )
        assert turns.finish(connection, again, chat, HI, LATER)
        assert states(connection) == [MessageState.ANSWERED]
        assert column(connection, messages_table, "turn_id") == [again]


def test_interrupting_leaves_other_chats_and_finished_turns_alone(database: Database) -> None:
    with database.write() as connection:
        chat, other = chat_with(connection), chat_with(connection, BOB)
        turns.finish(connection, begin(connection, chat, "1"), chat, HI, NOW)
        running = begin(connection, other, "2")
        assert turns.interrupt(connection, chat.id, LATER) == 0
        assert turns.is_running(connection, running)
        assert states(connection) == [MessageState.ANSWERED, MessageState.ANSWERING]


def test_reply_and_outbox_stand_or_fall_together(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        turn = begin(connection, chat, "1")
    with pytest.raises(RuntimeError), database.write() as connection:
        turns.finish(connection, turn, chat, HI, NOW)
        raise RuntimeError
    with database.read() as connection:
        assert turns.is_running(connection, turn)
        assert states(connection) == [MessageState.ANSWERING]
        assert count(connection, outbox_table) == 0
