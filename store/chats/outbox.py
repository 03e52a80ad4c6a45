"""Replies on their way out: one row per message, in order.

queued -> sending -> sent, or failed (refused), or unknown (the connection was lost at a moment
when it can't be told; never sent again blindly).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, Update, func, insert, select, update
from sqlalchemy.sql.dml import ReturningInsert

from store.sql.prepared import prepared
from store.sql.tables import link
from store.sql.tables import outbox as table

RESENDS = 1  # a row whose sender died is sent again this often: a duplicate is cheaper than a loss


class OutState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Outbound:
    """One message to send to a WhatsApp address."""

    id: int
    address: str
    text: str
    state: OutState
    chat_id: int | None
    turn_id: int | None
    attempts: int
    possibly_twice: bool
    wa_id: str | None
    error: str | None
    created_at: datetime
    sent_at: datetime | None


def add(
    connection: Connection,
    *,
    address: str,
    texts: Sequence[str],
    now: datetime,
    chat_id: int | None = None,
    turn_id: int | None = None,
    send_id: int | None = None,
    agent: str | None = None,
) -> list[int]:
    """Queue these messages, in order. Returns their ids. Nudge the worker after the commit."""
    row = {
        "address": address,
        "chat_id": chat_id,
        "turn_id": turn_id,
        "send_id": send_id,
        "agent": agent,
        "state": OutState.QUEUED,
        "created_at": now,
    }
    return [_add(connection, **row, text=text).scalar_one() for text in texts]


@prepared
def _add() -> ReturningInsert[Any]:
    return insert(table).returning(table.c.id)


def get(connection: Connection, row_id: int) -> Outbound | None:
    row = connection.execute(select(table).where(table.c.id == row_id)).mappings().first()
    return _outbound(row) if row else None


def heads(connection: Connection, limit: int = 500) -> Sequence[Outbound]:
    """The next message of each address that has any, so that no chat waits for another's book.
    The oldest `limit` of them."""
    return [_outbound(row) for row in _heads(connection, limit).mappings()]


@prepared
def _heads(limit: Any) -> Select[Any]:
    first = (
        select(func.min(table.c.id))
        .where(table.c.state == OutState.QUEUED)
        .group_by(table.c.address)
        .order_by(func.min(table.c.id))
        .limit(limit)
    )
    return select(table).where(table.c.id.in_(first)).order_by(table.c.id)


def claim(connection: Connection, row_id: int, fence: int, now: datetime) -> bool:
    """Take a row for sending. False if it is taken, or if a newer connection has the lock."""
    return _claim(connection, row_id, fence, claimed_at=now).rowcount == 1


@prepared
def _claim(row_id: Any, fence: Any) -> Update:
    newest = select(link.c.fence).scalar_subquery()
    free = (table.c.id == row_id, table.c.state == OutState.QUEUED, newest == fence)
    values = {"state": OutState.SENDING, "fence": fence, "attempts": table.c.attempts + 1}
    return update(table).where(*free).values(values)


def sent(connection: Connection, row_id: int, wa_id: str, now: datetime) -> None:
    """It has left, whatever anybody has thought of it meanwhile."""
    _sent(connection, row_id, state=OutState.SENT, wa_id=wa_id, sent_at=now, error=None)


@prepared
def _sent(row_id: Any) -> Update:
    return update(table).where(table.c.id == row_id)


def not_sent(connection: Connection, row_id: int, fence: int) -> None:
    """It certainly did not leave: it waits again, in its old place. Only its own connection can
    say so: a newer one may be sending it by now."""
    connection.execute(
        update(table)
        .where(table.c.id == row_id, table.c.state == OutState.SENDING, table.c.fence == fence)
        .values(state=OutState.QUEUED, attempts=table.c.attempts - 1)
    )


def refused(connection: Connection, row_id: int, error: str) -> None:
    _give_up(connection, row_id, OutState.FAILED, error)


def lost_sight(connection: Connection, row_id: int, error: str) -> None:
    """Nobody can tell whether it left. It is not sent again by itself."""
    _give_up(connection, row_id, OutState.UNKNOWN, error)


def recover(connection: Connection, fence: int) -> int:
    """Take up what an earlier connection left half done. Returns how many rows.

    Its process is dead: whether such a row left is unknown. It is sent once more and marked as
    possibly sent twice; after that it stays unknown.
    """
    stranded = (table.c.state == OutState.SENDING) & (table.c.fence < fence)
    given_up = connection.execute(
        update(table)
        .where(stranded, table.c.attempts > RESENDS)
        .values(state=OutState.UNKNOWN, error="The connection ended while it was being sent.")
    ).rowcount
    again = connection.execute(
        update(table).where(stranded).values(state=OutState.QUEUED, possibly_twice=True)
    ).rowcount
    return given_up + again


def drop(connection: Connection, turn_id: int, error: str) -> int:
    """What waits of this turn will not be sent. Returns how many rows."""
    return connection.execute(
        update(table)
        .where(table.c.turn_id == turn_id, table.c.state == OutState.QUEUED)
        .values(state=OutState.FAILED, error=error)
    ).rowcount


def cancel_all(connection: Connection, error: str) -> int:
    """Nothing that waits will be sent any more: the account is gone. Returns how many.

    What was being sent when its connection ended is not taken up again either: that would be by
    another account. Nobody knows whether it left.
    """
    ends = ((OutState.QUEUED, OutState.FAILED), (OutState.SENDING, OutState.UNKNOWN))
    return sum(
        connection.execute(
            update(table).where(table.c.state == state).values(state=end, error=error)
        ).rowcount
        for state, end in ends
    )


def _give_up(connection: Connection, row_id: int, end: OutState, error: str) -> None:
    """Unless it was sent: what has left stays sent."""
    connection.execute(
        update(table)
        .where(table.c.id == row_id, table.c.state != OutState.SENT)
        .values(state=end, error=error)
    )


def _outbound(row: RowMapping) -> Outbound:
    names = Outbound.__dataclass_fields__
    return Outbound(**{name: row[name] for name in names} | {"state": OutState(row["state"])})
