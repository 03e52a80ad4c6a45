"""A loop in a thread of its own."""

import asyncio
import contextvars
import threading

import pytest

from tests.waiting import PATIENCE, until
from worker.async_rq.loop_thread import LoopThread, in_daemon_thread

NAME = contextvars.ContextVar("NAME", default="none")


def test_it_begins_runs_and_ends_in_order() -> None:
    done: list[str] = []

    async def note(what: str) -> None:
        done.append(what)

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            done.append("cancelled")

    loop = LoopThread(
        on_start=lambda: note("start"), on_stop=lambda: note("stop"), background=[forever]
    )
    loop.start()
    loop.submit(note("job")).result(PATIENCE)
    loop.call(done.append, "call")
    until(lambda: "call" in done)
    assert loop.is_alive() and loop.stop(PATIENCE) and not loop.is_alive()
    assert done == ["start", "job", "call", "cancelled", "stop"]
    assert loop.stop(0), "it has ended already"


def test_what_fails_at_the_start_is_raised() -> None:
    async def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        LoopThread(on_start=fail).start()


def test_what_fails_in_the_background_begins_again() -> None:
    tries: list[int] = []

    async def third_time_lucky() -> None:
        tries.append(1)
        if len(tries) < 3:
            raise ValueError

    loop = LoopThread(background=[third_time_lucky], restart_after=0)
    loop.start()
    until(lambda: len(tries) == 3)
    assert loop.stop(PATIENCE) and len(tries) == 3


async def test_a_blocking_function_sees_the_callers_context() -> None:
    NAME.set("here")
    assert await in_daemon_thread(NAME.get) == "here"
    assert await in_daemon_thread(threading.current_thread) is not threading.current_thread()
    for error in (ValueError, SystemExit):
        with pytest.raises(error):
            await in_daemon_thread(lambda error=error: (_ for _ in ()).throw(error))  # type: ignore[misc]


async def test_one_that_is_cancelled_is_left_behind() -> None:
    gate = threading.Event()
    waiting = asyncio.create_task(in_daemon_thread(lambda: gate.wait(PATIENCE)))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    gate.set()
