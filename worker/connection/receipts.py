"""Receipts on their way into the outbox's rows, outside the library's callback.

neonize 0.5.2 can't hand over a receipt of a kind that it does not know: its loop of events ends,
and what arrives before the connection is closed is lost. Ticks are not worth that a second time:
after it has happened, connections do without receipts for a day.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from store.chats import receipts
from store.sql.engine import Database

UNKNOWN_FOR = timedelta(minutes=1)  # a receipt may be here before the id of what was sent is stored
MOST = 5000  # receipts that wait until their messages are known
WITHOUT_FOR = timedelta(days=1)

_MARK = "without-receipts"  # a file beside the session, as old as the accident
_ACCIDENT = "neonize.Receipt"  # in what the library says of it


@dataclass(frozen=True)
class Receipt:
    """What a phone reports of messages that we sent."""

    ids: Sequence[str]
    is_read: bool
    at: datetime


class Receipts:
    """`add` in the library's callback, `write` in one thread."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._lock = threading.Lock()
        self._waiting: deque[tuple[datetime, Receipt]] = deque(maxlen=MOST)

    def add(self, receipt: Receipt) -> None:
        with self._lock:
            self._waiting.append((self._now(), receipt))

    def write(self) -> None:
        """One transaction for all. What is still unknown after a while was about something else."""
        with self._lock:
            taken, self._waiting = self._waiting, deque(maxlen=MOST)
        if not taken:
            return
        left = []
        try:
            with self._database.write() as connection:
                known = _write_down(connection, [receipt for _, receipt in taken])
                for came, receipt in taken:
                    unknown = [each for each in receipt.ids if each not in known]
                    if unknown and self._now() - came < UNKNOWN_FOR:
                        left.append((came, Receipt(unknown, receipt.is_read, receipt.at)))
        except Exception:
            left = list(taken)
            raise
        finally:
            with self._lock:
                self._waiting.extendleft(reversed(left))


def _write_down(connection: Connection, taken: Sequence[Receipt]) -> set[str]:
    """One statement for all of a kind and a moment, in the order in which they came. Returns the
    ids that we know."""
    groups: dict[tuple[bool, datetime], list[str]] = {}
    for receipt in taken:
        groups.setdefault((receipt.is_read, receipt.at), []).extend(receipt.ids)
    known: set[str] = set()
    for (is_read, at), ids in groups.items():
        known |= (receipts.read if is_read else receipts.record_delivery)(connection, ids, at)
    return known


def are_wanted(folder: Path, now: datetime) -> bool:
    """Whether to ask the library for receipts. `folder` is the session's."""
    try:
        accident = (folder / _MARK).stat().st_mtime
    except FileNotFoundError:
        return True
    return now.timestamp() - accident > WITHOUT_FOR.total_seconds()


def recognise_accident(folder: Path, error: str) -> bool:
    """Whether it was a receipt that ended the library's loop. If so, that is remembered."""
    if _ACCIDENT not in error:
        return False
    (folder / _MARK).touch()
    return True
