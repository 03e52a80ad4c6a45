"""The simulator for code that is not asynchronous: it runs in a thread of its own."""

import asyncio
import inspect
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from simulator.phones.handset import Addressing
from simulator.simulator import Simulator

T = TypeVar("T")


class _Blocking:
    """Any object of the simulator's, with its coroutines made to wait for their result."""

    def __init__(self, owner: "SimulatorThread", target: object):
        self._owner, self._target = owner, target

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if not callable(value):
            return value

        def call(*args: Any, **kwargs: Any) -> Any:
            named = {key: _unwrap(each) for key, each in kwargs.items()}
            return self._owner.run(value, *map(_unwrap, args), **named)

        return call


class SimulatorThread:
    """`with SimulatorThread(directory) as sim`: the verbs of Simulator and Phone, each blocking.

    May be used from several threads. `call` runs any coroutine in the simulator's loop.
    """

    def __init__(self, directory: Path | str, **options: Any):
        self.simulator = Simulator(directory, **options)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="simulator", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        self.call(self.simulator.__aenter__())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.call(self.simulator.__aexit__(kind, error, trace))
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the simulator's loop and wait for what it returns or raises."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def run(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a function or coroutine function in the simulator's loop."""

        async def run_inside() -> Any:
            result = function(*args, **kwargs)
            return await result if inspect.isawaitable(result) else result

        return self.call(run_inside())

    def add_phone(self, number: str, *, name: str = "", addressing: Addressing = "pn") -> Any:
        """A phone whose verbs block; otherwise as `Simulator.add_phone`."""
        phone = self.run(self.simulator.add_phone, number, name=name, addressing=addressing)
        return _Blocking(self, phone)

    @property
    def bot(self) -> Any:
        """The phone of the only account that has linked devices."""
        return _Blocking(self, self.simulator.bot)

    def __getattr__(self, name: str) -> Any:
        return getattr(_Blocking(self, self.simulator), name)


def _unwrap(value: Any) -> Any:
    """Phones may be passed on as they were handed out, also several in a list."""
    if isinstance(value, list):
        return [_unwrap(each) for each in value]
    return value._target if isinstance(value, _Blocking) else value
