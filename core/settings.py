"""What the owner decides at any time. Every default is written here and nowhere else."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import emoji

from core.errors import InvalidEmoji, InvalidSetting

STICKY_MINUTES = range(5, 121)
GATHER_MS = range(0, 10_001)
MESSAGES_PER_MINUTE = range(1, 1001)
MOST_DOLLARS = 10_000


class Groups(StrEnum):
    """What becomes of messages in groups. That everything there is answered is no choice: people
    who talk to each other would pay for it with their peace, and the owner with money."""

    IGNORE = "ignore"
    ADDRESSED = "addressed"  # answered when somebody who may write speaks to us


@dataclass(frozen=True)
class Settings:
    """One row in SQL. `version` rises by one with every save, so that the panel can show which
    version the worker runs."""

    version: int = 0
    enabled: bool = False
    default_agent: str | None = None
    sticky_minutes: int = 30
    ack_emoji: str | None = None
    allow_all: bool = False
    # A stranger's words are not kept unless the owner asked for it: only who, when and how often.
    keep_held_text: bool = False
    # How long a chat must be quiet before its waiting messages are answered together: people
    # write in short lines, and one answer to three of them is better than three.
    gather_ms: int = 600
    # The model of agents that name none. None: demo/echo.
    default_model: str | None = None
    # Whether a turn that takes longer than a minute says so once.
    still_working: bool = False
    # How much one person may ask for. None: no limit.
    messages_per_minute: int | None = 30
    daily_cost_usd: Decimal | None = None
    # Whether a conversation near its model's limit is summarised by itself.
    auto_compact: bool = False
    # Whether a chat is left to the owner for a while once they wrote in it from their own phone.
    pause_on_own_message: bool = True
    groups: Groups = Groups.IGNORE

    def __post_init__(self) -> None:
        """Raises `InvalidSetting` or `InvalidEmoji`: no other code needs to check again."""
        if self.sticky_minutes not in STICKY_MINUTES:
            raise InvalidSetting(
                "sticky_minutes",
                f"Sticky TTL must be {STICKY_MINUTES[0]} to {STICKY_MINUTES[-1]} minutes.",
            )
        if self.gather_ms not in GATHER_MS:
            raise InvalidSetting(
                "gather_ms", f"The pause must be {GATHER_MS[0]} to {GATHER_MS[-1]} milliseconds."
            )
        if self.messages_per_minute not in (None, *MESSAGES_PER_MINUTE):
            raise InvalidSetting(
                "messages_per_minute",
                f"The limit must be {MESSAGES_PER_MINUTE[0]} to {MESSAGES_PER_MINUTE[-1]} "
                "messages a minute.",
            )
        if self.daily_cost_usd is not None and not 0 < self.daily_cost_usd <= MOST_DOLLARS:
            raise InvalidSetting(
                "daily_cost_usd",
                f"The daily budget must be more than 0 and at most {MOST_DOLLARS:,} dollars.",
            )
        if self.ack_emoji is not None:
            one_emoji(self.ack_emoji)


def one_emoji(text: str) -> str:
    """The text if it is exactly one emoji (skin tones, flags and families count as one)."""
    if not emoji.is_emoji(text):
        raise InvalidEmoji("Use exactly one emoji, for example 👀.")
    return text
