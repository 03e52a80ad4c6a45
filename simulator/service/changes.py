"""Waiting for something to become true, without polling."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Changes:
    """Something that changes: `notify` after each change wakes those who wait in `until`."""

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def notify(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait_until(
        self, question: Callable[[], T | None], timeout: float, complaint: Callable[[], str]
    ) -> T:
        """The first true answer to `question`.

        Raises AssertionError with `complaint()` when there is none within `timeout` seconds.
        """
        try:
            async with asyncio.timeout(timeout):
                while not (answer := question()):
                    await self._change()
        except TimeoutError:
            raise AssertionError(complaint()) from None
        return answer

    async def _change(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)
