"""The numbers each agent may write to on its own. Read anew at every use, so that what is revoked
is refused at once."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, insert, select
from sqlalchemy.exc import IntegrityError

from core.admission.allowlist import Pattern
from core.admission.permission import Permission
from core.errors import DuplicateEntry
from store.sql.tables import agent_permissions as table


def load(connection: Connection, agent: str | None = None) -> Sequence[Permission]:
    """One agent's, or all, the newest first."""
    statement = select(table).order_by(table.c.id.desc())
    if agent is not None:
        statement = statement.where(table.c.agent == agent)
    return [_make_permission(row) for row in connection.execute(statement).mappings()]


def get(connection: Connection, permission_id: int) -> Permission | None:
    statement = select(table).where(table.c.id == permission_id)
    row = connection.execute(statement).mappings().first()
    return _make_permission(row) if row else None


def add(
    connection: Connection, agent: str, pattern: Pattern, label: str | None, now: datetime
) -> Permission:
    """Raises `DuplicateEntry` and leaves everything as it was when the agent has this pattern."""
    values = {"agent": agent, "pattern": pattern, "note": label, "created_at": now}
    try:
        with connection.begin_nested():
            rows = connection.execute(insert(table).values(values).returning(table)).mappings()
            return _make_permission(rows.one())
    except IntegrityError:
        raise DuplicateEntry(f"{agent} may write to {pattern} already.") from None


def replace(
    connection: Connection, agent: str, wanted: Iterable[tuple[Pattern, str | None]], now: datetime
) -> Sequence[Permission]:
    """Give the agent these patterns, with their labels, and no others. Raises `DuplicateEntry` when
    one is there twice; the caller's transaction must then be given up."""
    connection.execute(delete(table).where(table.c.agent == agent))
    return [add(connection, agent, pattern, label, now) for pattern, label in wanted]


def remove(connection: Connection, permission_id: int) -> Permission | None:
    """The permission that was removed; None if it was gone."""
    statement = delete(table).where(table.c.id == permission_id).returning(table)
    row = connection.execute(statement).mappings().first()
    return _make_permission(row) if row else None


def _make_permission(row: RowMapping) -> Permission:
    return Permission(
        id=row["id"],
        agent=row["agent"],
        pattern=Pattern(row["pattern"]),
        label=row["note"],
        created_at=row["created_at"],
    )
