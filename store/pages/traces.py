"""What happened to one message, from its sender's phone to the answer on it, with the times of each
step: for the owner who asks why there was no reply, or why it took so long.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, select

from core.admission.allowlist import Pattern
from core.states import TurnState
from core.text.translation import Sentence, _
from store.chats.chats import PANEL
from store.chats.turns import TurnKind
from store.pages import transcripts
from store.pages.transcript_items import Outgoing, TurnSummary
from store.sql.tables import allowlist, messages, outbox, turns

LATEST = 50  # parts of an answer, and attempts at it


@dataclass(frozen=True)
class TracedMessage:
    """The message itself."""

    id: int
    chat_id: int | None
    person_id: int | None
    turn_id: int | None
    entry_id: int | None  # the allowlist entry that let its sender in
    phone: str | None
    push_name: str
    kind: str
    text: str
    from_me: bool
    state: str
    reason: str | None
    message_id: str
    sent_at: datetime
    received_at: datetime
    decided_at: datetime | None
    read_at: datetime | None
    edited_at: datetime | None
    deleted_at: datetime | None


class StepKind(StrEnum):
    """In the order in which a message meets them."""

    WRITTEN = "written"
    RECEIVED = "received"
    DECIDED = "decided"
    READ = "read"
    EDITED = "edited"
    DELETED = "deleted"
    ATTEMPT = "attempt"  # a turn that was given up
    BEGAN = "began"  # the turn that counts
    FINISHED = "finished"
    QUEUED = "queued"
    CLAIMED = "claimed"
    SENT = "sent"
    DELIVERED = "delivered"
    SEEN = "seen"

    @property
    def sentence(self) -> Sentence | None:
        """None for a step of which there is more to say."""
        return _SENTENCES.get(self)


_SENTENCES = {
    StepKind.WRITTEN: _("Written, says WhatsApp"),
    StepKind.RECEIVED: _("Received and stored"),
    StepKind.READ: _("Blue ticks for its sender"),
    StepKind.EDITED: _("Edited by its sender"),
    StepKind.DELETED: _("Deleted by its sender"),
    StepKind.SENT: _("Sent"),
    StepKind.DELIVERED: _("On their phone"),
    StepKind.SEEN: _("Read"),
}


@dataclass(frozen=True)
class TraceStep:
    """Something that happened to the message or to its answer."""

    what: StepKind
    at: datetime
    gap: timedelta | None = None  # since the step before; None where two clocks would be compared
    part: Outgoing | None = None  # the message of ours that the step is about
    number: int = 0  # of this part within the answer
    attempt: TurnSummary | None = None


@dataclass(frozen=True)
class Trace:
    """One message and all that became of it."""

    message: TracedMessage | None  # None for one of ours that answers no message
    entry: Pattern | None  # of the allowlist entry, None if that is gone
    attempts: Sequence[TurnSummary]  # turns that were given up
    turn: TurnSummary | None  # the one that counts
    parts: Sequence[Outgoing]

    @property
    def steps(self) -> Sequence[TraceStep]:
        found = sorted(self._steps(), key=lambda step: step.at)
        return [
            _add_delay(found[place - 1] if place else None, each)
            for place, each in enumerate(found)
        ]

    def _steps(self) -> Iterator[TraceStep]:
        yield from _list_message_steps(self.message)
        for attempt in self.attempts:
            yield TraceStep(StepKind.ATTEMPT, attempt.started_at, attempt=attempt)
        if self.turn:
            yield TraceStep(StepKind.BEGAN, self.turn.started_at)
            if self.turn.finished_at:
                yield TraceStep(StepKind.FINISHED, self.turn.finished_at)
        for number, part in enumerate(self.parts, 1):
            yield from _list_part_steps(number, part)


def trace_message(connection: Connection, message_id: int) -> Trace | None:
    """None if there is no such message on WhatsApp."""
    columns = [messages.c[each.name] for each in fields(TracedMessage)]
    row = (
        connection.execute(
            select(*columns).where(messages.c.id == message_id, messages.c.account != PANEL)
        )
        .mappings()
        .first()
    )
    if row is None:
        return None
    message = TracedMessage(**row)
    return Trace(
        message=message,
        entry=_find_entry(connection, message.entry_id),
        attempts=_list_attempts(connection, message),
        turn=_find_turn(connection, message.turn_id),
        parts=_list_parts(connection, outbox.c.turn_id == message.turn_id)
        if message.turn_id
        else (),
    )


def trace_sent(connection: Connection, chat_id: int, row_id: int) -> Trace | None:
    """Of a message of ours. None if there is no such one in this chat."""
    parts = _list_parts(connection, (outbox.c.id == row_id) & (outbox.c.chat_id == chat_id))
    if not parts:
        return None
    return Trace(None, None, (), _find_turn(connection, parts[0].turn_id), parts)


def _find_entry(connection: Connection, entry_id: int | None) -> Pattern | None:
    if entry_id is None:
        return None
    pattern = connection.scalar(select(allowlist.c.pattern).where(allowlist.c.id == entry_id))
    return Pattern(pattern) if pattern else None


def _find_turn(connection: Connection, turn_id: int | None) -> TurnSummary | None:
    if turn_id is None:
        return None
    rows = connection.execute(
        transcripts.select_summaries().where(turns.c.id == turn_id)
    ).mappings()
    return TurnSummary(**rows.one())


def _list_attempts(connection: Connection, message: TracedMessage) -> Sequence[TurnSummary]:
    """Turns of its chat that were given up while it waited for its own: their process died, or
    the owner took over."""
    if message.chat_id is None:
        return ()
    rows = connection.execute(
        transcripts.select_summaries()
        .where(
            turns.c.chat_id == message.chat_id,
            turns.c.started_at >= message.received_at,
            turns.c.state.in_([TurnState.INTERRUPTED, TurnState.STOPPED]),
            turns.c.kind == TurnKind.AGENT,
            *([turns.c.id < message.turn_id] if message.turn_id else []),
        )
        .order_by(turns.c.id)
        .limit(LATEST)
    )
    return [TurnSummary(**row) for row in rows.mappings()]


def _list_parts(connection: Connection, which: ColumnElement[bool]) -> Sequence[Outgoing]:
    wanted = transcripts.select_outgoing().where(which).order_by(outbox.c.id).limit(LATEST)
    return [Outgoing(**row) for row in connection.execute(wanted).mappings()]


def _list_message_steps(message: TracedMessage | None) -> Iterator[TraceStep]:
    if message is None:
        return
    moments = {
        StepKind.WRITTEN: message.sent_at,
        StepKind.RECEIVED: message.received_at,
        StepKind.DECIDED: message.decided_at,
        StepKind.READ: message.read_at,
        StepKind.EDITED: message.edited_at,
        StepKind.DELETED: message.deleted_at,
    }
    yield from (TraceStep(what, at) for what, at in moments.items() if at)


def _list_part_steps(number: int, part: Outgoing) -> Iterator[TraceStep]:
    moments = {
        StepKind.QUEUED: part.at,
        StepKind.CLAIMED: part.claimed_at,
        StepKind.SENT: part.sent_at,
        StepKind.DELIVERED: part.delivered_at,
        StepKind.SEEN: part.read_at,
    }
    latest = part.at
    for what, at in moments.items():
        if at:  # a receipt's time, in whole seconds, may seem to come before what it is about
            latest = max(latest, at)
            yield TraceStep(what, latest, part=part, number=number)


def _add_delay(before: TraceStep | None, step: TraceStep) -> TraceStep:
    """With the time since the step before. WhatsApp's clock knows whole seconds only."""
    if before is None or before.what is StepKind.WRITTEN:
        return step
    return TraceStep(step.what, step.at, step.at - before.at, step.part, step.number, step.attempt)
