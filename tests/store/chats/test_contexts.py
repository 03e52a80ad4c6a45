"""Conversations: one chat, one agent, until /new."""

from datetime import timedelta
from typing import Any

from store.chats import contexts, turns
from store.chats.chats import Chat
from store.chats.contexts import Context
from store.chats.turns import Answer, TurnKind
from store.sql.engine import Database
from store.sql.tables import conversations as table
from tests.store.rows import BOB, NOW, chat_with, column, write

LATER = NOW + timedelta(hours=1)


def say(connection, chat: Chat, context: Context, number: str, answer: Answer) -> None:
    message = write(connection, chat, number)
    turn = turns.begin(
        connection,
        chat.id,
        [message],
        NOW,
        kind=TurnKind.AGENT,
        request="?",
        conversation_id=context.id,
    )
    turns.finish(connection, turn, chat, answer, NOW)


def told(connection, context: Context) -> list[Any]:
    """What a model would be shown of this context."""
    turns_before = contexts.list_past(connection, context)
    return [message for turn in turns_before for message in turn.messages]


def test_it_is_made_once_for_each_chat_and_agent(database: Database) -> None:
    with database.write() as connection:
        chat, other = chat_with(connection), chat_with(connection, BOB)
        finn = contexts.find_or_open(connection, chat.id, "finn", NOW)
        assert finn == Context(finn.id, chat.id, "finn", None, NOW)
        assert contexts.find_or_open(connection, chat.id, "finn", LATER) == finn
        ids = {
            finn.id,
            contexts.find_or_open(connection, chat.id, "eric", NOW).id,
            contexts.find_or_open(connection, other.id, "finn", NOW).id,
        }
        assert len(ids) == 3


def test_starting_afresh_keeps_the_model_and_deletes_nothing(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        eric = contexts.find_or_open(connection, chat.id, "eric", NOW)
        old = contexts.find_or_open(connection, chat.id, "finn", NOW)
        contexts.choose_model(connection, old.id, "demo/echo")
        say(connection, chat, old, "1", Answer([], "", history=[{"said": "before"}]))
        old = contexts.find_or_open(connection, chat.id, "finn", NOW)
        fresh = contexts.start_afresh(connection, old, LATER)
        assert (fresh.agent, fresh.model, fresh.opened_at) == ("finn", "demo/echo", LATER)
        assert contexts.find_or_open(connection, chat.id, "finn", LATER) == fresh
        assert contexts.find_or_open(connection, chat.id, "eric", LATER) == eric
        assert told(connection, fresh) == []
        assert told(connection, old) == [{"said": "before"}]
        assert column(connection, table, "closed_at") == [None, LATER, None]


def test_afresh_closes_what_two_chats_brought_along(database: Database) -> None:
    """When two people turn out to be one, their chat has two open ones with an agent."""
    with database.write() as connection:
        chat, gone = chat_with(connection), chat_with(connection, BOB)
        one = contexts.find_or_open(connection, chat.id, "finn", NOW)
        contexts.find_or_open(connection, gone.id, "finn", NOW)
        connection.execute(table.update().values(chat_id=chat.id))
        assert contexts.find_or_open(connection, chat.id, "finn", NOW).id > one.id
        contexts.start_afresh(connection, one, LATER)
        assert column(connection, table, "closed_at") == [LATER, LATER, None]


def test_a_choice_of_model_can_be_taken_back(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection).id
        context = contexts.find_or_open(connection, chat, "finn", NOW)
        for model in ("openai/gpt-4o", None):
            contexts.choose_model(connection, context.id, model)
            assert contexts.find_or_open(connection, chat, "finn", NOW).model == model


def test_the_history_is_every_finished_turn_in_order(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        context = contexts.find_or_open(connection, chat.id, "finn", NOW)
        for number, history in (("1", ["a", "b\0c"]), ("2", None), ("3", [{"ü": "👩‍💻"}])):
            say(connection, chat, context, number, Answer(["x"], "x", history=history))
        failure = Answer(["Sorry"], "Sorry", history=["lost"], error_code="bug")
        say(connection, chat, context, "4", failure)
        assert told(connection, context) == ["a", "b\0c", {"ü": "👩‍💻"}]
