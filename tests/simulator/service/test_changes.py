"""Waiting without polling."""

import asyncio

import pytest

from simulator.service.changes import Changes


async def test_each_change_is_looked_at_until_the_answer_is_true() -> None:
    changes, found = Changes(), list[int]()
    waiting = asyncio.create_task(
        changes.wait_until(lambda: len(found) == 2 and "done", 60, lambda: "never")
    )
    for number in range(2):
        await asyncio.sleep(0)
        assert not waiting.done()
        found.append(number)
        changes.notify()
    assert await waiting == "done"


async def test_what_is_true_already_is_not_waited_for() -> None:
    assert await Changes().wait_until(lambda: 7, 0, lambda: "never") == 7


async def test_in_vain_there_is_a_complaint() -> None:
    with pytest.raises(AssertionError, match="nothing came"):
        await Changes().wait_until(lambda: None, 0, lambda: "nothing came")
