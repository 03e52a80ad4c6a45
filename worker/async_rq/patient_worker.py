"""What RQ's `BaseWorker` writes to Redis, made to outlive Redis and to soon miss a dead worker.

RQ's worker quits when Redis goes away between two jobs, loses a result when it goes away at the end
of one, and needs many minutes to find the jobs of a worker that was killed (measured: 816 s). This
one waits, and needs `job_monitoring_interval` + `lost_after` + `maintenance_interval` seconds.
Facts about RQ are from the source of rq 3.0.0; each override says what it changes.
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ParamSpec, TypeVar

from redis.client import Pipeline, PubSub, PubSubWorkerThread
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from rq import Queue
from rq.callbacks import execute_stopped_callback
from rq.executions import Execution
from rq.job import Job, JobStatus
from rq.registry import StartedJobRegistry, clean_registries
from rq.utils import now
from rq.worker import BaseWorker
from rq.worker_registration import clean_worker_registry, register

P = ParamSpec("P")
T = TypeVar("T")

OUTAGE = (RedisConnectionError, RedisTimeoutError)
MAINTENANCE_LOCK = 60  # seconds; RQ's own lock outlives a killed holder by 15 minutes


class PatientWorker(BaseWorker):
    """`lost_after`: seconds without a beat after which this worker's jobs may be given away.
    `retry_after`: seconds between two tries while Redis is out."""

    def __init__(
        self, *args: Any, lost_after: int = 15, retry_after: float = 1.0, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.lost_after = lost_after
        self.retry_after = retry_after
        self.lease = int(self.job_monitoring_interval) + lost_after
        self._gave_up = threading.Event()
        self._stop_lock = threading.Lock()
        # By id, what this worker answers for. RQ's `executions` forgets an execution just before
        # its end is written, and an outage may come between the two.
        self._leased: dict[str, Execution] = {}

    # ---- patience ------------------------------------------------------------------------------

    def _persist(self, write: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        """Calls `write` until Redis answers; raises its error once the worker has given up."""
        while True:
            try:
                return write(*args, **options)
            except OUTAGE as error:
                if self._gave_up.wait(self.retry_after):
                    raise
                self._report_outage(error)

    def _try(self, write: Callable[[], object]) -> None:
        """Calls `write` once, for what will be written again anyway."""
        try:
            write()
        except OUTAGE as error:
            self._report_outage(error)

    def _report_outage(self, error: Exception) -> None:
        self.log.warning("Worker %s: Redis does not answer: %s", self.name, error)

    def check_for_suspension(self, burst: bool) -> None:
        """An outage counts as not suspended: taking a job, which comes next, waits it out."""
        self._try(lambda: super(PatientWorker, self).check_for_suspension(burst))

    def _pubsub_exception_handler(
        self, exc: Exception, pubsub: PubSub, pubsub_thread: PubSubWorkerThread
    ) -> None:
        """RQ's lets the thread die of anything but a lost connection, a malformed command
        included, and from then on no job can be stopped."""
        if isinstance(exc, OUTAGE):
            self._report_outage(exc)
            self._gave_up.wait(self.retry_after)
        else:
            self.log.error("Worker %s: a command failed", self.name, exc_info=exc)

    # ---- what is written about a job -----------------------------------------------------------

    def prepare_execution(self, job: Job) -> Execution:
        """RQ adds to `executions` before it writes; after a failed write that entry would stay."""
        try:
            execution = super().prepare_execution(job)
        except Exception:
            for execution in list(self.executions.values()):
                if execution.job_id == job.id:
                    self.executions.pop(execution.id, None)
            raise
        self._leased[execution.id] = execution
        return execution

    def handle_execution_ended(self, job: Job, queue: Queue, heartbeat_ttl: int) -> None:
        """The first write after every job, so this is where a job that ended in an outage waits."""
        self._persist(super().handle_execution_ended, job, queue, heartbeat_ttl)

    def handle_job_success(
        self,
        job: Job,
        queue: Queue,
        started_job_registry: StartedJobRegistry,
        execution: Execution,
    ) -> None:
        """One transaction; writing it twice is better than running the job twice."""
        self._persist(super().handle_job_success, job, queue, started_job_registry, execution)

    def handle_job_stopped(self, job: Job, queue: Queue, execution: Execution) -> None:
        """What RQ's forking worker does after it killed the horse. `handle_job_failure` knows a
        stopped job by an attribute of the worker, hence the lock."""
        self.handle_execution_ended(job, queue, job.stopped_callback_timeout)
        try:
            execute_stopped_callback(job, self.death_penalty_class)
        except Exception:
            self.log.exception("Worker %s: stopped callback of job %s raised", self.name, job.id)
        with self._stop_lock:
            self._stopped_job_id = job.id
            exc_string = "Job stopped by user."
            self.handle_job_failure(job, queue, exc_string=exc_string, execution=execution)

    def set_state(self, state: str, pipeline: Pipeline | None = None) -> None:
        """RQ writes it for every job; here only a change is worth the round trip."""
        if state != self._state:
            super().set_state(state, pipeline)

    # ---- beats ---------------------------------------------------------------------------------

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:
        """Seconds an execution lives without a beat. RQ's is the interval + 60."""
        return self.lease

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """RQ beats for the worker around each job, in three round trips, and quits when one fails.
        Those are left out; beats that come with a pipeline stay: `beat` and the suspension check.
        """
        if pipeline is not None:
            super().heartbeat(self.lease, pipeline)

    def beat(self) -> None:
        """Renews the leases of the worker and all its executions, in one round trip. To be called
        every `job_monitoring_interval` seconds."""
        running = dict(self.executions)
        with self.connection.pipeline(transaction=False) as pipeline:
            self.heartbeat(pipeline=pipeline)
            pipeline.hset(self.key, "state", self._state)  # an outage may have swallowed a change
            for execution in list(self._leased.values()):
                registry = execution.job.started_job_registry
                if execution.id in running:
                    execution.heartbeat(registry, self.lease, pipeline=pipeline)
                else:  # its end is being written: it must not be lost, nor come back to life
                    registry.add_execution(execution, pipeline, self.lease, xx=True)
            pipeline.hexists(self.key, "birth")
            *_, is_registered = pipeline.execute()
        # An execution that ended during the beat may have been written anew by it.
        if ended := [e.key for e in running.values() if e.id not in self.executions]:
            self.connection.delete(*ended)
        if not is_registered:
            self._register_again()

    def _register_again(self) -> None:
        """After Redis lost our key: its data are gone, or the outage was longer than the lease."""
        with self.connection.pipeline() as pipeline:
            pipeline.hset(self.key, mapping=self.serialize() | {"state": self._state})
            pipeline.expire(self.key, self.lease)
            register(self, pipeline)
            pipeline.execute()

    # ---- maintenance: the jobs of the dead -----------------------------------------------------

    def run_maintenance_tasks(self) -> None:
        """RQ's worker quits when this fails. Beats first: right after an outage the leases of our
        own jobs may have run out, and they are not to be taken for abandoned."""
        try:
            self.beat()
            super().run_maintenance_tasks()  # type: ignore[no-untyped-call]
        except OUTAGE as error:
            self._report_outage(error)
        except Exception:
            self.log.exception("Worker %s: maintenance failed", self.name)
        self.last_cleaned_at = now()  # type: ignore[assignment]

    def clean_registries(self) -> None:
        """As RQ's, under a lock that is released when a step fails and runs out soon when we die;
        and jobs that were taken but never started are put back."""
        for queue in self.queues:
            lock = queue.registry_cleaning_key
            if not self.connection.set(lock, self.name, nx=True, ex=MAINTENANCE_LOCK):
                continue
            try:
                clean_registries(queue, self._exc_handlers)
                clean_worker_registry(queue)
                self._put_back_unstarted(queue)
            finally:
                self.connection.delete(lock)

    def _put_back_unstarted(self, queue: Queue) -> None:
        """A job whose taker died, or lost Redis, before it could start it lies in the intermediate
        queue. RQ counts that as a failure after a minute; it never ran, so it goes back."""
        taken = queue.intermediate_queue
        seen_for = self.lost_after + 2 * self.maintenance_interval
        for job_id in taken.get_job_ids():
            first_seen_key = taken.get_first_seen_key(job_id)
            if self.connection.set(first_seen_key, now().timestamp(), nx=True, ex=seen_for):
                continue
            first_seen = taken.get_first_seen(job_id)
            is_late = first_seen and now() - first_seen >= timedelta(seconds=self.lost_after)
            if is_late and job_id not in queue.started_job_registry:
                self._put_back(queue, job_id)

    def _put_back(self, queue: Queue, job_id: str) -> None:
        """To the front of the queue; a job cancelled or deleted by then is only dropped."""
        job = queue.fetch_job(job_id)
        taken = queue.intermediate_queue
        with self.connection.pipeline() as pipeline:
            pipeline.lrem(taken.key, 1, job_id)
            pipeline.delete(taken.get_first_seen_key(job_id))
            if job and job.get_status(refresh=False) == JobStatus.QUEUED:
                queue.push_job_id(job_id, pipeline=pipeline, at_front=True)
                self.log.warning("Worker %s: job %s was taken, never started", self.name, job_id)
            pipeline.execute()
