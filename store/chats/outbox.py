"""Replies on their way out: one row, a piece, per message, in order.

Its states, and the moves between them, are in `core/states.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, and_, func, insert, select
from sqlalchemy.sql.dml import ReturningInsert

from core.states import PIECE_MOVES, PieceState
from store.sql.moves import Mover
from store.sql.prepared import prepared
from store.sql.tables import link
from store.sql.tables import outbox as table

RESENDS = 1  # a row whose sender died is sent again this often: a duplicate is cheaper than a loss


move = Mover(table, PIECE_MOVES)


@dataclass(frozen=True)
class Outbound:
    """One message to send to a WhatsApp address."""

    id: int
    address: str
    text: str
    state: PieceState
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
    """Queue these messages, in order. Returns their ids. The caller nudges the worker
    (`after_commit`)."""
    row = {
        "address": address,
        "chat_id": chat_id,
        "turn_id": turn_id,
        "send_id": send_id,
        "agent": agent,
        "state": PieceState.QUEUED,
        "created_at": now,
    }
    return [_add(connection, **row, text=text).scalar_one() for text in texts]


@prepared
def _add() -> ReturningInsert[Any]:
    return insert(table).returning(table.c.id)


def get(connection: Connection, row_id: int) -> Outbound | None:
    row = connection.execute(select(table).where(table.c.id == row_id)).mappings().first()
    return _make_outbound(row) if row else None


def has_queued(connection: Connection) -> bool:
    """Whether anything waits to be sent."""
    return _select_queued(connection).first() is not None


@prepared
def _select_queued() -> Select[Any]:
    return select(table.c.id).where(table.c.state == PieceState.QUEUED).limit(1)


def list_heads(connection: Connection, limit: int = 500) -> Sequence[Outbound]:
    """The next message of each address that has any, so that no chat waits for another's book.
    The oldest `limit` of them."""
    return [_make_outbound(row) for row in _select_heads(connection, limit).mappings()]


@prepared
def _select_heads(limit: Any) -> Select[Any]:
    first = (
        select(func.min(table.c.id))
        .where(table.c.state == PieceState.QUEUED)
        .group_by(table.c.address)
        .order_by(func.min(table.c.id))
        .limit(limit)
    )
    return select(table).where(table.c.id.in_(first)).order_by(table.c.id)


def claim(connection: Connection, row_id: int, fence: int, now: datetime) -> bool:
    """Take a row for sending. False if it is taken, or if a newer connection has the lock."""
    newest = select(link.c.fence).scalar_subquery()
    claimed = move(
        connection,
        and_(table.c.id == row_id, newest == fence),
        to=PieceState.SENDING,
        fence=fence,
        attempts=table.c.attempts + 1,
        claimed_at=now,
    )
    return claimed.rowcount == 1


def record_sent(connection: Connection, row_id: int, wa_id: str, now: datetime) -> None:
    """WhatsApp has taken it, even if it counts as unknown by now."""
    move(connection, {"id": row_id}, to=PieceState.SENT, wa_id=wa_id, sent_at=now, error=None)


def record_not_sent(connection: Connection, row_id: int, fence: int) -> None:
    """Put a row back that certainly did not leave: it waits again, in its old place. Only for the
    connection that claimed it: a newer one may be sending it by now."""
    mine = and_(table.c.id == row_id, table.c.fence == fence)
    move(connection, mine, to=PieceState.QUEUED, attempts=table.c.attempts - 1)


def record_refusal(connection: Connection, row_id: int, error: str) -> None:
    move(connection, {"id": row_id}, to=PieceState.FAILED, error=error)


def record_lost_sight(connection: Connection, row_id: int, error: str) -> None:
    """Mark a row of which it is unknown whether it left. It is not sent again by itself."""
    move(connection, {"id": row_id}, to=PieceState.UNKNOWN, error=error)


def recover(connection: Connection, fence: int) -> int:
    """Queue again what an earlier connection was sending. Returns how many rows.

    Its process is dead: whether such a row left is unknown. It is sent once more and marked as
    possibly sent twice; after that it stays unknown.
    """
    stranded = table.c.fence < fence
    given_up = move(
        connection,
        and_(stranded, table.c.attempts > RESENDS),
        out_of=PieceState.SENDING,
        to=PieceState.UNKNOWN,
        error="The connection ended while it was being sent.",
    )
    again = move(connection, stranded, to=PieceState.QUEUED, possibly_twice=True)
    return given_up.rowcount + again.rowcount


def has_queued_of_turn(connection: Connection, turn_id: int) -> bool:
    """Whether any piece of this turn waits to be sent."""
    queued = (table.c.turn_id == turn_id, table.c.state == PieceState.QUEUED)
    return connection.scalar(select(table.c.id).where(*queued).limit(1)) is not None


def drop(connection: Connection, turn_id: int, error: str) -> int:
    """What waits of this turn will not be sent. Returns how many rows."""
    waiting, end = PieceState.QUEUED, PieceState.FAILED
    return move(connection, {"turn_id": turn_id}, out_of=waiting, to=end, error=error).rowcount


def cancel_all(connection: Connection, error: str) -> int:
    """Nothing that waits will be sent any more: the account is gone. Returns how many.

    What was being sent when its connection ended is not taken up again either: that would be by
    another account. Whether it left is unknown.
    """
    ends = ((PieceState.QUEUED, PieceState.FAILED), (PieceState.SENDING, PieceState.UNKNOWN))
    return sum(
        move(connection, {}, out_of=state, to=end, error=error).rowcount for state, end in ends
    )


def _make_outbound(row: RowMapping) -> Outbound:
    names = Outbound.__dataclass_fields__
    return Outbound(**{name: row[name] for name in names} | {"state": PieceState(row["state"])})
