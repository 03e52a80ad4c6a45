"""An RQ worker whose jobs are coroutines on one asyncio loop: a hundred jobs, one process, no fork.

RQ's `work()` runs unmodified in the main thread: signals, suspension, maintenance, taking jobs.
A second thread runs the loop with the jobs. What RQ writes to Redis about a job is blocking and
runs in a small thread pool, the bookkeepers. Each override says what it changes and why.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta
from functools import partial
from types import FrameType
from typing import Any, ParamSpec, TypeVar

from redis import Redis
from rq import Queue
from rq.command import parse_payload
from rq.exceptions import DequeueTimeout
from rq.job import Job
from rq.scheduler import RQScheduler
from rq.utils import now
from rq.worker import WorkerStatus

from worker.async_rq.job_run import CallbackDeathPenalty, Interrupted, Run
from worker.async_rq.loop_thread import LoopThread, Start
from worker.async_rq.patient_worker import OUTAGE, PatientWorker

P = ParamSpec("P")
T = TypeVar("T")

POLL = 1  # seconds one wait of the main thread lasts, and so the delay of a stop or a suspension
SETTLE = 5.0  # seconds cancelled jobs get to end and be recorded
LAG = 1.0  # seconds the loop may be blocked before the log says so


class AsyncWorker(PatientWorker):
    """Runs up to `concurrency` jobs of one queue at a time; `work()` in the main thread starts it.

    `async def` jobs run on the loop; a plain function runs in a thread of its own, where a timeout
    or a stop is recorded but can't end it. `on_start`, `on_stop` and the `background` coroutines
    run on the same loop (see `LoopThread`). A job that blocks the loop blocks all jobs.

    Seconds: `grace` is how long running jobs may go on after SIGTERM before they are cancelled; a
    second SIGTERM cancels at once. `lost_after` is how long a worker that stops beating (every
    `job_monitoring_interval`) keeps its jobs; after that, and at most `maintenance_interval`
    later, another worker gives them to a free one if they have a `Retry` left, else fails
    them. So a job may run twice: at least once is the promise.

    While Redis is out nothing is taken; a job that ends by then waits to be recorded.
    `connection` must not decode responses and needs room for `bookkeepers` + 5 connections.
    Raises ValueError when given several queues, and redis' errors when Redis is out at the start.
    """

    death_penalty_class = CallbackDeathPenalty

    def __init__(
        self,
        queues: str | Queue | Sequence[str] | Sequence[Queue],
        name: str | None = None,
        *,
        connection: Redis,
        concurrency: int = 100,
        grace: float = 25.0,
        lost_after: int = 15,
        job_monitoring_interval: int = 5,
        maintenance_interval: int = 10,
        bookkeepers: int = 4,
        threads: int = 32,
        on_start: Start | None = None,
        on_stop: Start | None = None,
        background: Iterable[Start] = (),
        **rq_options: Any,
    ) -> None:
        super().__init__(
            queues,
            name,
            connection=connection,
            lost_after=lost_after,
            job_monitoring_interval=job_monitoring_interval,
            maintenance_interval=maintenance_interval,
            **rq_options,
        )
        if len(self.queues) > 1:
            # With several queues RQ takes jobs by BLPOP, and a crash right after it loses the job.
            raise ValueError("AsyncWorker listens on one queue")
        self.grace = grace
        self._slots = threading.BoundedSemaphore(concurrency)
        self._bookkeepers = ThreadPoolExecutor(bookkeepers, "jobs-books")
        # Of its own: slow callbacks must not delay a beat.
        self._heartbeats = ThreadPoolExecutor(1, "jobs-heartbeat")
        self._loop_thread = LoopThread(
            on_start=on_start,
            on_stop=on_stop,
            background=[self._beat, self._schedule, *background],
            threads=threads,
        )
        self._runs: dict[str, Run] = {}  # by execution id, as stop commands name them
        self._futures: set[Future[None]] = set()  # one for each job taken and not yet recorded
        self._is_cold = False
        self._scheduler: RQScheduler | None = None

    # ---- start and end (main thread) -----------------------------------------------------------

    def bootstrap(self, *args: Any, **options: Any) -> None:
        """RQ's first step in `work()`. The loop comes first: without one nothing is registered."""
        self._loop_thread.start()
        try:
            super().bootstrap(*args, **options)
        except BaseException:
            self._loop_thread.stop(SETTLE)
            raise

    def handle_warm_shutdown_request(self) -> None:
        """RQ logs here, inside the signal handler, where a log line or a Redis call could meet
        itself half done. `_shutdown` has the loop do both."""

    def _shutdown(self) -> None:
        """RQ raises StopRequested out of the signal handler, which can drop a job just taken.
        Here the waits are short and look at the flag between two of them."""
        self._stop_requested = True
        self._loop_thread.call(self._note_shutdown)

    def request_force_stop(self, signum: int, frame: FrameType | None) -> None:
        """The second signal. RQ kills its horse; here the jobs are cancelled, then failed or
        retried. A repeat within a second is the same Ctrl+C, sent to the group, as in RQ."""
        assert self._shutdown_requested_date
        if now() - self._shutdown_requested_date >= timedelta(seconds=1):
            self._loop_thread.call(self._cancel_all)

    def teardown(self) -> None:
        """RQ's last step in `work()`: first let the jobs end, then say farewell, then the loop."""
        self._drain()
        self._gave_up.set()
        self._try(self._say_farewell)
        if not self._loop_thread.stop(SETTLE):
            self.log.error("Worker %s: the jobs' loop did not end", self.name)
        for pool in (self._bookkeepers, self._heartbeats):
            pool.shutdown(wait=False, cancel_futures=True)

    def _say_farewell(self) -> None:
        if self._scheduler:
            self._scheduler.release_locks()  # type: ignore[no-untyped-call]
        super().teardown()  # type: ignore[no-untyped-call]

    def _drain(self) -> None:
        running = wait(list(self._futures), timeout=self.grace).not_done
        if running:
            self._loop_thread.call(self._cancel_all)
            running = wait(running, timeout=SETTLE).not_done
        if running:
            message = "Worker %s: left %d jobs unrecorded; they will be found as abandoned"
            self.log.error(message, self.name, len(running))

    def _note_shutdown(self) -> None:
        self.log.info("Worker %s: warm shut down, %d jobs running", self.name, len(self._runs))
        self._heartbeats.submit(self._try, self.set_shutdown_requested_date)

    def _cancel_all(self) -> None:
        self.log.warning("Worker %s: cancelling %d jobs", self.name, len(self._runs))
        self._is_cold = True
        for run in list(self._runs.values()):
            run.cancel()

    # ---- taking jobs (main thread) -------------------------------------------------------------

    @property
    def dequeue_timeout(self) -> int:
        """RQ waits 405 s and derives the socket timeout from it (+ 10 s)."""
        return POLL

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue] | None:
        """A free slot first, a job second: nothing is taken that can't start. RQ's version knows
        one job, and waits out an outage without looking at the stop flag. None ends `work()`:
        stop requested, burst (`timeout` None) done, or nothing to do for `max_idle_time` s."""
        burst = timeout is None
        idle_since = time.monotonic()
        while not self._stop_requested:
            if not self._loop_thread.is_alive():
                raise RuntimeError("The jobs' loop has died")
            was_busy = bool(self._futures)  # jobs running before the wait may have queued more
            try:
                taken = self._take(None if burst else POLL)
            except OUTAGE as error:
                self._report_outage(error)
                time.sleep(self.retry_after)
                continue
            if taken:
                return self._unless_too_late(*taken)
            if was_busy:
                idle_since = time.monotonic()
            elif burst or time.monotonic() - idle_since >= (max_idle_time or float("inf")):
                break
            if burst:
                wait(list(self._futures), timeout=POLL, return_when=FIRST_COMPLETED)
            self.check_for_suspension(burst)
            if self.should_run_maintenance_tasks:
                self.run_maintenance_tasks()
        return None

    def _take(self, timeout: int | None) -> tuple[Job, Queue] | None:
        """One wait for a slot and a job, of about a second; None if there wasn't one."""
        if not self._slots.acquire(timeout=POLL):
            return None
        taken = None
        try:
            self.set_state(WorkerStatus.BUSY if self._futures else WorkerStatus.IDLE)
            taken = self._dequeue(timeout)
        finally:
            if not taken:
                self._slots.release()
        return taken

    def _unless_too_late(self, job: Job, queue: Queue) -> tuple[Job, Queue] | None:
        """A job that came in the last wait, after the stop signal, is for another worker."""
        if not self._stop_requested:
            return job, queue
        self._try(partial(self._put_back, queue, job.id))
        return None

    def _dequeue(self, timeout: int | None) -> tuple[Job, Queue] | None:
        try:
            taken = self.queue_class.dequeue_any(
                self.queues,
                timeout,
                connection=self.connection,
                job_class=self.job_class,
                serializer=self.serializer,
                death_penalty_class=self.death_penalty_class,
            )
        except DequeueTimeout:
            return None
        if taken:
            taken[0].redis_server_version = self.get_redis_server_version()  # type: ignore[no-untyped-call]
        return taken

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Hands the job to the loop and returns; the slot it holds is released there."""
        future = self._loop_thread.submit(self._handle(job, queue))
        self._futures.add(future)
        future.add_done_callback(self._futures.discard)

    # ---- one job (loop) ------------------------------------------------------------------------

    async def _handle(self, job: Job, queue: Queue) -> None:
        """From taken to recorded. Never fails: what can't be recorded is found as abandoned."""
        run = None
        try:
            run = await self._book(self._register, job, queue)
            await self._attend(run)
        except Exception:
            self.log.exception("Worker %s: job %s could not be recorded", self.name, job.id)
        finally:
            if run:
                for by_id in (self._runs, self._leased, self.executions):
                    by_id.pop(run.execution.id, None)
            self._slots.release()

    async def _attend(self, run: Run) -> None:
        if self._is_cold:
            run.cancel()
        try:
            function = await self._book(self._prepare, run)
            value = await run.execute(function)
        except (Exception, asyncio.CancelledError) as error:
            await self._book(self._record_failure, run, error)
        else:
            await self._book(self._record_success, run, value)

    async def _book(self, function: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        call = partial(function, *args, **options)
        return await asyncio.get_running_loop().run_in_executor(self._bookkeepers, call)

    # ---- what is written about it (bookkeepers) ------------------------------------------------

    def _register(self, job: Job, queue: Queue) -> Run:
        execution = self._persist(self.prepare_execution, job)
        run = self._runs[execution.id] = Run(job, queue, execution)
        return run

    def _prepare(self, run: Run) -> Callable[..., Any]:
        """Marks the job as started. Raises what the import of its function and the decoding of its
        arguments raise; both may take long, and so belong here and not on the loop."""
        self._persist(self.prepare_job_execution, run.job, remove_from_intermediate_queue=True)
        function: Callable[..., Any] = run.job.func
        return function

    def _record_success(self, run: Run, value: Any) -> None:
        try:
            self._finalize_success(run.job, run.queue, run.execution, value)
        except Exception as error:  # the success callback, or a result that can't be serialized
            self._record_failure(run, error)

    def _record_failure(self, run: Run, error: BaseException) -> None:
        if run.is_stopped:
            return self.handle_job_stopped(run.job, run.queue, run.execution)
        if isinstance(error, asyncio.CancelledError):
            who = "the worker shut down" if run.is_cancelled else "it cancelled itself"
            error = Interrupted(f"The job was cancelled before it was done: {who}")
        info = (type(error), error, error.__traceback__)
        return self._finalize_failure(run.job, run.queue, run.execution, info)

    # ---- beats and due jobs (on the loop for as long as it lives) ------------------------------

    async def _beat(self) -> None:
        """On the loop on purpose: when a job blocks the loop for longer than the lease, all its
        jobs count as lost, as they are."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + self.job_monitoring_interval
            await asyncio.sleep(self.job_monitoring_interval)
            if (lag := loop.time() - due) > LAG:
                self.log.warning("Worker %s: a job blocked the loop for %.1f s", self.name, lag)
            await loop.run_in_executor(self._heartbeats, self._try, self.beat)

    def _start_scheduler(self, burst: bool = False, *args: Any, **options: Any) -> None:
        """`work(with_scheduler=True)`: RQ forks here, which a process with threads must not.
        `_schedule` does the work, under the same lock as RQ's schedulers."""
        self._scheduler = RQScheduler(
            self.queues, connection=self.connection, serializer=self.serializer
        )

    async def _schedule(self) -> None:
        """Queues jobs that are due: `enqueue_in`, `Retry(interval=...)`, `Repeat`."""
        while True:
            await asyncio.sleep(POLL)
            if self._scheduler:
                await self._book(self._try, self._enqueue_due)

    def _enqueue_due(self) -> None:
        assert self._scheduler
        # Takes the lock or renews it, for 61 seconds.
        if self._scheduler.acquire_locks():  # type: ignore[no-untyped-call]
            self._scheduler.enqueue_scheduled_jobs()  # type: ignore[no-untyped-call]

    # ---- commands (RQ's pubsub thread) ---------------------------------------------------------

    def handle_payload(self, message: dict[str, Any]) -> None:
        """RQ's `stop-job` knows one current job and kills its horse; here it stops every
        execution of that job. All other commands are RQ's."""
        payload = parse_payload(message)
        if payload.get("command") != "stop-job":
            super().handle_payload(message)  # type: ignore[no-untyped-call]
            return
        for run in list(self._runs.values()):
            if run.job.id == payload.get("job_id"):
                self.request_stop_execution(run.execution.id)

    def request_stop_execution(self, execution_id: str) -> None:
        """RQ kills its horse; here its task is cancelled, then `handle_job_stopped` called."""
        run = self._runs.get(execution_id)
        if run is None:
            self.log.warning("Worker %s: not running execution %s", self.name, execution_id)
            return
        run.is_stopped = True
        self._loop_thread.call(run.cancel)
