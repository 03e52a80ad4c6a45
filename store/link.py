"""Who we are linked to, since when, and why not any more."""

from datetime import datetime

from sqlalchemy import Connection, select, update

from core.link import SESSION_ENDS, End, Link
from core.phone import Phone
from store.sql.engine import insert_new
from store.sql.tables import link as table


def load(connection: Connection) -> Link:
    row = connection.execute(select(table)).mappings().first()
    if row is None:
        return Link()
    return Link(
        phone=Phone(row["phone"]) if row["phone"] else None,
        device_name=row["device_name"],
        linked_at=row["linked_at"],
        end=End(row["ended"]) if row["ended"] else None,
        ended_at=row["ended_at"],
    )


def record_link(connection: Connection, phone: Phone, device_name: str, now: datetime) -> None:
    """The account answers to us from now on. Keeps the date when it is the same account again."""
    _ensure(connection)
    known = load(connection)
    since = known.linked_at if known.phone == phone else now
    connection.execute(
        update(table).values(
            phone=phone, device_name=device_name, linked_at=since, ended=None, ended_at=None
        )
    )


def record_end(connection: Connection, end: End, now: datetime) -> None:
    """The link is over, or stopped for a reason that the owner has to know."""
    _ensure(connection)
    gone = {"phone": None, "device_name": None, "linked_at": None} if end in SESSION_ENDS else {}
    connection.execute(update(table).values(ended=end, ended_at=now, **gone))


def raise_fence(connection: Connection, token: int) -> int:
    """Move the floor up to at least one above what it was, and to `token` if that is higher.

    Returns the token to use. Redis counts the tokens, but may have forgotten; SQL has not.
    """
    _ensure(connection)
    floor: int = connection.execute(select(table.c.fence).with_for_update()).scalar_one()
    fence = max(token, floor + 1)
    connection.execute(update(table).values(fence=fence))
    return fence


def read_fence(connection: Connection) -> int:
    """The highest token given out so far; 0 before the first."""
    return connection.execute(select(table.c.fence)).scalar() or 0


def _ensure(connection: Connection) -> None:
    connection.execute(insert_new(connection, table).values(id=1, fence=0))
