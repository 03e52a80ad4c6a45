"""The WhatsApp lock: one worker holds the connection, whatever the number of machines."""

import threading
import time
from collections.abc import Callable

import structlog
from redis import Redis, RedisError
from redis.exceptions import LockError
from redis.lock import Lock

log = structlog.get_logger()

KEY = "djinn:lock"
TTL = 30.0  # seconds; what follows is a part of it

RENEW_EVERY = 1 / 3
RETRY_EVERY = 1 / 30
# A client of its own that gives up soon: the product's waits longer than could be spared here.
ANSWER_WITHIN = 1 / 15
# The connection must be gone before the lock runs out, and needs some seconds to go in order.
MARGIN = 1 / 3


class WhatsAppLock:
    """Taken by `acquire`, kept by a thread of its own until `release`.

    When it is lost, or can't be renewed in time, `on_lost` is called in that thread and must end
    the connection within a third of the TTL: until then no other worker can have the lock.
    """

    def __init__(self, url: str, on_lost: Callable[[], None], *, ttl: float = TTL) -> None:
        patience = ttl * ANSWER_WITHIN
        self._redis = Redis.from_url(url, socket_timeout=patience, socket_connect_timeout=patience)
        self._on_lost = on_lost
        self._ttl = ttl
        self._lock: Lock | None = None
        self._keeper: threading.Thread | None = None
        self._let_go = threading.Event()

    def acquire(self) -> bool:
        """Try once. False while another worker holds it. Raises `RedisError` when Redis is away."""
        lock = self._redis.lock(KEY, timeout=self._ttl, thread_local=False)
        asked_at = time.monotonic()
        if not lock.acquire(blocking=False):
            return False
        self._lock = lock
        self._let_go.clear()
        self._keeper = threading.Thread(
            target=self._keep, args=(lock, asked_at), name="lock", daemon=True
        )
        self._keeper.start()
        return True

    @property
    def is_held(self) -> bool:
        return self._lock is not None

    def release(self) -> None:
        """Give it up so that a standby can have it at once. After a loss: wait for `on_lost`."""
        self._let_go.set()
        lock, self._lock = self._lock, None
        if self._keeper:
            self._keeper.join()
        if lock is not None:
            try:
                lock.release()
            except (LockError, RedisError):
                log.info("The WhatsApp lock was gone already")

    def close(self) -> None:
        """Leave Redis."""
        self._redis.close()

    def _keep(self, lock: Lock, renewed_at: float) -> None:
        wait = self._ttl * RENEW_EVERY
        while not self._let_go.wait(wait):
            asked_at = time.monotonic()
            try:
                lock.reacquire()
            except LockError:
                return self._lose("another worker holds it now")
            except RedisError as error:
                wait = self._ttl * RETRY_EVERY
                if not self._can_try_again(renewed_at):
                    return self._lose(f"it could not be renewed: {error}")
            else:
                renewed_at, wait = asked_at, self._ttl * RENEW_EVERY
        return None

    def _can_try_again(self, renewed_at: float) -> bool:
        """Whether one more try would end, even in vain, before the connection has to go."""
        next_ends = time.monotonic() + self._ttl * (RETRY_EVERY + ANSWER_WITHIN)
        return next_ends < renewed_at + self._ttl * (1 - MARGIN)

    def _lose(self, why: str) -> None:
        log.error("The WhatsApp lock is lost", why=why)
        self._lock = None
        self._on_lost()
