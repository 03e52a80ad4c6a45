"""What /status and /context say: how a conversation stands, in WhatsApp's formatting."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal


@dataclass(frozen=True)
class Standing:
    """A conversation at one moment. Names are as people read them, tokens are estimates.

    `until` is when the chat goes back to its usual agent, None when this is that agent. `turns`
    are all since `since`, of which the model still sees the latest `seen` and `summarised` are in
    the summary (0: there is none). The others have dropped out of its sight.
    """

    agent: str
    model: str
    until: datetime | None
    since: datetime
    turns: int
    seen: int
    summarised: int
    used: int
    window: int
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal | None

    @property
    def dropped(self) -> int:
        return max(self.turns - self.seen - self.summarised, 0)

    @property
    def share(self) -> int:
        """How full the window is, in percent."""
        return min(100 * self.used // self.window, 100)


def render_status(standing: Standing) -> str:
    session = (
        f" (until {format_moment(standing.until)} if you don't write)" if standing.until else ""
    )
    lines = [
        "*Status*",
        f"Agent: {standing.agent}{session}",
        f"Model: {standing.model}",
        f"Conversation: {_count(standing.turns, 'answer')} since {format_moment(standing.since)}",
        f"Memory: {_describe_fullness(standing)}",
        f"Summary: {_describe_summary(standing)}",
        f"Cost: {_describe_cost(standing)}",
    ]
    return "\n".join(lines)


def render_context(standing: Standing) -> str:
    answers = _count(standing.turns, "answer")
    lines = [
        "*Context*",
        f"{standing.agent} with {standing.model}",
        f"Memory: {_describe_fullness(standing)}",
        f"Since {format_moment(standing.since)}: {answers}, {_list_seen(standing)}",
        f"Summary: {_describe_summary(standing)}",
        f"Cost: {_describe_cost(standing)}",
        _choose_advice(standing),
    ]
    return "\n".join(lines)


def describe_compaction(turns: int, before: int, after: int) -> str:
    """The answer to /compact: how many answers became a summary, and what their tokens became."""
    return (
        f"Done: {_count(turns, 'answer')} became a summary, about {before:,} tokens became "
        f"{after:,}. I go on from there."
    )


def format_moment(at: datetime) -> str:
    """In UTC, since it is unknown where the reader is: 1 Mar 2026, 12:00 UTC."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def _describe_fullness(standing: Standing) -> str:
    return f"about {standing.used:,} of {standing.window:,} tokens ({standing.share} %)"


def _list_seen(standing: Standing) -> str:
    parts = [f"{standing.seen} word for word"]
    parts += [f"{standing.summarised} in the summary"] if standing.summarised else []
    parts += [f"{standing.dropped} forgotten"] if standing.dropped else []
    return ", ".join(parts)


def _describe_summary(standing: Standing) -> str:
    return f"of {_count(standing.summarised, 'answer')}" if standing.summarised else "none"


def _describe_cost(standing: Standing) -> str:
    tokens = f"{standing.input_tokens:,} tokens in, {standing.output_tokens:,} out"
    return f"{tokens}, {_format_dollars(standing.cost_usd)}"


def _format_dollars(cost: Decimal | None) -> str:
    if cost is None:
        return "price unknown"
    return f"${cost:.4f}" if cost < 1 else f"${cost:.2f}"


def _choose_advice(standing: Standing) -> str:
    if standing.dropped:
        return "The oldest part no longer fits. /compact makes room, /new starts afresh."
    return "/compact makes room, /new starts afresh."


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
