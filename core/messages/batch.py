"""Which of a chat's waiting messages make one turn, and what the agent gets to read of them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from core.messages import attachment, command
from core.messages.content import Content
from core.messages.message import Kind
from core.text.shortening import shorten

CAP = 3  # times the gather time: who keeps on writing waits no longer than that for an answer
QUOTE = 1000  # characters of a quote: it is there to show what is meant


class Remark(Protocol):
    """What this module wants to know of a message."""

    @property
    def kind(self) -> Kind: ...
    @property
    def text(self) -> str: ...
    @property
    def quoted_text(self) -> str | None: ...
    @property
    def received_at(self) -> datetime: ...
    @property
    def facts(self) -> Mapping[str, Any] | None: ...
    @property
    def person_id(self) -> int | None: ...


R = TypeVar("R", bound=Remark)

# What people have typed; nothing is written about what else it might be.
_WORDS = (Kind.TEXT, Kind.EDIT)


def is_command(remark: Remark) -> bool:
    return remark.kind in _WORDS and command.parse(remark.text) is not None


def is_interrupt(remark: Remark) -> bool:
    """Whether it is a command that does not wait for the turn at work: /stop."""
    call = command.parse(remark.text) if remark.kind in _WORDS else None
    return call is not None and call.interrupts


def take(waiting: Sequence[R], is_opening: Callable[[R], bool]) -> Sequence[R]:
    """The messages of the next turn: a command alone, else everything up to the next command, up
    to the next message that turns to another agent (`is_opening`), and of one person only: in a
    group each gets an answer of their own."""
    if waiting and is_command(waiting[0]):
        return waiting[:1]
    for position, remark in enumerate(waiting[1:], 1):
        is_anothers = remark.person_id != waiting[0].person_id
        if is_command(remark) or is_opening(remark) or is_anothers:
            return waiting[:position]
    return waiting


def find_interrupted(waiting: Sequence[R]) -> Sequence[R]:
    """What a waiting /stop is about: every /stop, and whatever was written before the last of them
    but is no command. Empty when there is none."""
    before = waiting[: _count_through_interrupt(waiting)]
    return [remark for remark in before if is_interrupt(remark) or not is_command(remark)]


def select_commands(waiting: Sequence[R]) -> Sequence[R]:
    """What is answered although the owner has taken over: commands, which ask no agent. A /stop
    comes with what it takes back."""
    count = _count_through_interrupt(waiting)
    return waiting[:count] if count else [remark for remark in waiting if is_command(remark)]


def measure_gather_wait(batch: Sequence[R], gather: timedelta, now: datetime) -> timedelta:
    """How long to wait for more of the same before the batch at the end of a chat is answered.

    Zero for a command, after `gather` of quiet, and when the first message has waited `CAP` times
    as long. Never more than `gather`, whatever the clocks of two machines think of each other.
    """
    if is_command(batch[0]):
        return timedelta(0)
    due = min(batch[-1].received_at + gather, batch[0].received_at + CAP * gather)
    return min(max(due - now, timedelta(0)), gather)


def build_content(batch: Sequence[R]) -> Content:
    """The turn as the agent reads it; empty when there is nothing to read.

    Quoted words are marked as quotes, and what can't be seen is stated as a fact in brackets.
    """
    if not any(
        remark.text.strip() or attachment.is_readable(remark.kind, remark.facts) for remark in batch
    ):
        return Content("")
    return Content("\n".join(map(render_message, batch)))


def render_message(remark: Remark) -> str:
    """One message as an agent reads it."""
    lines = [f"> {line}" for line in shorten(remark.quoted_text or "", QUOTE).splitlines()]
    if remark.kind is Kind.EDIT and lines:
        lines.append("[this corrects their earlier message, which is quoted above:]")
    elif remark.kind not in _WORDS:
        lines += attachment.write_note(remark.kind, remark.facts)
    words = remark.text.strip()
    return "\n".join([*lines, words] if words else lines)


def build_excuse(batch: Sequence[R]) -> str:
    """What the person reads when there was nothing for the agent to read."""
    return "\n".join(dict.fromkeys(attachment.find_excuse(each.kind, each.facts) for each in batch))


def _count_through_interrupt(waiting: Sequence[R]) -> int:
    """How many messages there are up to the last /stop, 0 without one."""
    positions = [position for position, remark in enumerate(waiting, 1) if is_interrupt(remark)]
    return positions[-1] if positions else 0
