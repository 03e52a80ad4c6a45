"""The owner's settings: one row, its version one higher with each save."""

from dataclasses import asdict, replace
from datetime import datetime

from sqlalchemy import Connection, select, update

from core.settings import Groups, Settings
from store.db import insert_new
from store.tables import settings as table


def load(connection: Connection) -> Settings:
    """The settings in force; the defaults (version 0) while nobody has saved any."""
    row = connection.execute(select(table)).mappings().first()
    if row is None:
        return Settings()
    values = {name: row[name] for name in asdict(Settings())}
    return Settings(**values | {"groups": Groups(row["groups"])})


def save(connection: Connection, wanted: Settings, now: datetime) -> Settings:
    """Store them as the next version and return them as stored. Rules the next message."""
    connection.execute(insert_new(connection, table).values(id=1, updated_at=now, **_row(wanted)))
    values = _row(wanted) | {"version": table.c.version + 1, "updated_at": now}
    version = connection.execute(update(table).values(values).returning(table.c.version)).scalar()
    assert version is not None
    return replace(wanted, version=version)


def _row(wanted: Settings) -> dict[str, object]:
    return asdict(replace(wanted, version=0))
