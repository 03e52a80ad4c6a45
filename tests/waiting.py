"""Waiting for something to become true: the one place in the tests that sleeps."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

INTERVAL = 0.02


def until(predicate: Callable[[], T | None], timeout: float = 10, what: str = "it") -> T:
    """The first true value of `predicate`. Fails with `what` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not (value := predicate()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:g} s for {what}")
        time.sleep(INTERVAL)
    return value


async def until_async(
    predicate: Callable[[], T | None], timeout: float = 10, what: str = "it"
) -> T:
    """The same where an event loop must go on meanwhile. `predicate` is a plain function."""
    deadline = time.monotonic() + timeout
    while not (value := predicate()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:g} s for {what}")
        await asyncio.sleep(INTERVAL)
    return value
