"""Which processes run, as their heartbeats in Redis say; also when Redis itself is away."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import current_app
from redis import RedisError

from app.web.ext import live
from core.link import Status
from store.redis.live import Heartbeat


@dataclass(frozen=True)
class ProcessHealth:
    """The link's status, and the latest heartbeats by role."""

    redis: bool = True  # whether Redis answers; when not, all the rest is empty
    status: Status | None = None  # None when no worker has published one lately
    workers: Sequence[Heartbeat] = ()
    jobs: Sequence[Heartbeat] = ()
    web: Sequence[Heartbeat] = ()
    connections: Sequence[Heartbeat] = ()

    @property
    def holder(self) -> Heartbeat | None:
        """The worker that holds the lock, and so the connection."""
        return next((heartbeat for heartbeat in self.workers if heartbeat.holder), None)


def read_process_health() -> ProcessHealth:
    """One look. A page must come up whatever is down, so an outage is a fact here, not an error."""
    try:
        status, everyone = live().read_status(), live().list_all_heartbeats()
    except RedisError as error:
        current_app.logger.warning("Redis does not answer: %s", error)
        return ProcessHealth(redis=False)
    return ProcessHealth(
        status=status,
        workers=everyone["worker"],
        jobs=everyone["jobs"],
        web=everyone["web"],
        connections=everyone["connection"],
    )
