"""The list of the owner's chats with agents in the panel."""

from datetime import timedelta

from store.chats import chats, messages
from store.pages.panel_chats import PanelChat, list_latest
from store.sql.engine import Database
from tests.store.rows import NOW, chat_with, write

LATER = NOW + timedelta(minutes=1)


def test_the_latest_comes_first_and_is_called_by_its_beginning(database: Database) -> None:
    with database.write() as connection:
        write(connection, chat_with(connection), "A")  # on WhatsApp
        one = chats.begin_in_panel(connection, "finn", NOW)
        other = chats.begin_in_panel(connection, "eric", NOW)
        chats.begin_in_panel(connection, "finn", LATER)  # nothing was said in it
        messages.write_in_panel(connection, one, "first\n  words " + "x" * 100, "Ana", NOW)
        messages.write_in_panel(connection, other, "Hello", "Ana", NOW)
        messages.write_in_panel(connection, one, "more", "Ana", LATER)
        listed = list_latest(connection)
        assert list_latest(connection, 1) == listed[:1]
    assert [chat.id for chat in listed] == [one.id, other.id]
    assert listed[0].title.startswith("first words xxx") and len(listed[0].title) == 60
    assert listed[1] == PanelChat(other.id, "Hello", "eric", NOW)
