"""Statements that are built once."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Select, Update, select, update

from store.sql.engine import Database
from store.sql.prepared import prepared
from store.sql.tables import chats as table
from tests.store.rows import ADA, BOB, chat_with

AT = datetime(2026, 3, 2, tzinfo=UTC)


def test_it_is_built_once_and_asked_with_other_values(database: Database) -> None:
    built = []

    @prepared
    def find(chat_id: Any, addresses: Any) -> Select[Any]:
        built.append(1)
        return select(table.c.id).where(table.c.id == chat_id, table.c.address.in_(addresses))

    with database.write() as connection:
        ada, bob = chat_with(connection, ADA), chat_with(connection, BOB)
        addresses = [ada.address, bob.address]
        assert find(connection, ada.id, addresses).scalar() == ada.id
        assert find(connection, bob.id, addresses).scalar() == bob.id
        assert find(connection, bob.id, [ada.address]).scalar() is None
        assert find(connection, bob.id, []).scalar() is None
    assert built == [1]


def test_what_an_update_sets_is_named(database: Database) -> None:
    @prepared
    def change(chat_id: Any) -> Update:
        return update(table).where(table.c.id == chat_id)

    with database.write() as connection:
        chat = chat_with(connection)
        assert change(connection, chat.id, last_message_at=AT).rowcount == 1
        assert connection.scalar(select(table.c.last_message_at)) == AT


def test_each_parameter_wants_its_value(database: Database) -> None:
    @prepared
    def find(chat_id: Any) -> Select[Any]:
        return select(table.c.id).where(table.c.id == chat_id)

    with database.read() as connection, pytest.raises(ValueError):
        find(connection)
