"""A line on which everything takes a while."""

import asyncio

from simulator.wire.delay import Delay
from tests.waiting import PATIENCE


async def test_nothing_overtakes_on_a_line_with_delay() -> None:
    line, out = Delay(), asyncio.Queue[str]()
    line.put(0, lambda: out.put_nowait("at once"))
    assert out.get_nowait() == "at once"
    line.put(0.05, lambda: out.put_nowait("late"))
    line.put(0, lambda: out.put_nowait("behind"))
    async with asyncio.timeout(PATIENCE):
        assert [await out.get(), await out.get()] == ["late", "behind"]
    line.put(0.05, lambda: out.put_nowait("never"))
    line.clear()
    line.put(0, lambda: out.put_nowait("again at once"))
    assert out.get_nowait() == "again at once"
