"""Receipts: how far what we sent has come on the person's phone."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, update
from sqlalchemy.sql.dml import ReturningUpdate

from store.sql.prepared import prepared
from store.sql.tables import outbox as table


def record_delivery(connection: Connection, wa_ids: Collection[str], at: datetime) -> set[str]:
    """Two ticks for these, unless they have them. Returns the ids that we know."""
    return set(_move_delivered(connection, list(wa_ids), at).scalars())


@prepared
def _move_delivered(wa_ids: Any, at: Any) -> ReturningUpdate[Any]:
    values = {"delivered_at": func.coalesce(table.c.delivered_at, at)}
    return update(table).where(table.c.wa_id.in_(wa_ids)).values(values).returning(table.c.wa_id)


def read(connection: Connection, wa_ids: Collection[str], at: datetime) -> set[str]:
    """Blue ticks. What was read has been delivered, whether that was said or not."""
    return set(_read(connection, list(wa_ids), at).scalars())


@prepared
def _read(wa_ids: Any, at: Any) -> ReturningUpdate[Any]:
    values = {
        "delivered_at": func.coalesce(table.c.delivered_at, at),
        "read_at": func.coalesce(table.c.read_at, at),
    }
    return update(table).where(table.c.wa_id.in_(wa_ids)).values(values).returning(table.c.wa_id)
