"""How often one may ask or guess. Counted in Redis; without Redis nobody is locked out."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from flask import current_app
from redis import RedisError

from app.web.ext import live

WINDOW = 15 * 60  # seconds
PER_ADDRESS = 10
# Higher: strangers must not be able to lock the owner out by guessing from one address.
PER_ACCOUNT = 100
# Whoever gets as far as guessing codes knows the password; of a million codes three are right.
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
    """Counters with their limits for `window` seconds, which begin with the first attempt. Every
    attempt counts until `forget` is called."""

    limits: dict[str, int]
    window: int = WINDOW

    @classmethod
    def of_login(cls, address: str, name: str) -> Self:
        return cls(
            {
                _key("address", address): PER_ADDRESS,
                _key("account", name.strip().casefold()): PER_ACCOUNT,
            }
        )

    @classmethod
    def of_second_factor(cls) -> Self:
        return cls({_key("account", "second factor"): PER_SECOND_FACTOR})

    @classmethod
    def of_api_key(cls, key_id: int) -> Self:
        return cls({_key("api-key", str(key_id)): PER_API_KEY}, API_WINDOW)

    @classmethod
    def of_wrong_api_keys(cls, address: str) -> Self:
        return cls({_key("api-address", address): WRONG_API_KEYS}, API_WINDOW)

    def seconds_to_wait(self) -> int:
        """Count this attempt. 0 when it may be made."""
        try:
            return max(self._wait(key, limit) for key, limit in self.limits.items())
        except RedisError as error:
            current_app.logger.warning("Attempts are not counted: %s", error)
            return 0

    def forget(self) -> None:
        with suppress(RedisError):  # the counters run out by themselves
            live().redis.delete(*self.limits)

    def _wait(self, key: str, limit: int) -> int:
        pipeline = live().redis.pipeline()
        pipeline.set(key, 0, ex=self.window, nx=True)  # ends after the first attempt's window
        pipeline.incr(key)
        pipeline.ttl(key)
        _, count, left = pipeline.execute()
        return max(left, 1) if count > limit else 0


def _key(kind: str, value: str) -> str:
    """Hashed: what people type as a name is sometimes their password."""
    return f"djinn:throttle:{kind}:{hashlib.sha256(value.encode()).hexdigest()[:24]}"
