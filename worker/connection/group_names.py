"""What groups are called: asked in a thread of its own, since WhatsApp's answer may take long.

Messages only say in which group they were written. A group is asked about soon after a member was
first answered there, and once by each later connection: names change.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from store.chats import chats
from store.sql.engine import Database

LOOK = 10.0  # seconds between two looks for groups that were not asked about
AGAIN = timedelta(minutes=5)  # after which one without an answer is asked about again
LATELY = timedelta(days=30)  # groups where nothing was said since then keep the name they had


class GroupNames:
    """For one thread."""

    def __init__(
        self,
        database: Database,
        ask: Callable[[str], str | None],
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._ask = ask
        self._now = now
        self._done: set[int] = set()
        self._not_before: dict[int, datetime] = {}

    def work(self) -> None:
        """Ask about the groups of which this connection knows nothing yet."""
        now = self._now()
        with self._database.read() as connection:
            groups = chats.list_groups(connection, now - LATELY)
        for chat in groups:
            if chat.id in self._done or now < self._not_before.get(chat.id, now):
                continue
            subject = self._ask(chat.address)
            if subject is None:  # offline, or we are not in it any more
                self._not_before[chat.id] = now + AGAIN
                continue
            with self._database.write() as connection:
                chats.rename_group(connection, chat.id, subject)
            self._done.add(chat.id)
