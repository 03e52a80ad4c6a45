"""Everything that the diagnostics page and the support bundle are made of, read in one go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from flask import current_app
from redis import RedisError

from app.web.ext import config, db, live, now
from app.web.process_health import ProcessHealth, read_process_health
from core.link import Link
from core.settings import Settings
from core.version import VERSION
from store import link, link_history, settings
from store.link_history import LinkEvent
from store.pages import storage_health
from store.pages.storage_health import Backlog, DatabaseHealth, RedisHealth
from store.redis import logs
from store.redis.live import Heartbeat
from store.redis.logs import LogLine

EVENTS, ERRORS = 15, 10  # on the page


@dataclass(frozen=True)
class Process:
    """A process whose heartbeat is fresh."""

    role: str
    heartbeat: Heartbeat

    @property
    def started_at(self) -> datetime:
        return datetime.fromtimestamp(self.heartbeat.started_at, UTC)

    @property
    def held_since(self) -> datetime | None:
        return (
            datetime.fromtimestamp(self.heartbeat.held_since, UTC)
            if self.heartbeat.held_since
            else None
        )

    @property
    def is_of_another_version(self) -> bool:
        return self.heartbeat.version != VERSION


@dataclass(frozen=True)
class SystemHealth:
    """What the diagnostics page shows of one moment."""

    process_health: ProcessHealth
    link: Link
    fence: int
    settings: Settings
    database: DatabaseHealth
    redis: RedisHealth | None  # None while it does not answer: then processes are unknown
    undecided: Backlog
    unanswered: Backlog
    unsent: Backlog
    events: Sequence[LinkEvent]
    errors: Sequence[LogLine]

    @classmethod
    def read(cls, *, events: int = EVENTS, errors: int = ERRORS) -> Self:
        redis, found = _read_redis(errors)
        with db().read() as connection:
            return cls(
                process_health=read_process_health() if redis else ProcessHealth(redis=False),
                link=link.load(connection),
                fence=link.read_fence(connection),
                settings=settings.load(connection),
                database=storage_health.read_database(connection),
                redis=redis,
                undecided=storage_health.count_undecided(connection),
                unanswered=storage_health.count_unanswered(connection, now()),
                unsent=storage_health.count_unsent(connection),
                events=link_history.list_latest(connection, events),
                errors=found,
            )

    @property
    def processes(self) -> Sequence[Process]:
        found = (
            ("web", self.process_health.web),
            ("worker", self.process_health.workers),
            ("connection", self.process_health.connections),
            ("jobs", self.process_health.jobs),
        )
        return [Process(role, heartbeat) for role, heartbeats in found for heartbeat in heartbeats]

    @property
    def holder(self) -> Process | None:
        return next((each for each in self.processes if each.heartbeat.holder), None)

    @property
    def standbys(self) -> int:
        return sum(1 for heartbeat in self.process_health.workers if not heartbeat.holder)

    @property
    def is_embedded(self) -> bool:
        """Whether Redis is the one that comes along."""
        return config().redis_url is None


def _read_redis(errors: int) -> tuple[RedisHealth | None, Sequence[LogLine]]:
    try:
        return storage_health.read_redis(live().redis), logs.read_errors(live().redis, errors)
    except RedisError as error:
        current_app.logger.warning("Redis does not answer: %s", error)
        return None, ()
