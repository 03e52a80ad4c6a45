"""One job on an asyncio loop: called, timed out, cancelled. Knows nothing of Redis."""

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from rq import Queue
from rq.executions import Execution
from rq.job import Job, _current_job
from rq.timeouts import JobTimeoutException, TimerDeathPenalty

from worker.async_rq.loop_thread import in_daemon_thread


class Interrupted(Exception):
    """The job was cancelled before it was done, and not by a stop command."""


class JobRaisedExit(Exception):
    """The job raised SystemExit or KeyboardInterrupt, which must not end the worker."""


class CallbackDeathPenalty(TimerDeathPenalty):
    """Times out a job's callbacks, which run in threads, where SIGALRM can't reach them.

    `TimerDeathPenalty` patches the exception class it is given, for the whole process and every
    later use; so it is given a class of its own each time.
    """

    def __init__(
        self, timeout: int, exception: type[Exception] = JobTimeoutException, **options: Any
    ) -> None:
        super().__init__(timeout, type(exception.__name__, (exception,), {}), **options)  # type: ignore[no-untyped-call]


@dataclass(eq=False)
class Run:
    """One execution of a job in this process. Its task is the job's function and nothing else, the
    only thing that is ever cancelled: the bookkeeping around it always comes to its end."""

    job: Job
    queue: Queue
    execution: Execution
    task: asyncio.Task[Any] | None = None
    is_cancelled: bool = False
    is_stopped: bool = False  # by a stop command

    async def execute(self, function: Callable[..., Any]) -> Any:
        """Runs the job's function; returns and raises what it does, CancelledError included."""
        self.task = asyncio.create_task(perform(self.job, function))
        if self.is_cancelled:
            self.task.cancel()
        await asyncio.wait({self.task})
        return self.task.result()

    def cancel(self) -> None:
        """On the loop only. Before the function runs it is remembered."""
        self.is_cancelled = True
        if self.task:
            self.task.cancel()


async def perform(job: Job, function: Callable[..., Any]) -> Any:
    """In place of `job.perform()`, which would start a loop. To run as a task: each has a context
    of its own, so `get_current_job()` is right in all of them."""
    _current_job.set(job)
    limit = job.timeout or Queue.DEFAULT_TIMEOUT
    try:
        async with asyncio.timeout(limit if limit > 0 else None) as timer:
            return await _call(partial(function, *job.args, **job.kwargs))
    except (SystemExit, KeyboardInterrupt) as error:
        raise JobRaisedExit(repr(error)) from error
    except TimeoutError as error:
        if not timer.expired():
            raise
        message = f"Task exceeded maximum timeout value ({limit} seconds)"
        raise JobTimeoutException(message) from error


async def _call(function: Callable[[], Any]) -> Any:
    if inspect.iscoroutinefunction(function):
        return await function()
    result = await in_daemon_thread(function)
    return await result if inspect.isawaitable(result) else result
