"""The owner's settings: one row, its version one higher with each save."""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select, update

from core.settings import FIELDS, Settings, read_setting
from store.sql.engine import insert_new
from store.sql.prepared import prepared
from store.sql.tables import settings as table


def load(connection: Connection) -> Settings:
    """The settings in force; the defaults (version 0) until some are saved."""
    row = _select_row(connection).mappings().first()
    if row is None:
        return Settings()
    return Settings(**{name: read_setting(name, row[name]) for name in FIELDS})


@prepared
def _select_row() -> Select[Any]:
    return select(table)


def save(connection: Connection, wanted: Settings, now: datetime) -> Settings:
    """Store them as the next version and return them as stored. Rules the next message."""
    connection.execute(
        insert_new(connection, table).values(id=1, updated_at=now, **_make_values(wanted))
    )
    values = _make_values(wanted) | {"version": table.c.version + 1, "updated_at": now}
    version = connection.execute(update(table).values(values).returning(table.c.version)).scalar()
    assert version is not None
    return replace(wanted, version=version)


def _make_values(wanted: Settings) -> dict[str, object]:
    return asdict(replace(wanted, version=0))
