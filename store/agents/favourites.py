"""The owner's favourite models, in their order."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select

from store.sql.engine import insert_new
from store.sql.tables import favourite_models as table


def load(connection: Connection) -> Sequence[str]:
    return list(connection.scalars(select(table.c.model).order_by(table.c.position, table.c.id)))


def save(connection: Connection, models: Sequence[str]) -> None:
    """Replace the whole list; a name that comes twice counts once."""
    connection.execute(delete(table))
    for position, model in enumerate(dict.fromkeys(models)):
        connection.execute(insert_new(connection, table).values(position=position, model=model))
