"""One job on an asyncio loop."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from rq.job import get_current_job
from rq.timeouts import JobTimeoutException

from worker.async_rq.job_run import CallbackDeathPenalty, JobRaisedExit, Run, perform


def job(*args: Any, timeout: float | None = 60, **kwargs: Any) -> Any:
    return SimpleNamespace(args=args, kwargs=kwargs, timeout=timeout)


async def test_functions_of_both_kinds_get_their_arguments() -> None:
    async def later(a: int, b: int) -> int:
        return a + b

    assert await perform(job(1, b=2), lambda a, b: a + b) == 3
    assert await perform(job(1, b=2), later) == 3
    assert await perform(job(1, b=2), lambda a, b: later(a, b)) == 3


async def test_each_knows_which_job_it_is() -> None:
    jobs = [job(), job()]
    tasks = [asyncio.create_task(perform(each, get_current_job)) for each in jobs]
    assert await asyncio.gather(*tasks) == jobs


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
async def test_a_job_does_not_end_the_worker(error: type[BaseException]) -> None:
    def leave() -> None:
        raise error

    with pytest.raises(JobRaisedExit, match=error.__name__):
        await perform(job(), leave)


async def test_it_ends_in_time() -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    with pytest.raises(JobTimeoutException, match="maximum timeout value \\(0.001 seconds\\)"):
        await perform(job(timeout=0.001), forever)


async def test_its_own_timeouts_are_its_own() -> None:
    def slow() -> None:
        raise TimeoutError("of mine")

    with pytest.raises(TimeoutError, match="of mine"):
        await perform(job(), slow)


@pytest.mark.parametrize("early", [True, False])
async def test_a_cancelled_run_is_cancelled_whenever_that_was_said(early: bool) -> None:
    begun = asyncio.Event()

    async def forever() -> None:
        begun.set()
        await asyncio.Event().wait()

    run = Run(job(), None, None)  # type: ignore[arg-type]
    if early:
        run.cancel()
    outcome = asyncio.create_task(run.execute(forever))
    if not early:
        await begun.wait()
        run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await outcome
    assert run.is_cancelled and begun.is_set() is not early


def test_each_callback_is_timed_out_by_an_exception_of_its_own() -> None:
    one, other = CallbackDeathPenalty(1), CallbackDeathPenalty(1)
    kinds = {one._exception, other._exception}
    assert len(kinds) == 2 and all(issubclass(kind, JobTimeoutException) for kind in kinds)
    assert JobTimeoutException not in kinds
