"""The link history (table link_events): what happened to the connection to WhatsApp, for the
owner who asks why it was away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, delete, insert, select

from core.link import End
from core.text.translation import Sentence, _
from store.sql.tables import link_events as table

KEPT = 1000  # of the latest
_END = "end."


class Event(StrEnum):
    """What there is besides the ends, which are kept with their reason as `end.<reason>`."""

    LOCK_WON = "lock_won"
    LOCK_LOST = "lock_lost"
    LOCK_GIVEN_UP = "lock_given_up"
    STARTED = "started"  # a connection process
    GIVEN_UP = "given_up"  # a connection process that hung or died
    PAIRED = "paired"
    ONLINE = "online"
    OFFLINE = "offline"
    RETRY = "retry"

    @property
    def sentence(self) -> Sentence:
        return _SENTENCES[self]


_SENTENCES = {
    Event.LOCK_WON: _("A worker got the WhatsApp lock"),
    Event.LOCK_LOST: _("The worker lost the WhatsApp lock"),
    Event.LOCK_GIVEN_UP: _("The worker gave up the WhatsApp lock"),
    Event.STARTED: _("A connection process was started, {purpose}"),
    Event.GIVEN_UP: _("The connection process was replaced"),
    Event.PAIRED: _("The account was linked"),
    Event.ONLINE: _("Online"),
    Event.OFFLINE: _("Offline"),
    Event.RETRY: _("It is tried again in {delay}"),
}
_PURPOSES = {
    "resume": _("to log in"),
    "link": _("to show a QR code"),
    "code": _("to get a pairing code"),
}


@dataclass(frozen=True)
class LinkEvent:
    """One line of the history."""

    at: datetime
    event: Event | None  # None for an end
    end: End | None  # why the link ended; None for all other events
    fence: int | None  # the lock's token at that time
    detail: str

    @property
    def title(self) -> str | None:
        """None for an event that only another version knows."""
        if self.end:
            return str(self.end.words.title)
        purpose = _PURPOSES.get(self.detail, self.detail)
        return self.event and self.event.sentence.format(purpose=purpose, delay=self.detail)

    @property
    def remark(self) -> str:
        """What the detail adds to the title."""
        return "" if self.event in (Event.STARTED, Event.RETRY) else self.detail


def record(
    connection: Connection,
    event: Event | End,
    now: datetime,
    *,
    fence: int | None = None,
    detail: str = "",
) -> None:
    """Add a line and delete all but the latest `KEPT`. `detail` is never a QR or pairing code."""
    name = f"{_END}{event}" if isinstance(event, End) else event.value
    row = {"at": now, "event": name, "fence": fence, "detail": detail[:1000]}
    added = connection.execute(insert(table).values(row).returning(table.c.id)).scalar_one()
    connection.execute(delete(table).where(table.c.id <= added - KEPT))


def list_latest(connection: Connection, limit: int = 50) -> Sequence[LinkEvent]:
    rows = connection.execute(select(table).order_by(table.c.id.desc()).limit(limit)).mappings()
    return [
        LinkEvent(row["at"], *_parse(row["event"]), row["fence"], row["detail"]) for row in rows
    ]


def _parse(name: str) -> tuple[Event | None, End | None]:
    """Both None for an event that only another version knows."""
    event = next((each for each in Event if each == name), None)
    end = next((each for each in End if f"{_END}{each}" == name), None)
    return event, end
