"""Receipts: how far what we sent has come on the person's phone."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, func, literal, update

from store.db import Instant
from store.tables import outbox as table


def delivered(connection: Connection, wa_ids: Collection[str], at: datetime) -> set[str]:
    """Two ticks for these, unless they have them. Returns the ids that we know."""
    moment = literal(at, Instant())
    return _set(connection, wa_ids, delivered_at=func.coalesce(table.c.delivered_at, moment))


def read(connection: Connection, wa_ids: Collection[str], at: datetime) -> set[str]:
    """Blue ticks. What was read has been delivered, whether anybody said so or not."""
    moment = literal(at, Instant())
    return _set(
        connection,
        wa_ids,
        delivered_at=func.coalesce(table.c.delivered_at, moment),
        read_at=func.coalesce(table.c.read_at, moment),
    )


def _set(connection: Connection, wa_ids: Collection[str], **values: object) -> set[str]:
    return set(
        connection.scalars(
            update(table).where(table.c.wa_id.in_(wa_ids)).values(values).returning(table.c.wa_id)
        )
    )
