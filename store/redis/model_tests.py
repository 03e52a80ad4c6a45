"""Tests of models: the panel asks, a jobs process tries, the panel looks for the outcome.

All of it is an RQ job, which vanishes by itself: nothing here is worth remembering.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from redis import Redis
from rq import Queue
from rq.exceptions import NoSuchJobError
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

from store.redis.queue import QUEUE, TRY_MODEL

TIMEOUT = 60  # seconds a test may take
UNTAKEN_TTL = 30  # an older test is not made any more
RESULT_TTL = 120  # seconds the outcome can be looked at


@dataclass(frozen=True)
class ModelTestResult:
    """What came of a test."""

    is_good: bool
    said: str  # the model's answer, or the provider's words about why not, without any key
    code: str | None = None  # of a `Failure`
    seconds: float | None = None


@dataclass(frozen=True)
class ModelTest:
    """How far a test is."""

    id: str
    model: str
    asked: timedelta
    is_taken: bool  # a process has begun it
    outcome: ModelTestResult | None = None  # None while it goes on


class ModelTests:
    """`redis` must not decode responses. Raises redis-py's errors when Redis is out."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._queue = Queue(QUEUE, connection=redis, serializer=JSONSerializer)

    def ask(self, model: str) -> str:
        """Have this model tried, before the messages that wait; returns the test's id."""
        job = self._queue.enqueue(
            TRY_MODEL,
            model,
            job_timeout=TIMEOUT,
            ttl=UNTAKEN_TTL,
            result_ttl=RESULT_TTL,
            failure_ttl=RESULT_TTL,
            at_front=True,
        )
        return str(job.id)

    def look(self, test_id: str) -> ModelTest | None:
        """None when there is no such test, any more."""
        try:
            job = Job.fetch(test_id, connection=self._redis, serializer=JSONSerializer)
        except (NoSuchJobError, ValueError):
            return None
        if job.func_name != TRY_MODEL:
            return None
        status = job.get_status(refresh=False)
        asked = datetime.now(UTC) - (job.enqueued_at or job.created_at).replace(tzinfo=UTC)
        is_taken = status is not JobStatus.QUEUED
        return ModelTest(test_id, str(job.args[0]), asked, is_taken, _read_outcome(job, status))

    def give_up(self, test_id: str) -> None:
        """This test need not be made any more."""
        with suppress(NoSuchJobError):
            Job.fetch(test_id, connection=self._redis, serializer=JSONSerializer).delete()


def _read_outcome(job: Job, status: Any) -> ModelTestResult | None:
    if status is JobStatus.FINISHED:
        result = job.latest_result()
        return ModelTestResult(**dict(result.return_value or {})) if result else None
    if status in (JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED):
        return ModelTestResult(False, "The process that was asking ended meanwhile.", code="bug")
    return None
