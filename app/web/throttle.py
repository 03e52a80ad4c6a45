"""How often one may ask or guess. Counted in Redis; without Redis no attempt is refused."""

import hashlib
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from flask import current_app
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis import ConnectionPool, RedisError

from app.web.ext import live

WINDOW = 15 * 60  # seconds
PER_ADDRESS = 10
# Higher: strangers must not be able to lock the owner out by guessing from one address.
PER_ACCOUNT = 100
# A visitor who guesses codes knows the password already; of a million codes three are right.
PER_SECOND_FACTOR = 10

API_WINDOW = 60  # seconds
PER_API_KEY = 120
WRONG_API_KEYS = 30  # of one address


@dataclass(frozen=True)
class Refusal:
    """What was entered does not open the account: a sentence, and the answer's status."""

    text: str
    status: int = 422

    @classmethod
    def too_many(cls, wait: int) -> Self:
        """`wait` in seconds."""
        minutes = max(1, round(wait / 60))
        span = "a minute" if minutes == 1 else f"{minutes} minutes"
        return cls(f"Too many attempts. Try again in {span}.", 429)


@dataclass(frozen=True)
class Throttle:
    """Counters, each with its limit for a window that begins with the first attempt. Every attempt
    counts until `forget` is called."""

    counters: tuple[tuple[RateLimitItem, str], ...]

    @classmethod
    def of_login(cls, address: str, name: str) -> Self:
        by_address = _counter("address", address, PER_ADDRESS)
        return cls((by_address, _counter("account", name.strip().casefold(), PER_ACCOUNT)))

    @classmethod
    def of_second_factor(cls) -> Self:
        return cls((_counter("account", "second factor", PER_SECOND_FACTOR),))

    @classmethod
    def of_api_key(cls, key_id: int) -> Self:
        return cls((_counter("api-key", str(key_id), PER_API_KEY, API_WINDOW),))

    @classmethod
    def of_wrong_api_keys(cls, address: str) -> Self:
        return cls((_counter("api-address", address, WRONG_API_KEYS, API_WINDOW),))

    def seconds_to_wait(self) -> int:
        """Count this attempt. 0 when it may be made."""
        try:
            return max(_count(*counter) for counter in self.counters)
        except RedisError as error:
            current_app.logger.warning("Attempts are not counted: %s", error)
            return 0

    def forget(self) -> None:
        with suppress(RedisError):  # the counters run out by themselves
            for counter in self.counters:
                _limiter().clear(*counter)


def _counter(kind: str, value: str, limit: int, window: int = WINDOW) -> tuple[RateLimitItem, str]:
    """Hashed: what people type as a name is sometimes their password."""
    item = RateLimitItemPerSecond(limit, window, namespace=kind)
    return item, hashlib.sha256(value.encode()).hexdigest()[:24]


def _count(item: RateLimitItem, hashed: str) -> int:
    """Seconds until this counter's window ends if its limit is passed, else 0."""
    limiter = _limiter()
    if limiter.hit(item, hashed):
        return 0
    ends_at = limiter.get_window_stats(item, hashed).reset_time
    return max(round(ends_at - time.time()), 1)


def _limiter() -> FixedWindowRateLimiter:
    return _make_limiter(live().redis.connection_pool)


@lru_cache(maxsize=1)
def _make_limiter(pool: ConnectionPool) -> FixedWindowRateLimiter:
    """One for the process; it uses the connections that the rest of the process uses. Its own
    address is not looked at then."""
    return FixedWindowRateLimiter(RedisStorage("redis://", pool, key_prefix="djinn:throttle"))
