"""How long to wait before connecting again."""

from dataclasses import dataclass

FIRST = 2.0
FACTOR = 1.8
CAP = 30.0
JITTER = 0.25
STEPS = 6  # after so many the cap is reached; the power of an outage of days would overflow
HEALTHY_AFTER = 60.0


@dataclass(frozen=True)
class Backoff:
    """Seconds between attempts: 2 s, x1.8, at most 30 s, give or take a quarter; from the start
    again after a connection that lasted a minute."""

    failures: int = 0

    def delay(self, chance: float) -> float:
        """`chance` is a random number from 0 to 1; it keeps many workers from moving in step."""
        steps = min(self.failures, STEPS) - 1
        base = min(CAP, FIRST * FACTOR**steps) if self.failures else 0.0
        return base * (1 + JITTER * (2 * chance - 1))

    def after(self, lasted: float) -> "Backoff":
        """The next state once a connection has ended that was healthy for `lasted` seconds."""
        return Backoff(1 if lasted >= HEALTHY_AFTER else self.failures + 1)
