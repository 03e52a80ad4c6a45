"""A queue that delays each action and keeps their order."""

import asyncio
from collections import deque
from collections.abc import Callable


class Delay:
    """Runs what is put in, in that order, each thing after its own number of seconds."""

    def __init__(self) -> None:
        self._line: deque[tuple[float, Callable[[], None]]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def put(self, seconds: float, action: Callable[[], None]) -> None:
        """Run `action` after `seconds`, or at once if that is none and no other waits."""
        if not self._line and seconds <= 0:
            action()
            return
        self._line.append((asyncio.get_running_loop().time() + seconds, action))
        if self._timer is None:
            self._wait()

    def clear(self) -> None:
        """Forget what is still on its way."""
        self._line.clear()
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_at(self._line[0][0], self._run)

    def _run(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        while self._line and self._line[0][0] <= now:
            self._line.popleft()[1]()
        if self._line and self._timer is None:
            self._wait()
