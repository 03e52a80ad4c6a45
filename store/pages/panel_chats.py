"""The list of the chats that the owner has with agents in the panel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from core.text.shortening import shorten_to_line
from store.chats.chats import PANEL
from store.sql.tables import chats as table
from store.sql.tables import messages

LISTED = 100  # chats
TITLE = 60  # characters


@dataclass(frozen=True)
class PanelChat:
    """A chat in the list."""

    id: int
    title: str  # how it begins
    agent: str | None
    at: datetime


def list_latest(connection: Connection, limit: int | None = LISTED) -> Sequence[PanelChat]:
    """The chats in which something was said, the latest first."""
    first = (
        select(messages.c.chat_id, func.min(messages.c.id).label("id"))
        .where(messages.c.account == PANEL)
        .group_by(messages.c.chat_id)
        .subquery()
    )
    rows = connection.execute(
        select(table.c.id, table.c.agent, table.c.last_message_at, messages.c.text)
        .join(first, first.c.chat_id == table.c.id)
        .join(messages, messages.c.id == first.c.id)
        .order_by(table.c.last_message_at.desc(), table.c.id.desc())
        .limit(limit)
    )
    return [
        PanelChat(row.id, shorten_to_line(row.text, TITLE), row.agent, row.last_message_at)
        for row in rows
    ]
