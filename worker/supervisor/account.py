"""What SQL remembers of the linked account, for the state machine around its connection."""

from datetime import UTC, datetime

from core.link import End, Link
from core.messages.message import Reason
from core.phone import Phone
from store import link, link_history
from store.account import audit
from store.account.audit import Action
from store.chats import outbox, turns
from store.link_history import Event
from store.sql.engine import Database

UNLINKED = "The account was unlinked before this could be sent."


class Account:
    """Each call is a transaction. `fence` is the token of the connection that it is about. What the
    database raises goes to the caller."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load_link(self) -> Link:
        with self._database.read() as connection:
            return link.load(connection)

    def raise_fence(self, token: int) -> int:
        """The next connection's token: at least this one, and higher than any before."""
        with self._database.write() as connection:
            return link.raise_fence(connection, token)

    def record_pairing(self, phone: Phone, device_name: str, fence: int | None) -> None:
        now = datetime.now(UTC)
        with self._database.write() as connection:
            link.record_link(connection, phone, device_name, now)
            link_history.record(connection, Event.PAIRED, now, fence=fence)
            audit.record(connection, "worker", Action.LINKED, phone, now)

    def record_link(self, phone: Phone, device_name: str) -> None:
        """It is linked after all, or under another number."""
        with self._database.write() as connection:
            link.record_link(connection, phone, device_name, datetime.now(UTC))

    def record_end(self, reason: End, fence: int | None, detail: str) -> None:
        """Still linked, but not connected again by itself."""
        now = datetime.now(UTC)
        with self._database.write() as connection:
            link.record_end(connection, reason, now)
            link_history.record(connection, reason, now, fence=fence, detail=detail)

    def forget(self, reason: End, fence: int | None) -> None:
        """The account is not ours any more: nothing is left to answer or to send."""
        now = datetime.now(UTC)
        with self._database.write() as connection:
            phone = link.load(connection).phone
            link.record_end(connection, reason, now)
            link_history.record(connection, reason, now, fence=fence)
            turns.drop_unanswered(connection, Reason.UNLINKED)
            outbox.cancel_all(connection, UNLINKED)
            detail = f"{phone or ''} {reason.replace('_', ' ')}".strip()
            audit.record(connection, "worker", Action.LINK_ENDED, detail, now)
