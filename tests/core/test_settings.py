"""What the owner may decide, and what is no decision."""

import pytest

from core.errors import InvalidEmoji, InvalidSetting
from core.settings import Settings, one_emoji


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
        with pytest.raises(InvalidSetting, match="0 to 10000 milliseconds") as refusal:
            Settings(gather_ms=pause)
        assert refusal.value.field == "gather_ms"


@pytest.mark.parametrize(
    "emoji",
    ["👀", "❤", "❤️", "👍🏽", "👨‍👩‍👧‍👦", "👩🏽‍💻", "🇩🇪", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣", "☝🏿"],
)
def test_one_emoji_however_it_is_put_together(emoji: str) -> None:
    assert one_emoji(emoji) == emoji
    assert Settings(ack_emoji=emoji).ack_emoji == emoji


@pytest.mark.parametrize("text", ["", " ", "a", "1", "ok", "👀👀", "👀 ", "👀!", "🇩", ":eyes:"])
def test_everything_else_is_not_one_emoji(text: str) -> None:
    with pytest.raises(InvalidEmoji, match="exactly one emoji"):
        Settings(ack_emoji=text)
