"""How long to wait before something that ended is started again."""

from dataclasses import dataclass, replace
from typing import Self

MOST_STEPS = 60  # the cap is reached long before; the power of an outage of days would overflow


@dataclass(frozen=True)
class Backoff:
    """Seconds between attempts: `first`, each time `factor` as many, at most `cap`. It begins again
    after an attempt that lasted `healthy_after` seconds."""

    first: float
    factor: float
    cap: float = 30.0
    jitter: float = 0.0  # the part by which chance makes a wait longer or shorter
    healthy_after: float = 60.0
    failures: int = 0

    def delay(self, chance: float = 0.5) -> float:
        """0 before the first failure. `chance` is a random number from 0 to 1; it keeps many
        processes from moving in step."""
        steps = min(self.failures, MOST_STEPS) - 1
        base = min(self.cap, self.first * self.factor**steps) if self.failures else 0.0
        return base * (1 + self.jitter * (2 * chance - 1))

    def advance(self, lasted: float) -> Self:
        """The next state once an attempt has ended that was healthy for `lasted` seconds."""
        return replace(self, failures=1 if lasted >= self.healthy_after else self.failures + 1)
