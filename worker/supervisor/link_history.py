"""Writes the link history from the supervisor."""

from datetime import UTC, datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.link import End
from store import link_history
from store.link_history import Event
from store.sql.engine import Database

log = structlog.get_logger()


class LinkHistory:
    """What the database refuses is a gap in the history, not an error: it is not worth losing the
    connection over."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, event: Event | End, detail: str = "", fence: int | None = None) -> None:
        now = datetime.now(UTC)
        try:
            with self._database.write() as connection:
                link_history.record(connection, event, now, fence=fence, detail=detail)
        except SQLAlchemyError as error:
            log.warning("The history of the connection has a gap", error=str(error))
