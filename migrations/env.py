"""Alembic's entry point. The address comes from the caller (`store.sql.migrate`), which hands over
an open connection; there is no alembic.ini."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection

from store.sql.engine import Instant
from store.sql.tables import metadata


def render_type(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """Spell our own column type in a generated migration as script.py.mako imports it."""
    return "Instant()" if kind == "type" and isinstance(item, Instant) else False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,  # SQLite can't alter most things in place
        compare_type=True,
        render_item=render_type,
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
