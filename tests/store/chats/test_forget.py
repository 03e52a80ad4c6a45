"""Forgetting somebody while others are at work. What goes and what stays: tests/app/test_forget."""

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from store.chats import forget, people, turns
from store.chats.turns import TurnKind
from store.sql import tables
from store.sql.engine import Database
from tests.store.rows import ADA, NOW, chat_with, count, overlapping, write


def test_no_turn_begins_in_a_chat_that_goes(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        person = people.by_phone(connection, ADA)
        assert person

    def go(connection: Connection) -> None:
        assert not forget.is_busy(connection, person, NOW)
        forget.person(connection, person)

    def begin(connection: Connection) -> None:
        with pytest.raises(IntegrityError), connection.begin_nested():
            turns.begin(connection, chat.id, [], NOW, kind=TurnKind.AGENT, request="Hello")

    overlapping(database, go, begin)
    with database.read() as connection:
        assert (count(connection, tables.turns), count(connection, tables.chats)) == (0, 0)


def test_a_turn_that_has_just_begun_is_seen(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        person = people.by_phone(connection, ADA)
        assert person

    def begin(connection: Connection) -> None:
        row = write(connection, chat, "A")
        turns.begin(connection, chat.id, [row], NOW, kind=TurnKind.AGENT, request="Hello")

    _, is_busy = overlapping(
        database, begin, lambda connection: forget.is_busy(connection, person, NOW)
    )
    assert is_busy
