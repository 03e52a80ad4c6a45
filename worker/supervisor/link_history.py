"""Writes down what the connection goes through, for the owner to read."""

from datetime import UTC, datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.link import End
from store import link_events
from store.link_events import Event
from store.sql.engine import Database

log = structlog.get_logger()


class History:
    """Not worth losing the connection over: what the database refuses is a gap, not an error."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, event: Event | End, detail: str = "", fence: int | None = None) -> None:
        now = datetime.now(UTC)
        try:
            with self._database.write() as connection:
                link_events.record(connection, event, now, fence=fence, detail=detail)
        except SQLAlchemyError as error:
            log.warning("The history of the connection has a gap", error=str(error))
