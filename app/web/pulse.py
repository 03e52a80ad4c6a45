"""What Redis says of the other processes at this moment, also when Redis itself is away."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import current_app
from redis import RedisError

from app.web.ext import live
from core.link import Status
from store.redis.live import Beat


@dataclass(frozen=True)
class Pulse:
    """`status` is None when no worker has spoken of the connection lately. The processes are
    listed by role."""

    redis: bool = True
    status: Status | None = None
    workers: Sequence[Beat] = ()
    jobs: Sequence[Beat] = ()
    web: Sequence[Beat] = ()
    connections: Sequence[Beat] = ()

    @property
    def holder(self) -> Beat | None:
        """The worker that holds the lock, and so the connection."""
        return next((beat for beat in self.workers if beat.holder), None)


def read() -> Pulse:
    """One look. A page must come up whatever is down, so an outage is a fact here, not an error."""
    try:
        status, everyone = live().status(), live().everyone()
    except RedisError as error:
        current_app.logger.warning("Redis does not answer: %s", error)
        return Pulse(redis=False)
    return Pulse(
        status=status,
        workers=everyone["worker"],
        jobs=everyone["jobs"],
        web=everyone["web"],
        connections=everyone["connection"],
    )
