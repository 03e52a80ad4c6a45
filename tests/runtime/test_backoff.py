"""How long to wait before something is started again."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.backoff import Backoff

CAP, JITTER = 30.0, 0.25
RECONNECTS = Backoff(first=2.0, factor=1.8, cap=CAP, jitter=JITTER)


def failed(times: int, lasted: float = 0) -> Backoff:
    backoff = RECONNECTS
    for _ in range(times):
        backoff = backoff.advance(lasted)
    return backoff


@pytest.mark.parametrize(("failures", "seconds"), [(0, 0), (1, 2), (2, 3.6), (3, 6.48), (6, 30)])
def test_the_steps(failures: int, seconds: float) -> None:
    assert failed(failures).delay(0.5) == pytest.approx(seconds)


def test_a_minute_of_health_starts_from_the_beginning() -> None:
    assert failed(20, lasted=59.9).advance(60).delay(0.5) == 2
    assert failed(20).advance(59.9).delay(0.5) == CAP


@given(st.integers(1, 10_000_000), st.floats(0, 1))
def test_however_long_the_outage_it_is_tried_again_soon(failures: int, chance: float) -> None:
    delay = replace(RECONNECTS, failures=failures).delay(chance)
    assert 2 * (1 - JITTER) <= delay <= CAP * (1 + JITTER)


def test_chance_spreads_many_workers() -> None:
    assert (failed(1).delay(0), failed(1).delay(1)) == (1.5, 2.5)


def test_without_jitter_it_doubles_up_to_the_cap() -> None:
    backoff, waits = Backoff(first=1, factor=2), []
    for _ in range(7):
        backoff = backoff.advance(0)
        waits.append(backoff.delay())
    assert waits == [1, 2, 4, 8, 16, 30, 30]
