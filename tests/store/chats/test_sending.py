"""An agent writes first."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.agents.agent import Agent
from core.errors import NotConnected
from core.link import Phase, Status
from store import link, settings
from store.chats import chats, outbox, sending
from store.sql.engine import Database
from store.sql.tables import outbox as table
from tests.store.rows import ADA, BOB, NOW, chat_with, column

FINN = Agent("finn", "Finn")
ONLINE, OFFLINE = Status(Phase.LINKED, connected=True), Status(Phase.LINKED)


def test_the_chat_turns_to_the_agent_that_wrote(database: Database) -> None:
    with database.write() as connection:
        settings.save(connection, replace(settings.load(connection), sticky_minutes=7), NOW)
        chat = chat_with(connection)
        rows = sending.queue(connection, FINN, ADA, ["one", "two"], NOW)
        assert [(row, text) for row, text in enumerate(column(connection, table, "text"), 1)] == [
            (rows[0], "one"),
            (rows[1], "two"),
        ]
        assert column(connection, table, "chat_id") == [chat.id] * 2
        assert column(connection, table, "agent") == ["finn"] * 2
        assert column(connection, table, "send_id") == [None] * 2
        found = chats.get(connection, chat.id)
        assert found and found.find_sticky(NOW + timedelta(minutes=7, seconds=-1)) == "finn"
        assert found.find_sticky(NOW + timedelta(minutes=7)) is None


def test_there_need_not_have_been_a_chat(database: Database) -> None:
    with database.write() as connection:
        [row] = sending.queue(connection, FINN, BOB, ["Hello"], NOW)
        chat, piece = chats.of_phone(connection, BOB), outbox.get(connection, row)
        assert chat and piece and piece.chat_id == chat.id
        assert piece.address == chat.address == f"{BOB.digits}@s.whatsapp.net"


@pytest.mark.parametrize(
    ("enabled", "linked", "status", "reason"),
    [
        (False, True, ONLINE, "WhatsApp is not connected: the integration is disabled"),
        (True, False, None, "WhatsApp is not connected: no account is linked"),
        (True, False, OFFLINE, "WhatsApp is not connected: no account is linked"),
        (True, True, None, "WhatsApp is not connected: the worker is not running"),
        (True, True, OFFLINE, "WhatsApp is not connected"),
    ],
)
def test_why_nothing_can_leave(
    database: Database, enabled: bool, linked: bool, status: Status | None, reason: str
) -> None:
    with database.write() as connection:
        settings.save(connection, replace(settings.load(connection), enabled=enabled), NOW)
        if linked:
            link.record_link(connection, ADA, "DjinnBot", NOW)
        with pytest.raises(NotConnected) as caught:
            sending.check_way(connection, status)
    assert str(caught.value) == reason


def test_while_connected_it_leaves(database: Database) -> None:
    with database.write() as connection:
        settings.save(connection, replace(settings.load(connection), enabled=True), NOW)
        sending.check_way(connection, ONLINE)
        sending.check_enabled(connection)
