"""How much the worker costs against RQ's SimpleWorker, and how many jobs it runs at a time.

python -m bench.jobs [NO_OP_JOBS]

Starts a Valkey of its own. Prints the rate and the CPU of jobs that do nothing (medians of
interleaved rounds; watch the ratio), and the wall time of a hundred two-second jobs, which
SimpleWorker runs one after the other (200 s, not measured).
"""

import asyncio
import logging
import statistics
import sys
import time
from collections.abc import Callable

from redis import Redis
from rq import Queue, SimpleWorker
from rq.worker import BaseWorker

from store.redis import valkey
from tests.services.valkey import running
from tests.worker.async_rq.jobs_for_tests import nothing
from worker.async_rq.async_worker import AsyncWorker

ROUNDS = 5
Kind = Callable[..., BaseWorker]


async def two_seconds() -> None:
    await asyncio.sleep(2)


def spent(kind: Kind, redis: Redis, job: Callable[..., object], count: int) -> tuple[float, float]:
    """Wall and CPU seconds from the start of a worker to its end, with `count` jobs waiting."""
    redis.flushall()
    queue = Queue("turns", connection=redis)
    queue.enqueue_many([Queue.prepare_data(job) for _ in range(count)])
    worker = kind([queue], connection=redis)
    wall, cpu = time.perf_counter(), time.process_time()
    worker.work(burst=True, logging_level="WARNING")
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert queue.finished_job_registry.count == count, "not all jobs finished"
    return wall, cpu


def row(name: str, theirs: float, ours: float, digits: int) -> None:
    figures = f"{theirs:>14.{digits}f}{ours:>14.{digits}f}"
    print(f"{name:<28}{figures}{ours / theirs:>8.2f}")


def main(count: int = 500) -> None:
    logging.basicConfig(level=logging.WARNING)
    kinds: tuple[Kind, Kind] = (SimpleWorker, AsyncWorker)
    with running() as url, valkey.connect(url) as redis:
        rounds = [[spent(kind, redis, nothing, count) for kind in kinds] for _ in range(ROUNDS)]
        long, _ = spent(AsyncWorker, redis, two_seconds, 100)
    theirs, ours = zip(*rounds, strict=True)
    wall = [statistics.median(wall for wall, _ in of) for of in (theirs, ours)]
    cpu = [statistics.median(cpu for _, cpu in of) for of in (theirs, ours)]
    print(f"{'':<28}{'SimpleWorker':>14}{'AsyncWorker':>14}{'ratio':>8}")
    row("no-op jobs/s", count / wall[0], count / wall[1], 0)
    row("CPU ms per no-op job", cpu[0] / count * 1000, cpu[1] / count * 1000, 2)
    print(f"{'100 two-second jobs, wall s':<28}{'(200)':>14}{long:>14.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
