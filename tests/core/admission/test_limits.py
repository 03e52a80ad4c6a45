"""How much one person may ask for."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from core.admission import limits
from core.settings import Settings


@pytest.mark.parametrize(
    ("accepted", "limit", "is_flood"),
    [(3, 3, False), (4, 3, True), (2, 1, True), (10_000, None, False)],
)
def test_a_flood_is_more_than_the_limit(accepted: int, limit: int | None, is_flood: bool) -> None:
    assert limits.is_flood(accepted, Settings(messages_per_minute=limit)) is is_flood


@pytest.mark.parametrize(
    ("cost", "budget", "is_spent"),
    [("0.99", "1", False), ("1", "1", True), ("1.01", "1", True)],
)
def test_a_budget_is_spent_when_it_is_reached(cost: str, budget: str, is_spent: bool) -> None:
    settings = Settings(daily_cost_usd=Decimal(budget))
    assert limits.is_spent(Decimal(cost), settings) is is_spent


def test_without_a_budget_nothing_is_too_much() -> None:
    assert not limits.is_spent(Decimal(10**6), Settings(daily_cost_usd=None))


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2026, 3, 1, 0, 0, 0, tzinfo=UTC), 1),
        (datetime(2026, 3, 1, 23, 59, 59, 999_999, tzinfo=UTC), 1),
        (datetime(2026, 3, 1, 23, 0, tzinfo=timezone(timedelta(hours=-3))), 2),
    ],
)
def test_a_day_is_counted_in_utc(now: datetime, day: int) -> None:
    assert limits.find_start_of_day(now) == datetime(2026, 3, day, tzinfo=UTC)
    assert limits.find_start_of_day(now).tzinfo is UTC
