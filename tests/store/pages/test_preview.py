"""How things are for one sender at this moment."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Connection

from core.admission.allowlist import Pattern
from core.admission.preview import PreviewInput
from core.phone import Phone
from store import allowlist, settings
from store.agents.agents import AgentFolder
from store.chats import chats, people, takeovers, turns
from store.chats.chats import Chat
from store.chats.takeovers import By
from store.chats.turns import Answer, TurnKind
from store.pages import preview
from store.sql.engine import Database
from tests.store.rows import ADA, BOB, LID, NOW, chat_with, write

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def folder(tmp_path: Path) -> AgentFolder:
    for name, config in (("finn", "model: demo/echo\n"), ("off", "channels: {whatsapp: false}\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "IDENTITY.md").write_text(f"- **Name:** {name}\n")
        (tmp_path / name / "config.yml").write_text(config)
    return AgentFolder(tmp_path)


def of(
    connection: Connection, folder: AgentFolder, phone: Phone | None = ADA, lid: str | None = None
) -> PreviewInput:
    return preview.read_input(connection, phone, lid, folder.load(), NOW)


def spend(connection: Connection, chat: Chat, dollars: str) -> None:
    turn_id = turns.begin(
        connection, chat.id, [], NOW, kind=TurnKind.AGENT, request="", person_id=chat.person_id
    )
    assert turns.finish(connection, turn_id, chat, Answer((), "", cost_usd=Decimal(dollars)), NOW)


def test_somebody_who_has_never_written(database: Database, folder: AgentFolder) -> None:
    with database.write() as connection:
        allowlist.add(connection, Pattern.parse(str(BOB)), None, "finn", NOW)
        found = of(connection, folder)
        assert found.settings == settings.load(connection)
    assert (found.phone, found.lid, found.chat_id, found.sticky) == (ADA, None, None, None)
    assert not (found.is_blocked or found.is_paused or found.is_flood or found.is_over_budget)
    assert found.entries == []


def test_everything_that_is_known_of_somebody(database: Database, folder: AgentFolder) -> None:
    with database.write() as connection:
        allowlist.add(connection, Pattern.parse("+1555*"), None, "finn", NOW)
        person = people.identify(connection, ADA, LID, "Ada", NOW)
        chat = chats.enter(connection, person.id, LID, NOW)
        chats.stick(connection, chat.id, "finn", LATER)
        takeovers.begin(connection, chat.id, By.PANEL, LATER, NOW)
        people.block(connection, person.id, NOW)
        found = of(connection, folder, None, LID)
    assert (found.phone, found.lid, found.chat_id) == (ADA, LID, chat.id)
    assert (found.sticky, found.sticky_until) == ("finn", LATER)
    assert (found.is_paused, found.paused_until, found.is_blocked) == (True, LATER, True)
    assert [str(entry.pattern) for entry in found.entries] == ["+1555*"]


def test_what_is_over_is_over(database: Database, folder: AgentFolder) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        chats.stick(connection, chat.id, "finn", NOW)
        takeovers.begin(connection, chat.id, By.PANEL, NOW, NOW - timedelta(minutes=1))
        found = of(connection, folder)
    assert (found.sticky, found.sticky_until) == (None, None)
    assert (found.is_paused, found.paused_until) == (False, None)


def test_the_message_itself_is_counted(database: Database, folder: AgentFolder) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        current = settings.load(connection)
        settings.save(connection, replace(current, messages_per_minute=2), NOW)
        write(connection, chat, "A")
        assert not of(connection, folder).is_flood
        write(connection, chat, "B")
        assert of(connection, folder).is_flood


def test_the_day_s_budget(database: Database, folder: AgentFolder) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        wanted = replace(settings.load(connection), daily_cost_usd=Decimal(1))
        settings.save(connection, wanted, NOW)
        spend(connection, chat, "0.99")
        assert not of(connection, folder).is_over_budget
        spend(connection, chat, "0.01")
        assert of(connection, folder).is_over_budget
