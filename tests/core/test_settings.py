"""What the owner may decide, and what is no decision."""

from decimal import Decimal

import pytest

from core.errors import InvalidEmoji, InvalidSetting
from core.settings import (
    ABOUT,
    FIELDS,
    Groups,
    Settings,
    describe_changes,
    parse_emoji,
    read_setting,
)


def test_a_new_installation_answers_nobody() -> None:
    fresh = Settings()
    assert (fresh.enabled, fresh.allow_all, fresh.default_agent) == (False, False, None)
    assert (fresh.sticky_minutes, fresh.ack_emoji, fresh.version) == (30, None, 0)


@pytest.mark.parametrize("minutes", [5, 30, 120])
def test_sticky_minutes_that_will_do(minutes: int) -> None:
    assert Settings(sticky_minutes=minutes).sticky_minutes == minutes


@pytest.mark.parametrize("minutes", [-1, 0, 4, 121])
def test_sticky_minutes_out_of_bounds(minutes: int) -> None:
    with pytest.raises(InvalidSetting, match="5 to 120 minutes") as refusal:
        Settings(sticky_minutes=minutes)
    assert refusal.value.field == "sticky_minutes"


def test_the_pause_has_bounds() -> None:
    assert Settings(gather_ms=0).gather_ms == 0
    assert Settings(gather_ms=10_000).gather_ms == 10_000
    for pause in (-1, 10_001):
        with pytest.raises(InvalidSetting, match="0 to 10 seconds") as refusal:
            Settings(gather_ms=pause)
        assert refusal.value.field == "gather_ms"


def test_limits_have_bounds_and_may_be_lifted() -> None:
    lifted = Settings(messages_per_minute=None, daily_cost_usd=None)
    assert (lifted.messages_per_minute, lifted.daily_cost_usd) == (None, None)
    for messages in (0, 1001):
        with pytest.raises(InvalidSetting, match="Enter 1 to 1000, or nothing") as refusal:
            Settings(messages_per_minute=messages)
        assert refusal.value.field == "messages_per_minute"
    for dollars in (Decimal(0), Decimal("-0.01"), Decimal("10000.01")):
        with pytest.raises(InvalidSetting, match=r"Enter 0.01 to 10000 dollars") as refusal:
            Settings(daily_cost_usd=dollars)
        assert refusal.value.field == "daily_cost_usd"


def test_every_setting_that_is_shown_is_explained() -> None:
    assert set(FIELDS) - set(ABOUT) == {"version", "default_model"}, "these are shown elsewhere"
    for name, about in ABOUT.items():
        assert about.label, name
        assert about.explain().strip("”").endswith((".", ")")), name
        assert "{" not in about.explain(), name
    assert "keeps the chat (5 to 120)" in ABOUT["sticky_minutes"].explain()


def test_texts_become_an_enum_s_members() -> None:
    assert read_setting("groups", "addressed") is Groups.ADDRESSED
    assert read_setting("gather_ms", 5) == 5
    assert read_setting("default_agent", "finn") == "finn"


def test_what_a_save_changed() -> None:
    before, after = Settings(version=3), Settings(version=4, enabled=True, groups=Groups.ADDRESSED)
    assert describe_changes(before, after) == (
        "version: 3 → 4, enabled: False → True, groups: ignore → addressed"
    )


@pytest.mark.parametrize(
    "emoji",
    ["👀", "❤", "❤️", "👍🏽", "👨‍👩‍👧‍👦", "👩🏽‍💻", "🇩🇪", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣", "☝🏿"],
)
def test_one_emoji_however_it_is_put_together(emoji: str) -> None:
    assert parse_emoji(emoji) == emoji
    assert Settings(ack_emoji=emoji).ack_emoji == emoji


@pytest.mark.parametrize("text", ["", " ", "a", "1", "ok", "👀👀", "👀 ", "👀!", "🇩", ":eyes:"])
def test_everything_else_is_not_one_emoji(text: str) -> None:
    with pytest.raises(InvalidEmoji, match="exactly one emoji"):
        Settings(ack_emoji=text)
