"""Waiting for something to become true: the one place in the tests that sleeps."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

INTERVAL = 0.02
# Seconds. Only there to end a test that will never pass, so it has nothing to do with how long
# something takes: on a machine that does much else, what takes a moment here may take ten seconds.
PATIENCE = 60.0
PATIENCE_MS = 1000 * PATIENCE  # Playwright counts in these


def until(predicate: Callable[[], T | None], what: str = "it", patience: float = PATIENCE) -> T:
    """The first true value of `predicate`. Fails with `what` after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not (value := predicate()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience:g} s for {what}")
        time.sleep(INTERVAL)
    return value


async def until_async(predicate: Callable[[], T | None], what: str = "it") -> T:
    """The same where an event loop must go on meanwhile. `predicate` is a plain function."""
    deadline = time.monotonic() + PATIENCE
    while not (value := predicate()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {PATIENCE:g} s for {what}")
        await asyncio.sleep(INTERVAL)
    return value
