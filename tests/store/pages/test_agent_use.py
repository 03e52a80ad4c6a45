"""How much each agent has been used."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import insert

from store.pages import agent_use
from store.pages.agent_use import Use
from store.sql.engine import Database
from store.sql.tables import chats, turns

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_nobody_was_asked_yet(database: Database) -> None:
    with database.read() as connection:
        assert agent_use.load(connection) == {}


def test_what_each_was_asked(database: Database) -> None:
    with database.write() as connection:
        chat = connection.execute(insert(chats).values(address="x").returning(chats.c.id)).scalar()
        rows = [
            ("finn", "agent", "done", 100, 10, Decimal("0.000123")),
            ("finn", "agent", "failed", None, None, None),
            ("finn", "agent", "done", 200, 20, Decimal("0.5")),
            ("finn", "agent", "done", 1, 1, None),
            ("eric", "agent", "done", 7, 3, None),
            (None, "command", "done", None, None, None),
            ("finn", "notice", "done", None, None, None),
        ]
        for number, (agent, kind, state, read, written, cost) in enumerate(rows):
            connection.execute(
                insert(turns).values(
                    chat_id=chat,
                    kind=kind,
                    state=state,
                    agent=agent,
                    request="",
                    input_tokens=read,
                    output_tokens=written,
                    cost_usd=cost,
                    started_at=NOW + timedelta(minutes=number),
                )
            )
    with database.read() as connection:
        assert agent_use.load(connection) == {
            "finn": Use(4, NOW + timedelta(minutes=3), 301, 31, Decimal("0.500123"), 1),
            "eric": Use(1, NOW + timedelta(minutes=4), 7, 3, None, 1),
        }
