"""From stored to waiting: what happens to a message after the library's callback has saved it."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from core.messages.message import Inbound
from core.phone import Phone
from store import settings as settings_store
from store.chats import messages, pauses, people
from store.chats.messages import Accepted, Received
from store.redis.queue import Turns
from store.sql.engine import Database, after_commit
from worker.connection import decisions

log = structlog.get_logger("[WhatsAppBridge]")

UNREAD_FOR = timedelta(days=1)  # a blue tick older than this helps nobody


class Courtesies(Protocol):
    """What the sender of an accepted message gets to see before the answer."""

    def read(self, accepted: Accepted) -> None: ...
    def acknowledge(self, accepted: Accepted, emoji: str) -> None: ...
    def typing(self, chat: str) -> None: ...


class Receiver:
    """Decides about stored messages, in order. Runs in one thread of the connection process.

    `phone_behind` asks the library, so `work` may be called only once that is connected. `stop`
    tells the jobs that the turn at work in a chat has been closed. `agents` are those that can be
    reached on WhatsApp.
    """

    def __init__(
        self,
        database: Database,
        turns: Turns,
        courtesies: Courtesies,
        phone_behind: Callable[[str], Phone | None],
        stop: Callable[[int], None],
        agents: decisions.Agents,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._agents = agents
        self._turns = turns
        self._stop = stop
        self._courtesies = courtesies
        self._phone_behind = phone_behind
        self._now = now
        self.settings_version = 0
        self.wake = threading.Event()

    def work(self) -> int:
        """Decide about everything that is stored and undecided. Returns how many messages."""
        done = 0
        while batch := self._undecided():
            for received in batch:
                self._handle(received)
            done += len(batch)
        return done

    def look(self) -> None:
        """See which settings are in force."""
        with self._database.read() as connection:
            self.settings_version = settings_store.load(connection).version

    def _undecided(self) -> Sequence[Received]:
        with self._database.read() as connection:
            self.settings_version = settings_store.load(connection).version
            return messages.undecided(connection)

    def _handle(self, received: Received) -> None:
        inbound = self._resolved(received.inbound)
        with self._database.write() as connection:
            settings, now = settings_store.load(connection), self._now()
            verdict = decisions.judge(connection, received.id, inbound, settings, self._agents, now)
            if verdict.taken_over:
                after_commit(connection, self._stop, verdict.taken_over)
            if verdict.accepted:
                after_commit(connection, self._turns.nudge, verdict.accepted.chat_id)
        self.settings_version = settings.version
        # The answer is on its way first: everything below is only seen.
        accepted = verdict.accepted
        if accepted is None:
            return
        self._courtesies.read(accepted)
        if verdict.is_paused:
            return  # nobody is typing an answer
        self._courtesies.typing(accepted.chat)
        if settings.ack_emoji:
            self._courtesies.acknowledge(accepted, settings.ack_emoji)

    def _resolved(self, inbound: Inbound) -> Inbound:
        """With the sender's number, if only the hidden id came along and the number is known."""
        if inbound.phone or not inbound.lid:
            return inbound
        with self._database.read() as connection:
            phone = people.phone_of(connection, inbound.lid)
        return replace(inbound, phone=phone or self._phone_behind(inbound.lid))


class Ticks:
    """Blue ticks that have not left yet: tried again until they have, also after a restart. For
    one thread.

    In a chat that the owner has taken over a tick waits until they have seen the message in the
    panel: what is marked as read here is no news on their phone any more.
    """

    def __init__(
        self,
        database: Database,
        mark_read: Callable[[str, str, Sequence[str]], bool],
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._mark_read = mark_read
        self._now = now
        self._due: dict[int, Accepted] = {}

    def load(self) -> None:
        """Take up the ticks that an earlier connection owed."""
        with self._database.read() as connection:
            owed = messages.unread(connection, self._now() - UNREAD_FOR)
        self._due = {each.id: each for each in owed} | self._due

    def add(self, accepted: Accepted) -> None:
        self._due[accepted.id] = accepted

    def send(self) -> None:
        """One receipt for each chat and sender. The first that can't leave waits behind the others,
        and all for the next call: most likely we are offline."""
        for (chat, sender), group in _grouped(self._seen()).items():
            has_left = self._mark_read(chat, sender, [each.message_id for each in group])
            for each in group:
                del self._due[each.id]
            if not has_left:
                self._due |= {each.id: each for each in group}
                return
            with self._database.write() as connection:
                messages.was_read(connection, [each.id for each in group], self._now())

    def _seen(self) -> Sequence[Accepted]:
        """Those that may leave now."""
        if not self._due:
            return []
        chats = {each.chat_id for each in self._due.values()}
        with self._database.read() as connection:
            seen = pauses.seen_among(connection, chats, self._now())
        return [each for each in self._due.values() if each.id <= seen.get(each.chat_id, each.id)]


def _grouped(due: Iterable[Accepted]) -> dict[tuple[str, str], list[Accepted]]:
    groups: dict[tuple[str, str], list[Accepted]] = {}
    for each in due:
        groups.setdefault((each.chat, each.sender), []).append(each)
    return groups
