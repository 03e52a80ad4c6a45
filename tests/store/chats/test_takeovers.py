"""While a chat is paused the owner answers in it."""

from datetime import timedelta

from store.chats import takeovers
from store.chats.takeovers import By, Takeover
from store.sql.engine import Database
from store.sql.tables import chats as table
from tests.store.rows import BOB, NOW, chat_with

MINUTE = timedelta(minutes=1)
SOON, LATER = NOW + MINUTE, NOW + 10 * MINUTE


def test_a_pause_ends_by_itself(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        assert takeovers.find_current(connection, chat.id, NOW) is None
        takeovers.begin(connection, chat.id, By.PHONE, SOON, NOW)
        assert takeovers.find_current(connection, chat.id, NOW) == Takeover(NOW, SOON, By.PHONE)
        assert takeovers.find_current(connection, chat.id, SOON - timedelta(seconds=1)) is not None
        assert takeovers.find_current(connection, chat.id, SOON) is None


def test_one_without_an_end_lasts_until_the_owner_ends_it(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        takeovers.begin(connection, chat.id, By.PANEL, None, NOW)
        year = NOW + timedelta(days=365)
        assert takeovers.find_current(connection, chat.id, year) == Takeover(NOW, None, By.PANEL)
        assert takeovers.end(connection, chat.id, year)
        assert takeovers.find_current(connection, chat.id, year) is None
        assert not takeovers.end(connection, chat.id, year), "it has ended already"


def test_a_new_end_leaves_the_beginning(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        takeovers.begin(connection, chat.id, By.PHONE, LATER, NOW)
        takeovers.begin(connection, chat.id, By.PANEL, 2 * MINUTE + NOW, SOON)
        assert takeovers.find_current(connection, chat.id, SOON) == Takeover(
            NOW, NOW + 2 * MINUTE, By.PANEL
        )
        takeovers.begin(connection, chat.id, By.PANEL, None, LATER)
        assert takeovers.find_current(connection, chat.id, LATER) == Takeover(LATER, None, By.PANEL)


def test_extending_never_cuts_short(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        assert not takeovers.extend(connection, chat.id, By.PHONE, NOW, NOW), "that is over"
        assert takeovers.extend(connection, chat.id, By.PHONE, LATER, NOW)
        assert not takeovers.extend(connection, chat.id, By.PANEL, SOON, NOW)
        assert not takeovers.extend(connection, chat.id, By.PANEL, LATER, NOW)
        assert takeovers.find_current(connection, chat.id, NOW) == Takeover(NOW, LATER, By.PHONE)
        assert takeovers.extend(connection, chat.id, By.PANEL, LATER + MINUTE, SOON)
        assert takeovers.find_current(connection, chat.id, NOW) == Takeover(
            NOW, LATER + MINUTE, By.PANEL
        )
        takeovers.begin(connection, chat.id, By.PANEL, None, NOW)
        assert not takeovers.extend(connection, chat.id, By.PHONE, LATER, NOW), "it has no end"


def test_those_that_are_paused_and_what_the_owner_has_seen(database: Database) -> None:
    with database.write() as connection:
        chat, other = chat_with(connection), chat_with(connection, BOB)
        both = [chat.id, other.id]
        assert takeovers.list_seen(connection, both, NOW) == {}
        takeovers.begin(connection, chat.id, By.PANEL, SOON, NOW)
        assert takeovers.list_seen(connection, both, NOW) == {chat.id: 0}
        connection.execute(table.update().values(seen_message_id=7))
        takeovers.begin(connection, other.id, By.PANEL, None, NOW)
        assert takeovers.list_seen(connection, both, NOW) == {chat.id: 7, other.id: 7}
        assert takeovers.list_seen(connection, both, SOON) == {other.id: 7}
        assert takeovers.list_seen(connection, [chat.id], NOW) == {chat.id: 7}
        assert takeovers.list_seen(connection, [], NOW) == {}
