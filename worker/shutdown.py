"""The wish that this process ends, which a signal handler may express."""

import queue
from contextlib import suppress


class Shutdown:
    """Like `threading.Event`, whose lock is not for signal handlers: one that interrupts the main
    thread inside `wait` or `set` would wait for that very lock for ever. Any number of threads."""

    def __init__(self) -> None:
        self._is_set = False
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()  # reentrant, by its definition

    def set(self) -> None:
        self._is_set = True
        self._wake.put(None)

    def is_set(self) -> bool:
        return self._is_set

    def wait(self, seconds: float) -> bool:
        """Until it is set, at most so long. Whether it is set."""
        if not self._is_set:
            with suppress(queue.Empty):
                self._wake.get(timeout=seconds)
                self._wake.put(None)  # for the next one who waits
        return self._is_set
