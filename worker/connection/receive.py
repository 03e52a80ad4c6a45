"""From stored to waiting: what happens to a message after the library's callback has saved it."""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from core.agents.agent import Agent
from core.phone import Phone
from store import admission
from store import settings as settings_store
from store.admission import Found
from store.chats import messages, takeovers
from store.chats.messages import Accepted, Received
from store.redis.queue import Turns
from store.sql.engine import Database, after_commit
from worker.connection import decisions

log = structlog.get_logger("[WhatsAppBridge]")

UNREAD_FOR = timedelta(days=1)  # a blue tick older than this is of no use


class Signals(Protocol):
    """What the sender of an accepted message gets to see before the answer."""

    def read(self, accepted: Accepted, *, is_paused: bool) -> None: ...
    def acknowledge(self, accepted: Accepted, emoji: str) -> None: ...
    def show_typing(self, chat: str) -> None: ...


@dataclass(frozen=True)
class OutsideKnowledge:
    """What a decision may need and the database does not know. It is asked for between two
    transactions: that takes its time, and all other writers would wait."""

    numbers: Mapping[str, Phone | None] = field(default_factory=dict)  # behind hidden ids
    agents: Collection[Agent] | None = None  # None: not read yet


class Receiver:
    """Decides about stored messages, in order. Runs in one thread of the connection process.

    `phone_behind` asks the library, so `work` may be called only once that is connected. `stop`
    tells the jobs that the turn at work in a chat has been closed. `agents` reads those that can be
    turned to in a group.
    """

    def __init__(
        self,
        *,
        database: Database,
        turns: Turns,
        signals: Signals,
        phone_behind: Callable[[str], Phone | None],
        stop: Callable[[int], None],
        agents: Callable[[], Collection[Agent]],
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._agents = agents
        self._turns = turns
        self._stop = stop
        self._signals = signals
        self._phone_behind = phone_behind
        self._now = now
        self._is_woken = False
        self.settings_version = 0
        self.wake = threading.Event()

    def work(self) -> int:
        """Decide about everything that is stored and undecided. Returns how many messages.

        Woken, it expects a message and begins with the transaction that decides; else it looks
        first, since a writer holds up all others.
        """
        if not self._was_woken() and not self._has_undecided():
            return 0
        done, has_more = 0, True
        while has_more:
            is_decided, has_more = self._decide_next(OutsideKnowledge())
            done += is_decided
        return done

    def look(self) -> None:
        """See which settings are in force."""
        with self._database.read() as connection:
            self.settings_version = settings_store.load(connection).version

    def wake_up(self) -> None:
        """A message was stored. Any thread."""
        self._is_woken = True
        self.wake.set()

    def _was_woken(self) -> bool:
        was_woken, self._is_woken = self._is_woken, False
        return was_woken

    def _has_undecided(self) -> bool:
        with self._database.read() as connection:
            self.settings_version = settings_store.load(connection).version
            return bool(messages.list_undecided(connection, 1))

    def _decide_next(self, outside: OutsideKnowledge) -> tuple[bool, bool]:
        """Whether a message was there to be decided, and whether there are more."""
        with self._database.write() as connection:
            undecided = messages.list_undecided(connection, 2)
            if not undecided:
                return False, False
            received = _with_number(undecided[0], outside.numbers)
            found = admission.look_up(connection, received, outside.agents or ())
            is_complete = _is_complete(found, outside)
            if is_complete:
                outcome = decisions.judge(connection, found, self._now())
                if outcome.taken_over:
                    after_commit(connection, self._stop, outcome.taken_over)
                if outcome.accepted:
                    after_commit(connection, self._turns.nudge, outcome.accepted.chat_id)
        if not is_complete:
            return self._decide_next(self._ask_outside(found))
        settings = found.case.settings
        self.settings_version = settings.version
        # The answer is on its way first: all this is only seen.
        if outcome.accepted:
            self._show(outcome.accepted, outcome.is_paused, settings.ack_emoji)
        return True, len(undecided) > 1

    def _ask_outside(self, found: Found) -> OutsideKnowledge:
        lid = admission.needs_number(found)
        return OutsideKnowledge(
            numbers={lid: self._phone_behind(lid)} if lid else {},
            agents=self._agents() if admission.needs_agents(found) else None,
        )

    def _show(self, accepted: Accepted, is_paused: bool, emoji: str | None) -> None:
        self._signals.read(accepted, is_paused=is_paused)
        if is_paused:
            return  # no answer is being written
        self._signals.show_typing(accepted.chat)
        if emoji:
            self._signals.acknowledge(accepted, emoji)


def _is_complete(found: Found, outside: OutsideKnowledge) -> bool:
    """Whether all is known that the decision about this message needs."""
    lid = admission.needs_number(found)
    has_number = lid is None or lid in outside.numbers
    return has_number and (outside.agents is not None or not admission.needs_agents(found))


def _with_number(received: Received, numbers: Mapping[str, Phone | None]) -> Received:
    inbound = received.inbound
    if inbound.phone or not inbound.lid or inbound.lid not in numbers:
        return received
    return replace(received, inbound=replace(inbound, phone=numbers[inbound.lid]))


class ReadReceipts:
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
        self._free: set[int] = set()  # those of them that may leave, as was seen just now

    def load(self) -> None:
        """Take up the ticks that an earlier connection owed."""
        with self._database.read() as connection:
            owed = messages.list_unread(connection, self._now() - UNREAD_FOR)
        self._due = {each.id: each for each in owed} | self._due

    def add(self, accepted: Accepted, *, is_free: bool = False) -> None:
        """`is_free`: the owner has not taken over its chat, so it may leave at once."""
        self._due[accepted.id] = accepted
        if is_free:
            self._free.add(accepted.id)

    def send(self) -> None:
        """One receipt for each chat and sender. The first that can't leave waits behind the others,
        and all for the next call: most likely we are offline."""
        for (chat, sender), group in _group_by_sender(self._list_free()).items():
            has_left = self._mark_read(chat, sender, [each.message_id for each in group])
            for each in group:
                del self._due[each.id]
            if not has_left:
                self._due |= {each.id: each for each in group}
                return
            with self._database.write() as connection:
                messages.was_read(connection, [each.id for each in group], self._now())

    def _list_free(self) -> Sequence[Accepted]:
        """Those that may leave now."""
        free, self._free = self._free, set()
        chats = {each.chat_id for each in self._due.values() if each.id not in free}
        seen: Mapping[int, int] = {}
        if chats:
            with self._database.read() as connection:
                seen = takeovers.list_seen(connection, chats, self._now())
        return [
            each
            for each in self._due.values()
            if each.id in free or each.id <= seen.get(each.chat_id, each.id)
        ]


def _group_by_sender(due: Iterable[Accepted]) -> dict[tuple[str, str], list[Accepted]]:
    groups: dict[tuple[str, str], list[Accepted]] = {}
    for each in due:
        groups.setdefault((each.chat, each.sender), []).append(each)
    return groups
