"""What a transcript is made of: what was written to us, what we wrote, how each turn came out, and
where an agent started afresh. Values only; store/pages/transcripts.py reads them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from zlib import crc32

from core.messages import command
from core.messages.message import Kind
from core.states import TurnState
from store.chats.turns import TurnKind


@dataclass(frozen=True)
class Incoming:
    """A message that reached us, or that the owner wrote in the panel."""

    id: int
    message_id: str
    kind: str
    text: str
    from_me: bool
    quoted_id: str | None
    quoted_text: str | None
    facts: Mapping[str, Any] | None  # what a picture, a place or a poll was
    state: str
    turn_id: int | None
    at: datetime
    ack_emoji: str | None
    edited_at: datetime | None
    deleted_at: datetime | None
    push_name: str  # what its sender called themselves, which matters in a group
    phone: str | None
    reactions: tuple[str, ...] = ()
    quotes: str | None = None  # the key of the item that it answers, where the page has that

    what: ClassVar = "incoming"

    @property
    def key(self) -> str:
        return f"message-{self.id}"

    @property
    def is_command(self) -> bool:
        return self.kind == Kind.TEXT and command.parse(self.text) is not None


@dataclass(frozen=True)
class Outgoing:
    """One message of ours, as WhatsApp gets it."""

    id: int
    text: str
    state: str
    error: str | None
    possibly_twice: bool
    agent: str | None  # None: the owner wrote it
    turn_id: int | None  # the turn that it answers
    send_id: int | None  # the program's request; with neither, an agent's of its own accord
    wa_id: str | None
    at: datetime
    claimed_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    program: str | None  # what the program's API key is called
    turn_kind: str | None
    reactions: tuple[str, ...] = ()

    what: ClassVar = "outgoing"

    @property
    def key(self) -> str:
        return f"sent-{self.id}"

    @property
    def by_hand(self) -> bool:
        return self.agent is None and self.turn_id is None and self.send_id is None

    @property
    def progress(self) -> str:
        """The latest of the stages that a messenger has ticks for."""
        if self.read_at:
            return "read"
        return "delivered" if self.delivered_at else self.state


@dataclass(frozen=True)
class Reply:
    """An answer in the panel: it is read where its turn keeps it, and leaves through no outbox."""

    id: int  # the turn's
    kind: str
    state: str
    agent: str | None
    text: str
    at: datetime

    what: ClassVar = "reply"

    @property
    def key(self) -> str:
        return f"reply-{self.id}"


@dataclass(frozen=True)
class TurnSummary:
    """How a turn came out: who answered, with what, and what it took."""

    id: int
    kind: str
    state: str
    agent: str | None
    model: str | None
    why: str | None
    # Agents that were chosen but could not answer, each with a `core.agents.routing.Absence`.
    passed_over: Mapping[str, str] | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: Decimal | None
    error_code: str | None
    error_detail: str | None
    started_at: datetime
    finished_at: datetime | None

    what: ClassVar = "turn"

    @property
    def key(self) -> str:
        return f"turn-{self.id}"

    @property
    def at(self) -> datetime:
        return self.finished_at or self.started_at

    @property
    def seconds(self) -> float | None:
        return (self.finished_at - self.started_at).total_seconds() if self.finished_at else None

    @property
    def is_worth_telling(self) -> bool:
        """Whether there is more to say than the messages show."""
        is_ours = self.kind != TurnKind.AGENT and not (self.model or self.passed_over)
        return not is_ours or self.state != TurnState.DONE


@dataclass(frozen=True)
class FreshStart:
    """Here these agents have forgotten what was said above (`/new`)."""

    id: int
    agents: tuple[str, ...]
    at: datetime

    what: ClassVar = "fresh"

    @property
    def key(self) -> str:
        return f"fresh-{self.id}"


Spoken = Incoming | Outgoing
Item = Spoken | Reply | TurnSummary | FreshStart


def compute_version(item: Item) -> str:
    """Another one whenever the item looks different."""
    return f"{crc32(repr(item).encode()):x}"
