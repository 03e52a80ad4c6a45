"""How the worker ends, and what others make of it: signals, kills, outages. Real processes."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue, Retry
from rq.command import send_shutdown_command, send_stop_job_command
from rq.job import JobStatus
from rq.utils import now
from rq.worker import BaseWorker

from store.redis import valkey
from tests.services.processes import Spawned, Spawner
from tests.waiting import until
from tests.worker.async_rq import jobs_for_tests as jobs
from tests.worker.async_rq.worker_for_tests import (
    MortalValkey,
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


# ---- the end ---------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["SIGTERM", "command"])
def test_warm_shutdown_finishes_what_runs(
    redis: Redis, queue: Queue, start: Start, how: str
) -> None:
    running = [queue.enqueue(jobs.wait_for, "gate") for _ in range(50)]
    process = start()
    wait_until_entered(redis, 50)
    worker = BaseWorker.all(connection=redis)[0]
    if how == "SIGTERM":
        process.popen.terminate()
    else:
        send_shutdown_command(redis, worker.name)
    until(lambda: worker.shutdown_requested_date)
    beaten = running[0].get_executions()[0].last_heartbeat
    until(lambda: running[0].get_executions()[0].last_heartbeat > beaten, "a beat")
    late = queue.enqueue(jobs.nothing)
    redis.set("gate", 1)
    assert process.wait() == 0
    assert {status(job) for job in running} == {JobStatus.FINISHED}
    assert status(late) == JobStatus.QUEUED
    assert BaseWorker.all(connection=redis) == []


def test_jobs_that_outlast_the_grace_are_cancelled(
    redis: Redis, queue: Queue, start: Start
) -> None:
    lost = queue.enqueue(jobs.wait_for, "never")
    kept = queue.enqueue(jobs.wait_for, "never", retry=Retry(max=1))
    process = start(grace=0.5)
    wait_until_entered(redis, 2)
    assert process.stop() == 0
    assert status(lost) == JobStatus.FAILED
    assert "the worker shut down" in lost.latest_result().exc_string
    assert status(kept) == JobStatus.QUEUED


def test_the_second_signal_does_not_wait(redis: Redis, queue: Queue, start: Start) -> None:
    job = queue.enqueue(jobs.wait_for, "never")
    process = start(grace=600)
    wait_until_entered(redis, 1)
    process.popen.terminate()
    worker = BaseWorker.all(connection=redis)[0]
    until(lambda: worker.shutdown_requested_date)
    # Within the first second it counts as the same signal.
    until(lambda: now() - worker.shutdown_requested_date > timedelta(seconds=1))
    assert process.stop() == 0
    assert status(job) == JobStatus.FAILED


def test_an_idle_worker_ends_at_once(start: Start, redis: Redis) -> None:
    process = start()
    assert process.stop() == 0
    assert BaseWorker.all(connection=redis) == []


# ---- the worst -------------------------------------------------------------------------------


def test_the_jobs_of_a_killed_worker_run_again(redis: Redis, queue: Queue, start: Start) -> None:
    queued = [queue.enqueue(jobs.wait_for, "gate", retry=Retry(max=1)) for _ in range(100)]
    once = queue.enqueue(jobs.wait_for, "gate")
    killed = start(concurrency=101)
    wait_until_entered(redis, 101)
    killed.kill()
    redis.set("gate", 1)
    start()
    for job in queued:
        wait_until(job, JobStatus.FINISHED)
    wait_until(once, JobStatus.FAILED)
    assert "AbandonedJobError" in once.latest_result().exc_string
    wait_until_nothing_is_left(queue)
    until(lambda: len(BaseWorker.all(connection=redis)) == 1, "the dead to be forgotten")


def test_a_job_taken_but_never_started_is_put_back(
    redis: Redis, queue: Queue, start: Start
) -> None:
    job = queue.enqueue(jobs.say, "better late")
    gone = queue.enqueue(jobs.say, "deleted meanwhile")
    for _ in range(2):  # what a worker does right before it is killed
        redis.lmove(queue.key, queue.intermediate_queue_key)
    redis.delete(gone.key)
    start()
    wait_until(job, JobStatus.FINISHED)
    wait_until_nothing_is_left(queue)


def test_maintenance_forgets_dead_workers_and_leaves_no_lock(redis: Redis, queue: Queue) -> None:
    worker = AsyncWorker([queue], connection=redis)
    redis.sadd("rq:workers:turns", "rq:worker:dead")
    worker.clean_registries()
    assert not redis.exists(queue.registry_cleaning_key)
    assert not redis.exists("rq:workers:turns")


def test_it_outlives_redis(spawn: Spawner, tmp_path: Path) -> None:
    with MortalValkey() as server, valkey.connect(server.url) as redis:
        queue = Queue("turns", connection=redis)
        before, through = (
            queue.enqueue(jobs.wait_without_redis, str(tmp_path / name))
            for name in ("before", "through")
        )
        process = start_worker(spawn, server.url, lost_after=1)
        wait_until_entered(redis, 2)
        server.kill()
        (tmp_path / "before").touch()  # ends while Redis is out
        # Longer than the leases: back in reach, it must not give away its own jobs.
        until(lambda: process.output().count("does not answer") > 10, "a long outage")
        server.start()
        wait_until(before, JobStatus.FINISHED)
        after = queue.enqueue(jobs.say, "after")
        wait_until(after, JobStatus.FINISHED)
        (tmp_path / "through").touch()
        wait_until(through, JobStatus.FINISHED)
        assert before.return_value() == through.return_value() == "went on without Redis"
        assert process.stop() == 0


def test_it_hears_commands_again_after_an_outage(spawn: Spawner) -> None:
    with MortalValkey() as server, valkey.connect(server.url) as redis:
        process = start_worker(spawn, server.url)
        server.kill()
        process.wait_for("does not answer")
        server.start()
        job = Queue("turns", connection=redis).enqueue(jobs.wait_for, "never")
        wait_until_entered(redis, 1)
        job.refresh()
        channel = f"rq:pubsub:{job.worker_name}"
        until(lambda: redis.pubsub_numsub(channel)[0][1] == 1, "its subscription")
        send_stop_job_command(redis, job.id)
        wait_until(job, JobStatus.STOPPED)


def test_it_registers_again_when_redis_lost_everything(
    redis: Redis, queue: Queue, start: Start
) -> None:
    start()
    redis.flushall()
    worker = until(lambda: BaseWorker.all(queue=queue), "a registered worker")[0]
    assert worker.birth_date
    job = queue.enqueue(jobs.say, "still working")
    wait_until(job, JobStatus.FINISHED)


def test_it_can_be_told_to_end_while_redis_is_out(spawn: Spawner) -> None:
    with MortalValkey() as server:
        process = start_worker(spawn, server.url)
        server.kill()
        process.wait_for("does not answer")
        process.popen.terminate()
        assert process.wait() == 0
