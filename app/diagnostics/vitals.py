"""Everything that the diagnostics page and the support bundle are made of, read in one go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from flask import current_app
from redis import RedisError

from app.web import pulse
from app.web.ext import config, db, live, now
from app.web.pulse import Pulse
from core.link import Link
from core.settings import Settings
from core.version import VERSION
from store import link, link_events, settings
from store.link_events import LinkEvent
from store.pages import vitals
from store.pages.vitals import Backlog, DatabaseVitals, RedisVitals
from store.redis import logs
from store.redis.live import Beat
from store.redis.logs import Line

EVENTS, ERRORS = 15, 10  # on the page


@dataclass(frozen=True)
class Process:
    """A process that gave a sign of life lately."""

    role: str
    beat: Beat

    @property
    def started_at(self) -> datetime:
        return datetime.fromtimestamp(self.beat.started_at, UTC)

    @property
    def held_since(self) -> datetime | None:
        return datetime.fromtimestamp(self.beat.held_since, UTC) if self.beat.held_since else None

    @property
    def is_of_another_version(self) -> bool:
        return self.beat.version != VERSION


@dataclass(frozen=True)
class Vitals:
    """`redis` is None while it does not answer: then nobody knows which processes there are."""

    pulse: Pulse
    link: Link
    fence: int
    settings: Settings
    database: DatabaseVitals
    redis: RedisVitals | None
    undecided: Backlog
    unanswered: Backlog
    unsent: Backlog
    events: Sequence[LinkEvent]
    errors: Sequence[Line]

    @classmethod
    def read(cls, *, events: int = EVENTS, errors: int = ERRORS) -> Self:
        redis, found = _redis(errors)
        with db().read() as connection:
            return cls(
                pulse=pulse.read() if redis else Pulse(redis=False),
                link=link.load(connection),
                fence=link.fence(connection),
                settings=settings.load(connection),
                database=vitals.of_database(connection),
                redis=redis,
                undecided=vitals.undecided(connection),
                unanswered=vitals.unanswered(connection, now()),
                unsent=vitals.unsent(connection),
                events=link_events.latest(connection, events),
                errors=found,
            )

    @property
    def processes(self) -> Sequence[Process]:
        found = (
            ("web", self.pulse.web),
            ("worker", self.pulse.workers),
            ("connection", self.pulse.connections),
            ("jobs", self.pulse.jobs),
        )
        return [Process(role, beat) for role, beats in found for beat in beats]

    @property
    def holder(self) -> Process | None:
        return next((each for each in self.processes if each.beat.holder), None)

    @property
    def standbys(self) -> int:
        return sum(1 for beat in self.pulse.workers if not beat.holder)

    @property
    def is_embedded(self) -> bool:
        """Whether Redis is the one that comes along."""
        return config().redis_url is None


def _redis(errors: int) -> tuple[RedisVitals | None, Sequence[Line]]:
    try:
        return vitals.of_redis(live().redis), logs.errors(live().redis, errors)
    except RedisError as error:
        current_app.logger.warning("Redis does not answer: %s", error)
        return None, ()
