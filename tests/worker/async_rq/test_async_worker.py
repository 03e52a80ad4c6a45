"""The worker on a real Valkey: jobs, the loop they share, commands. See also its endings."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from redis import Redis
from rq import Queue, Retry, suspension
from rq.command import send_command, send_stop_execution_command, send_stop_job_command
from rq.job import Callback, JobStatus
from rq.serializers import JSONSerializer
from rq.worker import BaseWorker

from tests.services.processes import Spawned, Spawner
from tests.waiting import until
from tests.worker.async_rq import jobs_for_tests as jobs
from tests.worker.async_rq.worker_for_tests import (
    start_worker,
    status,
    wait_until,
    wait_until_entered,
    wait_until_nothing_is_left,
)
from worker.async_rq.async_worker import AsyncWorker

Start = Callable[..., Spawned]


@pytest.fixture
def queue(redis: Redis) -> Queue:
    return Queue("turns", connection=redis)


@pytest.fixture
def start(spawn: Spawner, valkey_url: str) -> Start:
    return partial(start_worker, spawn, valkey_url)


@pytest.fixture
def signals() -> Iterator[None]:
    """For a test that calls `work()`, which takes the process' signals for itself."""
    handlers = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]
    yield
    for number, handler in handlers:
        signal.signal(number, handler)


@pytest.fixture
def run_all(queue: Queue, signals: None) -> Callable[..., AsyncWorker]:
    """Runs in this process what is queued, and what comes of it, to the end."""

    def run(queue: Queue = queue, **options: Any) -> AsyncWorker:
        worker = AsyncWorker([queue], connection=queue.connection, **options)
        worker.work(burst=True)
        return worker

    return run


# ---- jobs ------------------------------------------------------------------------------------


def test_a_hundred_jobs_run_at_the_same_time(queue: Queue, run_all: Callable[..., Any]) -> None:
    jobs.arrived = 0
    jobs.everybody_is_here = asyncio.Event()
    queued = [queue.enqueue(jobs.meet, 100, job_timeout=60) for _ in range(100)]
    run_all()
    assert [job.return_value() for job in queued] == [100] * 100
    wait_until_nothing_is_left(queue)


def test_no_more_than_its_concurrency(redis: Redis, queue: Queue, start: Start) -> None:
    queued = [queue.enqueue(jobs.wait_for, "gate") for _ in range(5)]
    start(concurrency=2)
    wait_until_entered(redis, 2)
    assert queue.started_job_registry.get_job_count(cleanup=False) == 2
    assert len(queue) == 3
    redis.set("gate", 1)
    for job in queued:
        wait_until(job, JobStatus.FINISHED)


def test_the_current_job_is_right_in_each_of_many(
    queue: Queue, run_all: Callable[..., Any]
) -> None:
    queued = [queue.enqueue(jobs.who_am_i, 20) for _ in range(50)]
    run_all()
    assert [job.return_value() for job in queued] == [job.id for job in queued]


def test_a_plain_function_runs_in_a_thread(queue: Queue, run_all: Callable[..., Any]) -> None:
    job = queue.enqueue(jobs.plain)
    run_all()
    assert job.return_value() == ["jobs-sync", job.id]


def test_success_is_recorded(
    redis: Redis, queue: Queue, run_all: Callable[..., AsyncWorker]
) -> None:
    job = queue.enqueue(jobs.say, "hi", on_success=Callback(jobs.remember_success))
    worker = run_all()
    job.refresh()
    assert (job.get_status(), job.return_value()) == (JobStatus.FINISHED, "hi")
    assert job.worker_name == worker.name and job.ended_at >= job.started_at
    assert job.id in queue.finished_job_registry
    assert redis.get("succeeded") == job.id.encode()
    wait_until_nothing_is_left(queue)


def test_a_failure_is_recorded(redis: Redis, queue: Queue, run_all: Callable[..., Any]) -> None:
    job = queue.enqueue(jobs.fail, "the model is away", on_failure=Callback(jobs.remember_failure))
    run_all()
    assert status(job) == JobStatus.FAILED
    assert job.id in queue.failed_job_registry
    assert "ValueError: the model is away" in job.latest_result().exc_string
    assert redis.get("failed") == b"ValueError"
    wait_until_nothing_is_left(queue)


def test_a_failed_job_is_retried(queue: Queue, run_all: Callable[..., Any]) -> None:
    queued = [queue.enqueue(jobs.fail_once, retry=Retry(max=1)) for _ in range(20)]
    run_all()
    assert {job.return_value() for job in queued} == {"attempt 2"}


def test_a_job_may_ask_to_be_retried(queue: Queue, run_all: Callable[..., Any]) -> None:
    job = queue.enqueue(jobs.ask_again_once)
    run_all()
    assert job.return_value() == "answered"


def test_a_retry_with_an_interval_needs_no_other_process(queue: Queue, start: Start) -> None:
    job = queue.enqueue(jobs.fail_once, retry=Retry(max=1, interval=1))
    start(with_scheduler=True)
    wait_until(job, JobStatus.FINISHED)
    assert job.return_value() == "attempt 2"


def test_a_timeout_is_recorded(queue: Queue, run_all: Callable[..., Any]) -> None:
    job = queue.enqueue(jobs.wait_for, "never", job_timeout=1)
    run_all()
    assert status(job) == JobStatus.FAILED
    exc_string = job.latest_result().exc_string
    assert "JobTimeoutException: Task exceeded maximum timeout value (1 seconds)" in exc_string


def test_a_callback_that_does_not_end_is_timed_out(
    queue: Queue, run_all: Callable[..., Any]
) -> None:
    job = queue.enqueue(jobs.nothing, on_success=Callback(jobs.never_end, timeout=1))
    other = queue.enqueue(jobs.wait_for, "never", job_timeout=3)
    run_all()
    assert "maximum timeout value (1 seconds)" in job.latest_result().exc_string
    assert "maximum timeout value (3 seconds)" in other.latest_result().exc_string


@pytest.mark.parametrize(
    ("function", "reason"),
    [(jobs.leave, "SystemExit(3)"), (jobs.cancel_myself, "it cancelled itself")],
)
def test_a_job_that_ends_itself_fails_alone(
    queue: Queue, run_all: Callable[..., Any], function: Callable[..., Any], reason: str
) -> None:
    job = queue.enqueue(function)
    neighbour = queue.enqueue(jobs.say, "still here")
    run_all()
    assert reason in job.latest_result().exc_string
    assert neighbour.return_value() == "still here"


@pytest.mark.parametrize(
    "name", ["tests.worker.async_rq.jobs_for_tests.no_such", "no_such_module.job"]
)
def test_a_job_without_its_function_fails(
    queue: Queue, run_all: Callable[..., Any], name: str
) -> None:
    job = queue.enqueue(name)
    run_all()
    assert status(job) == JobStatus.FAILED
    wait_until_nothing_is_left(queue)


def test_json_all_the_way(redis: Redis, run_all: Callable[..., Any]) -> None:
    queue = Queue("turns", connection=redis, serializer=JSONSerializer)
    good = queue.enqueue(jobs.say, {"chat": ["1"]})
    run_all(queue, serializer=JSONSerializer)
    assert good.return_value() == {"chat": ["1"]}


def test_it_ends_when_there_was_nothing_to_do_for_a_while(
    redis: Redis, queue: Queue, signals: None
) -> None:
    job = queue.enqueue(jobs.say, "first")
    AsyncWorker([queue], connection=redis).work(max_idle_time=1)
    assert status(job) == JobStatus.FINISHED


def test_it_listens_on_one_queue(redis: Redis) -> None:
    with pytest.raises(ValueError, match="one queue"):
        AsyncWorker(["turns", "others"], connection=redis)


# ---- the loop --------------------------------------------------------------------------------


def test_hooks_and_background_share_the_jobs_loop(
    redis: Redis, queue: Queue, run_all: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []
    loops: set[asyncio.AbstractEventLoop] = set()

    async def note(what: str) -> None:
        loops.add(asyncio.get_running_loop())
        seen.append(what)

    async def sweep() -> None:
        await note("sweep")
        redis.set("gate", 1)
        try:
            await asyncio.Event().wait()
        finally:
            await note("swept")

    job = queue.enqueue(jobs.wait_for, "gate")
    run_all(on_start=lambda: note("start"), on_stop=lambda: note("stop"), background=[sweep])
    assert job.return_value() == "gate"
    assert seen == ["start", "sweep", "swept", "stop"]
    assert len(loops) == 1


def test_a_background_coroutine_that_fails_starts_again(
    redis: Redis, queue: Queue, run_all: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    async def sweep() -> None:
        if redis.incr("sweeps") == 1:
            raise ValueError("no database")
        redis.set("gate", 1)

    job = queue.enqueue(jobs.wait_for, "gate")
    run_all(background=[sweep])
    assert job.return_value() == "gate"
    assert "no database" in caplog.text


def test_nothing_is_taken_when_the_start_fails(redis: Redis, queue: Queue) -> None:
    async def fail() -> None:
        raise ValueError("no API key")

    job = queue.enqueue(jobs.nothing)
    with pytest.raises(ValueError, match="no API key"):
        AsyncWorker([queue], connection=redis, on_start=fail).work(burst=True)
    assert status(job) == JobStatus.QUEUED
    assert BaseWorker.all(connection=redis) == []


# ---- commands --------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["job", "execution"])
def test_one_of_two_is_stopped(redis: Redis, queue: Queue, start: Start, by: str) -> None:
    stopped = queue.enqueue(
        jobs.wait_for, "gate", on_stopped=Callback(jobs.remember_stop), retry=Retry(max=3)
    )
    other = queue.enqueue(jobs.wait_for, "gate")
    start()
    wait_until_entered(redis, 2)
    if by == "job":
        send_stop_job_command(redis, stopped.id)
    else:
        execution_id = stopped.get_executions()[0].id
        send_stop_execution_command(redis, stopped.id, execution_id)
    wait_until(stopped, JobStatus.STOPPED)
    assert status(other) == JobStatus.STARTED
    assert redis.get("stopped") == stopped.id.encode()
    redis.set("gate", 1)
    wait_until(other, JobStatus.FINISHED)
    assert redis.llen("entered") == 2, "a stopped job is not retried"


def test_a_bad_command_does_not_deafen_it(redis: Redis, queue: Queue, start: Start) -> None:
    job = queue.enqueue(jobs.wait_for, "never")
    start()
    wait_until_entered(redis, 1)
    name = BaseWorker.all(connection=redis)[0].name
    redis.publish(f"rq:pubsub:{name}", "{ this is not JSON")
    send_command(redis, name, "stop-execution", job_id="x", execution_id="none")
    send_stop_job_command(redis, job.id)
    wait_until(job, JobStatus.STOPPED)


def test_a_suspended_worker_takes_nothing(redis: Redis, queue: Queue, start: Start) -> None:
    running = queue.enqueue(jobs.wait_for, "gate")
    start()
    wait_until_entered(redis, 1)
    suspension.suspend(redis)
    until(lambda: BaseWorker.all(connection=redis)[0].get_state() == "suspended")
    job = queue.enqueue(jobs.say, "later")
    redis.set("gate", 1)
    wait_until(running, JobStatus.FINISHED)
    assert status(job) == JobStatus.QUEUED
    suspension.resume(redis)
    wait_until(job, JobStatus.FINISHED)
