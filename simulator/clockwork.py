"""Where the simulator's time and chance come from, so that a run can be repeated exactly."""

import os
import random
import time
from collections.abc import Callable


class Clockwork:
    """The clock and the dice. Without a seed and a clock they are the system's.

    `random(n)` gives n bytes, `now()` Unix seconds. What is branched off has dice of its own: what
    one phone draws does not depend on what the others have drawn before.
    """

    def __init__(self, seed: object = None, clock: Callable[[], float] | None = None):
        self._seed = seed
        self.now: Callable[[], float] = clock or time.time
        self.random: Callable[[int], bytes] = (
            os.urandom if seed is None else random.Random(str(seed)).randbytes
        )

    def branch(self, name: str) -> "Clockwork":
        """The same clock with other dice, which are the same in each run with this seed."""
        return Clockwork(None if self._seed is None else f"{self._seed}/{name}", self.now)

    def seconds(self) -> int:
        """The time as stanzas carry it."""
        return int(self.now())

    def number(self, below: int) -> int:
        return int.from_bytes(self.random(8), "big") % below

    def stanza_id(self) -> str:
        """The id of a stanza that the service sends."""
        return self.random(8).hex()

    def message_id(self) -> str:
        """An id in the form that phones give their messages."""
        return "3A" + self.random(9).hex().upper()


SYSTEM = Clockwork()
