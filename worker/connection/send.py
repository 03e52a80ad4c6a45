"""The one sender: the outbox row after row, then acknowledging emoji.

A send holds the library's only send lock for a round trip to WhatsApp, so replies go before
reactions, chats take turns, and nothing is sent that nobody needs any more.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog
from sqlalchemy import Connection

from store.chats import messages, outbox
from store.chats.messages import Accepted
from store.chats.outbox import Outbound
from store.sql.engine import Database
from worker.connection.errors import NotSent, SendRefused, SendUnknown

log = structlog.get_logger("[WhatsAppBridge]")


class Line(Protocol):
    """What the sender needs of WhatsApp."""

    def send(self, to: str, text: str) -> str: ...
    def react(self, chat: str, sender: str, message_id: str, emoji: str) -> None: ...


@dataclass(frozen=True)
class Ack:
    """An emoji that is to go on a message, unless the reply is there first."""

    accepted: Accepted
    emoji: str
    asked_at: datetime


class Sender:
    """Runs in one thread of the connection process. `fence` is this connection's token: rows are
    claimed with it, and not at all once a newer connection exists."""

    def __init__(
        self,
        database: Database,
        line: Line,
        fence: int,
        now: Callable[[], datetime],
        after: Callable[[str], None],
    ) -> None:
        self._database = database
        self._line = line
        self._fence = fence
        self._now = now
        self._after = after  # told the chat to which something was sent
        self._acks: dict[str, list[Ack]] = {}
        self._acks_lock = threading.Lock()
        self._last_turn: dict[str, float] = {}
        self._unsettled: deque[Callable[[Connection], None]] = deque()
        self._at_work = threading.Lock()
        self.busy_since: float | None = None  # time.monotonic() of the send at work
        self.wake = threading.Event()

    def recover(self) -> int:
        """Take up what an earlier connection left half sent. Once, before the first `work`."""
        with self._database.write() as connection:
            return outbox.recover(connection, self._fence)

    def acknowledge(self, accepted: Accepted, emoji: str) -> None:
        """React to a message when the line is free. Any thread."""
        with self._acks_lock:
            self._acks.setdefault(accepted.chat, []).append(Ack(accepted, emoji, self._now()))
        self.wake.set()

    def finish(self, seconds: float) -> bool:
        """Begin nothing any more, and wait for what is at work. False if that takes too long."""
        return self._at_work.acquire(timeout=seconds)

    def work(self) -> bool:
        """Send one thing. False when there is nothing to send, or nothing can be sent now."""
        with self._at_work:
            return self._work()

    def _work(self) -> bool:
        self._write_down()
        row = self._next()
        if row is None:
            return self._react()
        with self._database.write() as connection:
            if not outbox.claim(connection, row.id, self._fence, self._now()):
                return False
        sent = self._send(row)
        self._last_turn[row.address] = time.monotonic()
        if sent:
            self._after(row.address)
        return sent

    def _next(self) -> Outbound | None:
        """The chat that has waited longest for its turn: a long answer must not hold up others."""
        with self._database.read() as connection:
            heads = outbox.heads(connection)
        return min(
            heads, key=lambda row: (self._last_turn.get(row.address, 0.0), row.id), default=None
        )

    def _send(self, row: Outbound) -> bool:
        """False when the line is down and the row waits again."""
        self.busy_since = time.monotonic()
        try:
            wa_id = self._line.send(row.address, row.text)
        except NotSent:
            self._settle(outbox.not_sent, row.id, self._fence)
            return False
        except SendRefused as error:
            log.warning("WhatsApp refused a message", outbox=row.id, error=str(error))
            self._settle(outbox.refused, row.id, str(error))
        except SendUnknown as error:
            log.warning("A message may or may not have left", outbox=row.id, error=str(error))
            self._settle(outbox.lost_sight, row.id, str(error))
        except Exception as error:
            log.exception("A message may or may not have left", outbox=row.id)
            self._settle(outbox.lost_sight, row.id, repr(error))
        else:
            self._drop_acks(row)
            self._settle(outbox.sent, row.id, wa_id, self._now())
        finally:
            self.busy_since = None
        return True

    def _settle(self, settle: Callable[..., None], *arguments: object) -> None:
        self._unsettled.append(lambda connection: settle(connection, *arguments))
        self._write_down()

    def _write_down(self) -> None:
        """What became of the rows. While the database is away this raises, and nothing new is
        sent: a row that went out unrecorded would go out again."""
        while self._unsettled:
            with self._database.write() as connection:
                self._unsettled[0](connection)
            self._unsettled.popleft()

    def _react(self) -> bool:
        with self._acks_lock:
            chat = next(iter(self._acks), None)
            if chat is None:
                return False
            ack, *rest = self._acks.pop(chat)
            if rest:
                self._acks[chat] = rest  # behind the other chats
        accepted = ack.accepted
        self.busy_since = time.monotonic()
        try:
            self._line.react(accepted.chat, accepted.sender, accepted.message_id, ack.emoji)
        except (NotSent, SendRefused, SendUnknown) as error:
            log.info("An acknowledging emoji was not sent", error=str(error))
        else:
            self._settle(messages.was_acknowledged, accepted.id, ack.emoji)
        finally:
            self.busy_since = None
        return True

    def _drop_acks(self, row: Outbound) -> None:
        """The reply is there already: it says more than an emoji. What was written after it still
        gets one."""
        with self._acks_lock:
            acks = self._acks.pop(row.address, [])
            if later := [ack for ack in acks if ack.asked_at > row.created_at]:
                self._acks[row.address] = later
