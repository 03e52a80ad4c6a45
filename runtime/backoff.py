"""How long to wait before something that ended is started again."""

from dataclasses import dataclass, replace
from typing import Self

MOST_STEPS = 60  # the cap is reached long before; the power of an outage of days would overflow


@dataclass(frozen=True)
class Backoff:
    """How long to wait between attempts, in seconds: longer each time."""

    first: float  # the first wait
    factor: float  # how many times as long each further wait is
    cap: float = 30.0  # the longest wait
    jitter: float = 0.0  # the part by which chance makes a wait longer or shorter
    healthy_after: float = 60.0  # an attempt that lasted so long begins the waits anew
    failures: int = 0  # attempts in a row that did not last

    def delay(self, chance: float = 0.5) -> float:
        """0 before the first failure. `chance` is a random number from 0 to 1; it keeps many
        processes from moving in step."""
        steps = min(self.failures, MOST_STEPS) - 1
        base = min(self.cap, self.first * self.factor**steps) if self.failures else 0.0
        return base * (1 + self.jitter * (2 * chance - 1))

    def advance(self, lasted: float) -> Self:
        """The next state once an attempt has ended that was healthy for `lasted` seconds."""
        return replace(self, failures=1 if lasted >= self.healthy_after else self.failures + 1)
