"""The one sender: the outbox row after row, then acknowledging emoji.

A send holds the library's only send lock for a round trip to WhatsApp, so replies go before
reactions, chats take turns, and nothing is sent that is not needed any more.
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

from store.chats import chats, messages, outbox
from store.chats.messages import Accepted
from store.chats.outbox import Outbound
from store.sql.engine import Database
from worker.connection.errors import NotSent, SendRefused, SendUnknown

log = structlog.get_logger("[WhatsAppBridge]")


class MessageClient(Protocol):
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
        *,
        database: Database,
        whatsapp: MessageClient,
        fence: int,
        now: Callable[[], datetime],
        after: Callable[[str, bool], None],
    ) -> None:
        self._database = database
        self._whatsapp = whatsapp
        self._fence = fence
        self._now = now
        self._after = after  # called with the address to which a piece was sent, and if more comes
        self._acks: dict[str, list[Ack]] = {}
        self._acks_lock = threading.Lock()
        self._last_turn: dict[str, float] = {}
        self._unsettled: deque[Callable[[Connection], None]] = deque()
        self._at_work = threading.Lock()
        self.busy_since: float | None = None  # time.monotonic() of the send at work
        self.wake = threading.Event()
        self._is_woken = False
        self._is_expecting = False  # whether more is to come where the latest piece was sent

    def recover(self) -> int:
        """Take up what an earlier connection left half sent. Once, before the first `work`."""
        with self._database.write() as connection:
            return outbox.recover(connection, self._fence)

    def acknowledge(self, accepted: Accepted, emoji: str) -> None:
        """React to a message when the line is free. Any thread."""
        with self._acks_lock:
            self._acks.setdefault(accepted.chat, []).append(Ack(accepted, emoji, self._now()))
        self.wake.set()

    def wake_up(self) -> None:
        """There is something to send. Any thread."""
        self._is_woken = True
        self.wake.set()

    def finish(self, seconds: float) -> bool:
        """Begin nothing any more, and wait for what is at work. False if that takes too long."""
        return self._at_work.acquire(timeout=seconds)

    def work(self) -> bool:
        """Send one thing. False when there is nothing more to send, or nothing can be sent now."""
        with self._at_work:
            return self._work()

    def _work(self) -> bool:
        self._write_down()
        # A writer holds up all others: without a reason to expect something it looks first.
        if not self._was_woken() and not self._has_queued():
            return self._react()
        with self._database.write() as connection:
            row = self._choose_next(connection)
            is_ours = row and outbox.claim(connection, row.id, self._fence, self._now())
        if row is None:
            return self._react()
        if not is_ours:
            return False
        has_left = self._send(row)
        self._last_turn[row.address] = time.monotonic()
        if not has_left:
            return False
        self._after(row.address, self._is_expecting)
        return self._is_woken or bool(self._acks)

    def _was_woken(self) -> bool:
        was_woken, self._is_woken = self._is_woken, False
        return was_woken

    def _has_queued(self) -> bool:
        with self._database.read() as connection:
            return outbox.has_queued(connection)

    def _choose_next(self, connection: Connection) -> Outbound | None:
        """The chat that has waited longest for its turn: a long answer must not hold up others."""
        return min(
            outbox.list_heads(connection),
            key=lambda row: (self._last_turn.get(row.address, 0.0), row.id),
            default=None,
        )

    def _send(self, row: Outbound) -> bool:
        """False when the line is down and the row waits again."""
        self.busy_since = time.monotonic()
        try:
            wa_id = self._whatsapp.send(row.address, row.text)
        except NotSent:
            self._settle(row, outbox.record_not_sent, self._fence)
            return False
        except SendRefused as error:
            log.warning("WhatsApp refused a message", outbox=row.id, error=str(error))
            self._settle(row, outbox.record_refusal, str(error))
        except SendUnknown as error:
            log.warning("A message may or may not have left", outbox=row.id, error=str(error))
            self._settle(row, outbox.record_lost_sight, str(error))
        except Exception as error:
            log.exception("A message may or may not have left", outbox=row.id)
            self._settle(row, outbox.record_lost_sight, repr(error))
        else:
            self._drop_acks(row)
            self._settle(row, outbox.record_sent, wa_id, self._now())
        finally:
            self.busy_since = None
        return True

    def _settle(self, row: Outbound, settle: Callable[..., None], *arguments: object) -> None:
        """Write down what became of this row, and see what is next."""

        def write(connection: Connection) -> None:
            settle(connection, row.id, *arguments)
            self._is_expecting = row.address in chats.list_expecting(connection, self._now())
            if outbox.has_queued(connection):
                self._is_woken = True

        self._unsettled.append(write)
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
            self._whatsapp.react(accepted.chat, accepted.sender, accepted.message_id, ack.emoji)
        except (NotSent, SendRefused, SendUnknown) as error:
            log.info("An acknowledging emoji was not sent", error=str(error))
        else:
            self._unsettled.append(
                lambda connection: messages.was_acknowledged(connection, accepted.id, ack.emoji)
            )
            self._write_down()
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
