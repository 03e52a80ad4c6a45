"""How much one person may ask for. The owner sets the limits, messages of the owner's own chats in
the panel are under none."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from core.settings import Settings

MINUTE = timedelta(minutes=1)
CRASHES = 3  # turns in a row that their process did not survive, before the messages are given up


def is_flood(accepted: int, settings: Settings) -> bool:
    """Whether so many messages within a minute are too many."""
    limit = settings.messages_per_minute
    return limit is not None and accepted > limit


def is_spent(cost_usd: Decimal, settings: Settings) -> bool:
    """Whether the day's budget of a person is used up: the next answer would go beyond it."""
    return settings.daily_cost_usd is not None and cost_usd >= settings.daily_cost_usd


def find_start_of_day(now: datetime) -> datetime:
    """When the day began by which the budget is counted: in UTC, since one person's place is
    unknown and the owner's bill is counted so too."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
