"""Holds the lock, or stands by for it; while holding it, runs the bridge and says so in Redis."""

import os
import queue
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import structlog
from redis import Redis, RedisError
from sqlalchemy.exc import SQLAlchemyError

from config import Config
from core.errors import LockHeld
from core.link import Status
from store.link_history import Event
from store.redis.live import Heartbeat, Live, make_heartbeat
from store.sql.engine import Database
from worker.shutdown import Shutdown
from worker.supervisor.bridge import Bridge
from worker.supervisor.link_history import LinkHistory
from worker.supervisor.lock import WhatsAppLock
from worker.supervisor.session import Session

log = structlog.get_logger()

STANDBY_EVERY = 2.0  # seconds between tries for the lock
PUBLISH_EVERY = 5.0
TICK = 0.5


class Supervisor:
    """The worker's main loop. All state is changed in its one thread; others only post to it."""

    def __init__(self, config: Config, database: Database, redis: Redis) -> None:
        self._live = Live(redis)
        self._history = LinkHistory(database)
        self._session = Session(config)
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._bridge = Bridge(
            database,
            self._session,
            say=lambda _: self._publish(),
            post=self._inbox.put,
            next_fence=self._next_fence,
        )
        self._lock = WhatsAppLock(config.redis, self._lose_lock)
        self._shutdown = Shutdown()
        self._holding = threading.Event()
        self._published_at = 0.0
        self._hindrance: str | None = None
        self._agents_ready = False
        self._id = f"{socket.gethostname()}-{os.getpid()}"
        self._started_at = time.time()
        self._held_since: float | None = None
        self._connection: str | None = None  # the id of the process that we spoke of last

    def run(self) -> None:
        """Until SIGTERM or SIGINT. Standing by is part of it, for as long as it takes."""
        self._session.prepare()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())
        threading.Thread(target=self._take_requests, name="requests", daemon=True).start()
        while not self._shutdown.is_set():
            if self._acquire_lock():
                self._hold_safely()
            else:
                self._shutdown.wait(STANDBY_EVERY)
        with suppress(RedisError):
            self._live.remove_heartbeat("worker", self._id)

    def stop(self) -> None:
        self._shutdown.set()
        self._wake()

    def _acquire_lock(self) -> bool:
        """What keeps us from it is said once, not with every try."""
        hindrance = None
        try:
            if not self._lock.acquire():
                hindrance = f"[WhatsAppBridge] {LockHeld()}"
                self._send_heartbeats()
        except RedisError:
            hindrance = "Redis is away: no worker can have the WhatsApp lock"
        if hindrance and hindrance != self._hindrance:
            log.warning(hindrance)
        self._hindrance = hindrance
        return hindrance is None

    def _hold_safely(self) -> None:
        """Without a database nothing can be begun or ended. The lock is given up, since another
        machine may have one, and all begins anew a little later."""
        try:
            self._hold()
        except SQLAlchemyError as error:
            log.error("The database is away", error=str(error))
            self._shutdown.wait(STANDBY_EVERY)

    def _hold(self) -> None:
        """We are the one that connects, until we stop or lose the lock."""
        log.info("[WhatsAppBridge] This worker holds the WhatsApp lock")
        self._held_since = time.time()
        self._history.record(Event.LOCK_WON, self._id)
        self._forget_inbox()
        self._holding.set()
        try:
            self._bridge.begin()
            while self._lock.is_held and not self._shutdown.is_set():
                with suppress(queue.Empty):
                    self._inbox.get(timeout=TICK)()
                self._bridge.tick()
                if time.monotonic() - self._published_at >= PUBLISH_EVERY:
                    self._publish()
        finally:
            self._holding.clear()
            fence = self._bridge.fence
            self._bridge.end()
            self._publish()
            event = Event.LOCK_GIVEN_UP if self._lock.is_held else Event.LOCK_LOST
            self._lock.release()
            self._held_since = None
            self._history.record(event, self._id, fence)

    def _forget_inbox(self) -> None:
        """What was posted while another held the lock is none of our business."""
        with suppress(queue.Empty):
            while True:
                self._inbox.get_nowait()

    def _lose_lock(self) -> None:
        """In the lock's thread."""
        self._bridge.lose_lock()
        self._wake()

    def _wake(self) -> None:
        self._inbox.put(lambda: None)

    def _take_requests(self) -> None:
        """In a thread of its own, and only while we hold the lock: a standby can do nothing."""
        while not self._shutdown.is_set():
            if not self._holding.wait(1):
                continue
            try:
                request = self._live.take_request(timeout=1)
            except RedisError:
                self._shutdown.wait(1)
                continue
            except Exception:  # without this thread no request would be heard again
                log.exception("A request can't be read")
                continue
            if request:
                self._inbox.put(partial(self._bridge.handle, request))

    def _next_fence(self) -> int:
        try:
            return self._live.next_fence()
        except RedisError:
            return 0  # SQL's floor decides

    # Saying so in Redis --------------------------------------------------------------------------

    def _publish(self) -> None:
        """Only the holder's word counts: another may have the lock, and the connection, by now."""
        self._published_at = time.monotonic()
        if not self._lock.is_held:
            return
        try:
            self._live.publish(self.status)
            self._send_heartbeats()
            self._look_for_agents()
        except RedisError as error:
            log.warning("Redis is away", error=str(error))

    @property
    def status(self) -> Status:
        return self._bridge.status

    def _send_heartbeats(self) -> None:
        sent = make_heartbeat(
            self._id,
            self._started_at,
            holder=self._lock.is_held,
            held_since=self._held_since,
            fence=self._bridge.fence,
            connected=self.status.connected,
            settings_version=self._bridge.settings_version,
        )
        self._live.record_heartbeat("worker", sent)
        self._send_connection_heartbeat(self._bridge.heartbeat)

    def _send_connection_heartbeat(self, heartbeat: Heartbeat | None) -> None:
        """On behalf of the connection process, which has better things to do."""
        if self._connection and (heartbeat is None or heartbeat.id != self._connection):
            self._live.remove_heartbeat("connection", self._connection)
        self._connection = heartbeat.id if heartbeat else None
        if heartbeat:
            self._live.record_heartbeat("connection", heartbeat)

    def _look_for_agents(self) -> None:
        """Say once that a process is there to answer: the line that troubleshooting asks for."""
        ready = bool(self._live.list_heartbeats("jobs"))
        if ready and not self._agents_ready:
            log.info("[WhatsAppBridge] ChatSessionManager injected")
        elif self._agents_ready and not ready:
            log.warning("[WhatsAppBridge] No jobs process is running: messages wait")
        self._agents_ready = ready
