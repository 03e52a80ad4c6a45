"""The turns that this process is at: which to stop, and which take long."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


class Stopped(Exception):
    """The end of this turn was asked for."""


@dataclass
class _Task:
    task: "asyncio.Task[Any]"
    is_stopped: bool = False


class RunningTurns:
    """One per process, on its loop. At most one turn for each chat."""

    def __init__(self) -> None:
        self._tasks: dict[int, _Task] = {}

    @property
    def chats(self) -> list[int]:
        return list(self._tasks)

    def find_stop(self, chat_id: int) -> Callable[[], None] | None:
        """How to stop the turn that is at work in this chat now, and no later one. None if there
        is none."""
        work = self._tasks.get(chat_id)
        if work is None:
            return None

        def stop() -> None:
            work.is_stopped = True
            work.task.cancel()

        return stop

    async def run(
        self,
        chat_id: int,
        turn: Coroutine[Any, Any, T],
        late_after: float,
        late: Callable[[], Awaitable[None]],
    ) -> T:
        """Run a turn to its end; `late` is called once if that takes longer than so many seconds.

        Raises `Stopped` when it was stopped, tools included. Cancelled, it cancels the turn.
        """
        task = asyncio.create_task(turn)
        work = self._tasks[chat_id] = _Task(task)
        try:
            done, _ = await asyncio.wait({task}, timeout=late_after)
            if not done:
                await late()
                await asyncio.wait({task})
            if task.cancelled() and work.is_stopped:
                raise Stopped
            return task.result()
        finally:
            del self._tasks[chat_id]
            task.cancel()
