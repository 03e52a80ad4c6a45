"""What /status and /context say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from core.messages import status_text
from core.messages.status_text import Standing

AT = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
FRESH = Standing(
    agent="🏗️ Finn",
    model="openai/gpt-4o",
    until=None,
    since=AT,
    turns=1,
    seen=1,
    summarised=0,
    used=1200,
    window=100_000,
    input_tokens=1234,
    output_tokens=56,
    cost_usd=Decimal("0.01234"),
)
LONG = replace(FRESH, turns=1200, seen=20, summarised=1000, until=AT + timedelta(hours=1))


def test_the_status_of_a_short_conversation() -> None:
    assert status_text.render_status(FRESH).splitlines() == [
        "*Status*",
        "Agent: 🏗️ Finn",
        "Model: openai/gpt-4o",
        "Conversation: 1 answer since 1 Mar 2026, 12:05 UTC",
        "Memory: about 1,200 of 100,000 tokens (1 %)",
        "Summary: none",
        "Cost: 1,234 tokens in, 56 out, $0.0123",
    ]


def test_the_context_of_a_long_one() -> None:
    assert status_text.render_context(LONG).splitlines() == [
        "*Context*",
        "🏗️ Finn with openai/gpt-4o",
        "Memory: about 1,200 of 100,000 tokens (1 %)",
        "Since 1 Mar 2026, 12:05 UTC: 1,200 answers, 20 word for word, 1000 in the summary, "
        "180 forgotten",
        "Summary: of 1,000 answers",
        "Cost: 1,234 tokens in, 56 out, $0.0123",
        "The oldest part no longer fits. /compact makes room, /new starts afresh.",
    ]
    assert status_text.render_status(LONG).splitlines()[1] == (
        "Agent: 🏗️ Finn (until 1 Mar 2026, 13:05 UTC if you don't write)"
    )
    assert status_text.render_context(FRESH).endswith("\n/compact makes room, /new starts afresh.")
    assert "1 answer, 1 word for word\n" in status_text.render_context(FRESH)


@pytest.mark.parametrize(
    ("cost", "words"),
    [(None, "price unknown"), ("0.99999", "$1.0000"), ("1", "$1.00"), ("12.346", "$12.35")],
)
def test_dollars(cost: str | None, words: str) -> None:
    standing = replace(FRESH, cost_usd=Decimal(cost) if cost else None)
    assert status_text.render_status(standing).endswith(f", 56 out, {words}")


@pytest.mark.parametrize(("used", "share"), [(0, 0), (50, 50), (99, 99), (100, 100), (250, 100)])
def test_a_window_is_never_more_than_full(used: int, share: int) -> None:
    assert replace(FRESH, used=used, window=100).share == share


@pytest.mark.parametrize(
    ("turns", "seen", "summarised", "dropped"), [(9, 4, 3, 2), (4, 4, 0, 0), (3, 3, 2, 0)]
)
def test_what_has_dropped_out_of_sight(
    turns: int, seen: int, summarised: int, dropped: int
) -> None:
    assert replace(FRESH, turns=turns, seen=seen, summarised=summarised).dropped == dropped


def test_what_compacting_came_to() -> None:
    assert status_text.describe_compaction(1, 12_000, 300) == (
        "Done: 1 answer became a summary, about 12,000 tokens became 300. I go on from there."
    )


def test_moments_are_told_in_utc() -> None:
    there = datetime(2026, 3, 1, 1, 5, tzinfo=timezone(timedelta(hours=2)))
    assert status_text.format_moment(there) == "28 Feb 2026, 23:05 UTC"
