"""Who changed what. Written in the same transaction as the change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, or_, select

from store.sql.tables import audit as table


@dataclass(frozen=True)
class Act:
    at: datetime
    actor: str
    action: str
    detail: str
    id: int


@dataclass(frozen=True)
class Filter:
    """Which acts are wanted. Nothing in a field: all of them. `text` may stand anywhere, in
    whatever case."""

    actor: str = ""
    action: str = ""
    text: str = ""


def record(connection: Connection, actor: str, action: str, detail: str, now: datetime) -> None:
    """`actor` is the owner's name, "api:<key name>", "worker" or "console"; never a secret in
    `detail`."""
    connection.execute(
        insert(table).values(at=now, actor=actor[:100], action=action, detail=detail)
    )


def latest(
    connection: Connection, limit: int = 100, wanted: Filter = Filter(), before: int | None = None
) -> Sequence[Act]:
    """The newest first; with `before`, those older than the act of this id."""
    statement = select(table).order_by(table.c.id.desc()).limit(limit)
    if wanted.actor:
        statement = statement.where(table.c.actor == wanted.actor)
    if wanted.action:
        statement = statement.where(table.c.action == wanted.action)
    if wanted.text:
        columns = (table.c.detail, table.c.action, table.c.actor)
        statement = statement.where(
            or_(*(column.icontains(wanted.text, autoescape=True) for column in columns))
        )
    if before is not None:
        statement = statement.where(table.c.id < before)
    rows = connection.execute(statement).mappings()
    return [Act(row["at"], row["actor"], row["action"], row["detail"], row["id"]) for row in rows]


def actors(connection: Connection) -> Sequence[str]:
    return connection.scalars(select(table.c.actor).distinct().order_by(table.c.actor)).all()


def actions(connection: Connection) -> Sequence[str]:
    return connection.scalars(select(table.c.action).distinct().order_by(table.c.action)).all()
