"""The supervisor's handle on a connection process."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from config import ROOT
from core.phone import Phone
from worker.ipc import Order, PipeEvent, PipeWriter, Report, read_events

GRACE = 8.5  # seconds to leave in order; a little more than the process's own hard limit


class ConnectionProcess:
    """One connection process, from its start to its end. Not started again: make another.

    `on_event(process, event)` is called in a thread of the supervisor for all that it reports; the
    last event is "exited", with the exit code.
    """

    def __init__(self, *, mode: str, fence: int, phone: Phone | None, on_event: "OnEvent") -> None:
        self.mode = mode
        self.fence = fence
        self.heard_at = time.monotonic()
        reading, writing = os.pipe()
        orders, ordering = os.pipe()
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "worker.connection", mode),
                *("--fence", str(fence), "--events", str(writing), "--phone", phone or ""),
            ],
            stdin=orders,
            pass_fds=[writing],
            cwd=ROOT,
            # Read by the library's Go side, which knows only the environment it was started with:
            # without it every message to a number is marked as a business bot's.
            env=os.environ | {"NEONIZE_BOT_TAG": "off"},
        )
        os.close(writing)
        os.close(orders)
        self._orders = PipeWriter(ordering)
        self._reader = threading.Thread(
            target=self._read, args=(reading, on_event), name="events", daemon=True
        )
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, name: Order) -> None:
        self._orders.send(name)

    def end(self, grace: float = GRACE) -> None:
        """Ask it to leave in order, and make it leave after `grace` seconds. Blocks until it has
        left. May be called from any thread, and again."""
        self._process.terminate()
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it now. Blocks until it has ended."""
        with suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()

    def _read(self, descriptor: int, on_event: "OnEvent") -> None:
        for event in read_events(descriptor):
            self.heard_at = time.monotonic()
            on_event(self, event)
        os.close(descriptor)
        self._orders.close()
        on_event(self, PipeEvent(Report.EXITED, {"code": self._process.wait()}))


OnEvent = Callable[[ConnectionProcess, PipeEvent], None]
