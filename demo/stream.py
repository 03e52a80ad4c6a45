"""What an open page is sent: everything at first, then what has changed.

One look serves all open pages, and there is none while no page is open.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

State = Mapping[str, Any]
LOOK_EVERY = 0.15  # seconds
SILENCE = 3.0  # seconds after which a stream says that it is still there, or finds its page gone


class Watcher:
    """`look` is called from the threads of those who watch, one at a time."""

    def __init__(self, look: Callable[[], State]) -> None:
        self._look = look
        self._lock = threading.Lock()
        self._looked_at = float("-inf")
        self._state: State = {}
        self._end = threading.Event()

    def state(self) -> State:
        """The state, at most LOOK_EVERY seconds old."""
        with self._lock:
            if time.monotonic() - self._looked_at >= LOOK_EVERY:
                self._state, self._looked_at = self._look(), time.monotonic()
            return self._state

    def watch(self) -> Iterator[str]:
        """Server-sent events, until `end`. The first holds everything."""
        known: State = {}
        sent_at = time.monotonic()
        yield "retry: 1000\n\n"
        while not self._end.is_set():
            state = self.state()
            news = find_difference(known, state)
            if news or time.monotonic() - sent_at > SILENCE:
                event = {**news, "first": not known} if news else {}
                yield f"data: {json.dumps(event)}\n\n"
                known, sent_at = state, time.monotonic()
            self._end.wait(LOOK_EVERY)

    def end(self) -> None:
        self._end.set()


def find_difference(before: State, after: State) -> dict[str, Any]:
    """What to `set` and what is `gone`; empty when nothing has changed."""
    changed = {name: value for name, value in after.items() if before.get(name) != value}
    gone = [name for name in before if name not in after]
    return {"set": changed, "gone": gone} if changed or gone else {}
