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
from worker.ipc import Mouth, Note, listen

GRACE = 8.5  # seconds to leave in order; a little more than the process's own hard limit


class Child:
    """One connection process, from its start to its end. Not started again: make another.

    `hear(child, note)` is called in a thread of this process for everything it says; the last note
    is "exited", with the exit code.
    """

    def __init__(self, mode: str, fence: int, phone: Phone | None, hear: "Hear") -> None:
        self.mode = mode
        self.fence = fence
        self.heard_at = time.monotonic()
        reading, writing = os.pipe()
        orders, mouth = os.pipe()
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
        self._mouth = Mouth(mouth)
        self._reader = threading.Thread(
            target=self._listen, args=(reading, hear), name="child", daemon=True
        )
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def say(self, name: str) -> None:
        self._mouth.say(name)

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

    def _listen(self, descriptor: int, hear: "Hear") -> None:
        for note in listen(descriptor):
            self.heard_at = time.monotonic()
            hear(self, note)
        os.close(descriptor)
        self._mouth.close()
        hear(self, Note("exited", {"code": self._process.wait()}))


Hear = Callable[[Child, Note], None]
