"""The connection process: the only one that loads neonize. `python -m worker.connection`.

The supervisor starts one for each fence token and each link attempt, and ends it by closing its
pipe. Threads: the library's callbacks store messages; `receive` decides about them; `send` empties
the outbox; `show_typing` does that; `learn_names` asks what groups are called; `await_nudges`
listens to Redis; `control` reads what the supervisor asks for; the main thread sends a heartbeat
and, at the end, drains the library and leaves.
"""

import os
import secrets
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Literal

import structlog
from redis import RedisError

from config import Config
from core.channel import Channel
from core.link import ATTEMPT, FIRST_QR, NEXT_QR, End
from core.messages.message import Inbound
from core.phone import Phone
from store.agents.agents import AgentFolder
from store.chats import messages
from store.chats.messages import Accepted
from store.redis.live import Live, make_heartbeat
from store.redis.queue import Turns
from store.redis.stop_signals import Stops
from store.redis.valkey import connect
from store.sql.engine import Database
from worker.connection import receipts
from worker.connection.errors import PairingRefused
from worker.connection.group_names import LOOK, GroupNames
from worker.connection.receipts import Receipt, Receipts
from worker.connection.receive import ReadReceipts, Receiver
from worker.connection.send import Sender
from worker.connection.spool import Spool
from worker.connection.typing_indicator import REFRESH, TypingIndicator
from worker.ipc import Order, PipeWriter, Report, read_events
from worker.shutdown import Shutdown

log = structlog.get_logger("[WhatsAppBridge]")

Mode = Literal["resume", "link", "code"]

DEVICE_NAME = "DjinnBot"  # how the phone's list of linked devices shows us

HEARTBEAT_SECONDS = 2.0  # between two heartbeats
LAST_SEND = 3.0  # seconds that a send at work gets when the process has to leave
HARD_LIMIT = 8.0  # seconds after which the process leaves whatever happens


class ConnectionRunner:
    """Everything around one client object, from its first event to the end of the process."""

    def __init__(
        self, *, config: Config, mode: Mode, fence: int, phone: Phone | None, events: PipeWriter
    ) -> None:
        from worker.connection.whatsapp import WhatsApp, name_session

        auth_url = config.whatsapp_auth_database_url
        session = name_session(config.auth_dir, auth_url.get_secret_value() if auth_url else None)
        self._mode = mode
        self._pair_as = phone
        self._events = events
        self._database = Database(config.database, durable=False)
        # For messages as they come: WhatsApp has its receipt, and will not send them again.
        self._inbox = Database(config.database, pool_size=2)
        redis = connect(config.redis)
        self._live = Live(redis)
        self._spool = Spool(config.auth_dir / "spool.jsonl")
        self._shutdown = Shutdown()
        self._ready = threading.Event()  # logged in at least once
        self._qr_shown = 0
        self._started = time.monotonic()
        self._id, self._started_at = secrets.token_hex(8), time.time()
        self._auth_dir = config.auth_dir
        with_receipts = receipts.are_wanted(self._auth_dir, _now())
        self._whatsapp = WhatsApp(session, DEVICE_NAME, self, with_receipts=with_receipts)
        self._read_receipts = ReadReceipts(self._database, self._whatsapp.mark_read, _now)
        self._typing_indicator = TypingIndicator(
            database=self._database,
            show=self._whatsapp.show_typing,
            announce=self._whatsapp.announce,
            now=_now,
        )
        self._sender = Sender(
            database=self._database,
            whatsapp=self._whatsapp,
            fence=fence,
            now=_now,
            after=self._typing_indicator.settle_after_piece,
        )
        self._receipts = Receipts(self._database, _now)
        self._stops = Stops(redis)
        agents = AgentFolder(config.agents_dir)
        self._receiver = Receiver(
            database=self._database,
            turns=Turns(redis),
            signals=self,
            phone_behind=self._whatsapp.find_phone_behind,
            stop=self._stops.call,
            agents=lambda: agents.load().restrict_to(Channel.GROUP).agents.values(),
            now=_now,
        )
        self._group_names = GroupNames(self._database, self._whatsapp.find_subject, _now)

    # The process ---------------------------------------------------------------------------------

    def run(self) -> None:
        """Work until asked to stop, then hand over what the library still holds and return."""
        self._spawn(self._connect)
        self._spawn(self._control)
        self._spawn(self._receive)
        self._spawn(self._send)
        self._spawn(self._show_typing)
        self._spawn(self._await_nudges)
        self._spawn(self._learn_names)
        while not self._shutdown.wait(HEARTBEAT_SECONDS):
            self._say_heartbeat()
        self._leave()

    def stop(self) -> None:
        self._shutdown.set()

    def _leave(self) -> None:
        """Whatever hangs, the process ends: a client that was never linked can't be stopped."""
        timer = threading.Timer(HARD_LIMIT, os._exit, [1])
        timer.daemon = True
        timer.start()
        self._sender.finish(LAST_SEND)
        self._whatsapp.drain()
        with suppress(Exception):
            self._receipts.write()
        self._events.send(Report.DRAINED)

    def _say_heartbeat(self) -> None:
        busy, version = self._sender.busy_since, self._receiver.settings_version
        heard = self._events.send(
            Report.HEARTBEAT,
            online=self._ready.is_set() and self._whatsapp.is_online(),
            settings_version=version,
            sending_for=time.monotonic() - busy if busy else 0.0,
            heartbeat=asdict(make_heartbeat(self._id, self._started_at, settings_version=version)),
        )
        if not heard:
            self.stop()

    def _control(self) -> None:
        for event in read_events(sys.stdin.fileno()):
            if event.name == Order.UNLINK:
                self._unlink()
            if event.name == Order.STOP:
                break
        self.stop()

    def _unlink(self) -> None:
        is_known = self._ready.is_set() and self._whatsapp.log_out()  # to WhatsApp
        self._events.send(Report.UNLINKED, is_known=is_known)
        self.stop()

    def _connect(self) -> None:
        """Whatever way the library's call ends, the client is dead and this process with it."""
        try:
            self._whatsapp.connect()
        except Exception as error:
            if receipts.recognise_accident(self._auth_dir, str(error)):
                log.warning("[WhatsAppBridge] An unknown receipt: no ticks for a day")
            self._events.send(Report.ENDED, end=End.UNREACHABLE, detail=str(error))
        self.stop()

    # The threads' work ---------------------------------------------------------------------------

    def _receive(self) -> None:
        """Nothing is decided before the first login: only a connected library may be asked whose
        number is behind a hidden id."""

        def wait() -> None:
            self._spool.replay(self._store)
            self._receiver.look()

        def step() -> None:
            self._spool.replay(self._store)
            if not self._receiver.work():
                self._read_receipts.load()  # of held messages that the owner has let in since
            self._read_receipts.send()
            self._receipts.write()

        self._repeat(wait, self._receiver.wake, HEARTBEAT_SECONDS, until=self._ready)
        self._persist(self._read_receipts.load)
        self._repeat(step, self._receiver.wake, HEARTBEAT_SECONDS)

    def _send(self) -> None:
        self._ready.wait()
        self._persist(self._sender.recover)

        def step() -> None:
            while not self._shutdown.is_set() and self._sender.work():
                pass

        self._repeat(step, self._sender.wake, HEARTBEAT_SECONDS)

    def _show_typing(self) -> None:
        self._ready.wait()
        self._repeat(self._typing_indicator.tick, threading.Event(), REFRESH)

    def _learn_names(self) -> None:
        self._ready.wait()
        self._repeat(self._group_names.work, threading.Event(), LOOK)

    def _await_nudges(self) -> None:
        while not self._shutdown.is_set():
            try:
                if self._live.wait_for_outbox_nudge(timeout=1):
                    self._sender.wake_up()
            except RedisError:
                self._shutdown.wait(1)  # the sender looks by itself every few seconds

    def _repeat(
        self,
        step: Callable[[], object],
        wake: threading.Event,
        every: float,
        until: threading.Event | None = None,
    ) -> None:
        """Do `step` when woken and at least every so many seconds, whatever it raises."""
        while not self._shutdown.is_set():
            wake.clear()
            if until and until.is_set():
                return
            try:
                step()
            except Exception:
                log.exception("[WhatsAppBridge] A step failed and will be tried again")
                self._shutdown.wait(1)
            wake.wait(every)

    def _persist(self, step: Callable[[], object]) -> None:
        """Do `step` until it works: the database may be away for a while."""
        while not self._shutdown.is_set():
            try:
                step()
                return
            except Exception:
                log.exception("[WhatsAppBridge] A step failed and will be tried again")
                self._shutdown.wait(1)

    def _spawn(self, target: Callable[[], None]) -> None:
        threading.Thread(target=target, name=target.__name__.strip("_"), daemon=True).start()

    # Signals (worker.connection.receive) ----------------------------------------------------------

    def read(self, accepted: Accepted, *, is_paused: bool) -> None:
        self._read_receipts.add(accepted, is_free=not is_paused)
        self._read_receipts.send()

    def show_typing(self, chat: str) -> None:
        self._typing_indicator.start_typing(chat)

    def acknowledge(self, accepted: Accepted, emoji: str) -> None:
        self._sender.acknowledge(accepted, emoji)

    # Events (worker.connection.whatsapp), in the library's callback thread ------------------------

    def on_message(self, inbound: Inbound) -> None:
        """Store it and return: until then a crash loses it, since WhatsApp has its receipt."""
        try:
            self._store(inbound)
        except Exception as error:
            log.error("[WhatsAppBridge] The database refused a message", error=repr(error))
            self._spool.add(inbound)
        self._receiver.wake_up()

    def _store(self, inbound: Inbound) -> None:
        with self._inbox.write() as connection:
            messages.receive(connection, inbound, _now())

    def on_receipt(self, receipt: Receipt) -> None:
        self._receipts.add(receipt)  # seen to when a message comes, or with the next heartbeat

    def on_qr(self, payload: str) -> None:
        self._qr_shown += 1
        if self._mode == "resume":
            self._end(End.SESSION_LOST)
        elif self._mode == "link":
            seconds = FIRST_QR if self._qr_shown == 1 else NEXT_QR
            self._events.send(Report.QR, payload=payload, number=self._qr_shown, seconds=seconds)
        elif self._qr_shown == 1:
            self._spawn(self._pair)

    def _pair(self) -> None:
        """Outside the callback thread: the call waits for an answer that arrives there."""
        assert self._pair_as
        try:
            code = self._whatsapp.pair(self._pair_as)
        except PairingRefused as error:
            self._end(error.end, str(error))
            return
        left = ATTEMPT - (time.monotonic() - self._started)
        self._events.send(Report.CODE, code=code, seconds=left)

    def on_link_status(self, end: End | None) -> None:
        if end is None:
            self._events.send(Report.FINISHING)
        else:
            self._end(end)

    def on_paired(self) -> None:
        self._events.send(Report.PAIRED, phone=self._whatsapp.phone, device_name=DEVICE_NAME)

    def on_connected(self) -> None:
        self._ready.set()
        self._events.send(Report.CONNECTED, phone=self._whatsapp.phone, device_name=DEVICE_NAME)
        self._receiver.wake.set()
        self._sender.wake_up()
        self._spawn(self._typing_indicator.start_anew)

    def on_disconnected(self) -> None:
        self._events.send(Report.DISCONNECTED)

    def on_ended(self, end: End, detail: str) -> None:
        self._end(end, detail)

    def _end(self, end: End, detail: str = "") -> None:
        self._events.send(Report.ENDED, end=end, detail=detail)
        self.stop()


def _now() -> datetime:
    return datetime.now(UTC)
