"""Takeovers: while the owner has taken over a chat it is paused, and no agent answers in it.

A takeover ends by itself: each query compares with the clock, so there is no timer that a restart
could lose. The columns (`paused_...`) go on telling of the latest one after its end: whether a chat
is paused now, `is_active` says in queries, and `Chat.is_paused` of a chat that was read.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select, update

from store.sql.prepared import prepared
from store.sql.tables import chats as table

A_WHILE = timedelta(minutes=30)


class By(StrEnum):
    """Where the owner has taken over."""

    PANEL = "panel"
    PHONE = "phone"  # they wrote on the phone that the account lives on


@dataclass(frozen=True)
class Takeover:
    """The owner answers in the agent's place."""

    since: datetime
    until: datetime | None  # None: until the owner ends it
    by: By


def is_active(now: Any) -> ColumnElement[bool]:
    """In a query over chats: those that are paused at this time, which may be a placeholder."""
    return and_(
        table.c.paused_at.is_not(None),
        or_(table.c.paused_until.is_(None), table.c.paused_until > now),
    )


def find_current(connection: Connection, chat_id: int, now: datetime) -> Takeover | None:
    row = _select_current(connection, chat_id, now).first()
    return Takeover(row.paused_at, row.paused_until, By(row.paused_by)) if row else None


@prepared
def _select_current(chat_id: Any, now: Any) -> Select[Any]:
    columns = (table.c.paused_at, table.c.paused_until, table.c.paused_by)
    return select(*columns).where(table.c.id == chat_id, is_active(now))


def list_seen(connection: Connection, chat_ids: Iterable[int], now: datetime) -> dict[int, int]:
    """Those of these chats that are paused, each with the last message that the owner has seen in
    the panel, 0 for none."""
    rows = _select_seen(connection, list(chat_ids), now)
    return {row.id: row.seen_message_id or 0 for row in rows}


@prepared
def _select_seen(chat_ids: Any, now: Any) -> Select[Any]:
    columns = (table.c.id, table.c.seen_message_id)
    return select(*columns).where(table.c.id.in_(chat_ids), is_active(now))


def begin(
    connection: Connection, chat_id: int, by: By, until: datetime | None, now: datetime
) -> None:
    """Pause the chat until then, None: until `end`. Replaces the end of a takeover at work."""
    known = find_current(connection, chat_id, now)
    since = known.since if known else now
    values = {"paused_at": since, "paused_until": until, "paused_by": by}
    connection.execute(update(table).where(table.c.id == chat_id).values(values))


def extend(connection: Connection, chat_id: int, by: By, until: datetime, now: datetime) -> bool:
    """Pause it at least until then. False if nothing had to change."""
    known = find_current(connection, chat_id, now)
    if until <= now or (known and (known.until is None or known.until >= until)):
        return False
    begin(connection, chat_id, by, until, now)
    return True


def end(connection: Connection, chat_id: int, now: datetime) -> bool:
    """Agents answer again. False if it was not paused."""
    return (
        connection.execute(
            update(table).where(table.c.id == chat_id, is_active(now)).values(paused_until=now)
        ).rowcount
        == 1
    )
