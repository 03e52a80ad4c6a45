"""Jobs for the tests of the worker, and a process that runs them:
python -m tests.worker.async_rq.jobs_for_tests URL [OPTIONS AS JSON]"""

import asyncio
import json
import logging
import sys
import threading
from pathlib import Path
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry as RedisRetry
from rq import Queue, Retry, get_current_job
from rq.job import Job

from worker.async_rq.async_worker import AsyncWorker

arrived = 0
everybody_is_here = asyncio.Event()


def this_job() -> Job:
    job = get_current_job()
    assert job
    return job


def redis_get(key: str) -> bytes | None:
    value: bytes | None = this_job().connection.get(key)
    return value


async def meet(count: int) -> int:
    """Ends only when `count` jobs are in it at the same time."""
    global arrived
    arrived += 1
    if arrived == count:
        everybody_is_here.set()
    await everybody_is_here.wait()
    return arrived


async def nothing() -> None:
    pass


async def say(words: Any) -> Any:
    return words


async def fail(message: str) -> None:
    raise ValueError(message)


async def fail_once() -> str:
    attempt = this_job().connection.incr(f"attempts:{this_job().id}")
    if attempt == 1:
        raise ValueError("the first time")
    return f"attempt {attempt}"


async def ask_again_once() -> Retry | str:
    attempt = this_job().connection.incr(f"attempts:{this_job().id}")
    return Retry(max=1) if attempt == 1 else "answered"


async def wait_for(key: str) -> str:
    """Says in the list `entered` that it runs, then waits until `key` exists."""
    this_job().connection.rpush("entered", this_job().id)
    while not redis_get(key):
        await asyncio.sleep(0.01)
    return key


async def wait_without_redis(path: str) -> str:
    """As `wait_for`, for a file, so that Redis may come and go meanwhile."""
    this_job().connection.rpush("entered", this_job().id)
    while not Path(path).exists():
        await asyncio.sleep(0.01)
    return "went on without Redis"


async def who_am_i(turns: int) -> str:
    for _ in range(turns):
        before = this_job().id
        await asyncio.sleep(0)
        assert this_job().id == before
    return this_job().id


def plain() -> list[str]:
    return [threading.current_thread().name, this_job().id]


async def leave() -> None:
    sys.exit(3)


async def cancel_myself() -> None:
    task = asyncio.current_task()
    assert task
    task.cancel()
    await asyncio.sleep(0)


def remember_success(job: Job, connection: Redis, result: Any) -> None:
    connection.set("succeeded", job.id)


def remember_failure(job: Job, connection: Redis, *exc_info: Any) -> None:
    connection.set("failed", exc_info[0].__name__)


def remember_stop(job: Job, connection: Redis) -> None:
    connection.set("stopped", job.id)


def never_end(job: Job, connection: Redis, result: Any) -> None:
    while True:
        connection.ping()


def main(url: str, options: str = "{}") -> None:
    logging.basicConfig(level=logging.WARNING)
    # The client's own ten tries would make every outage longer than the tests' leases.
    connection = Redis.from_url(url, retry=RedisRetry(NoBackoff(), 1))
    settings = json.loads(options)
    with_scheduler = settings.pop("with_scheduler", False)
    queue = Queue("turns", connection=connection)
    AsyncWorker([queue], connection=connection, **settings).work(
        logging_level="WARNING", with_scheduler=with_scheduler
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
