"""One asyncio loop in a thread of its own, for a process whose main thread has other duties."""

import asyncio
import contextvars
import logging
import threading
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")
Start = Callable[[], Coroutine[Any, Any, None]]
"""Makes a coroutine to run on the loop."""

log = logging.getLogger(__name__)


class LoopThread:
    """Runs `on_start`, then the `background` coroutines and whatever is submitted, then `on_stop`.

    A background coroutine that fails is logged and started again after `restart_after` seconds;
    one that returns is done; all are cancelled before `on_stop`. `threads` is the size of the
    loop's default executor, the one behind `asyncio.to_thread` (whose own default is the number of
    cores plus four, too few when a hundred jobs share it for their database calls).

    All methods are for other threads. The thread is a daemon: a process may end without it.
    """

    def __init__(
        self,
        *,
        on_start: Start | None = None,
        on_stop: Start | None = None,
        background: Iterable[Start] = (),
        threads: int = 32,
        restart_after: float = 1.0,
    ) -> None:
        self._on_start, self._on_stop = on_start, on_stop
        self._background = tuple(background)
        self._threads = threads
        self._restart_after = restart_after
        self._started: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="jobs-loop", daemon=True)

    def start(self) -> None:
        """Returns when `on_start` has; raises what `on_start` raised."""
        self._thread.start()
        self._started.result()

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def call(self, function: Callable[..., object], *args: object) -> None:
        """Calls `function` on the loop soon. Takes no lock, so a signal handler may use it."""
        self._loop.call_soon_threadsafe(function, *args)

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self, timeout: float) -> bool:
        """Waits up to `timeout` seconds for the end; True if it came."""
        with suppress(RuntimeError):  # the loop is closed already
            self.call(self._closing.set)
        self._thread.join(timeout)
        return not self.is_alive()

    def _run(self) -> None:
        try:
            asyncio.run(self._run_loop())
        except BaseException as error:
            if self._started.done():
                log.critical("The jobs' loop ended with an error", exc_info=True)
            else:
                self._started.set_exception(error)

    async def _run_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._closing = asyncio.Event()
        self._loop.set_default_executor(ThreadPoolExecutor(self._threads, "jobs-thread"))
        if self._on_start:
            await self._on_start()
        tasks = [asyncio.create_task(self._keep(start)) for start in self._background]
        self._started.set_result(None)
        await self._closing.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._on_stop:
            await self._on_stop()

    async def _keep(self, start: Start) -> None:
        while True:
            try:
                return await start()
            except Exception:
                log.exception("%s failed; starting it again", getattr(start, "__name__", start))
                await asyncio.sleep(self._restart_after)


async def in_daemon_thread(function: Callable[[], T]) -> T:
    """Runs a blocking function in a new thread, in a copy of the caller's context.

    Unlike `asyncio.to_thread` it takes no place in a pool and never holds up the end of the
    process: when the caller is cancelled, the thread is left behind.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()

    def settle(setter: Callable[[Any], None], value: object) -> None:
        if not outcome.done():
            setter(value)

    def work() -> None:
        try:
            settled: tuple[Callable[[Any], None], object]
            settled = outcome.set_result, context.run(function)
        except StopIteration as error:  # a future refuses this one
            settled = outcome.set_exception, RuntimeError(f"function raised {error!r}")
        except BaseException as error:
            settled = outcome.set_exception, error
        with suppress(RuntimeError):  # the loop is closed: no caller waits any more
            loop.call_soon_threadsafe(settle, *settled)

    threading.Thread(target=work, name="jobs-sync", daemon=True).start()
    return await outcome
