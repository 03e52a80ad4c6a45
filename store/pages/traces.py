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
class Facts:
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
class Step:
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

    message: Facts | None  # None for one of ours that answers no message
    entry: Pattern | None  # of the allowlist entry, None if that is gone
    attempts: Sequence[TurnSummary]  # turns that were given up
    turn: TurnSummary | None  # the one that counts
    parts: Sequence[Outgoing]

    @property
    def steps(self) -> Sequence[Step]:
        found = sorted(self._steps(), key=lambda step: step.at)
        return [
            _add_delay(found[place - 1] if place else None, each)
            for place, each in enumerate(found)
        ]

    def _steps(self) -> Iterator[Step]:
        yield from _of_message(self.message)
        for attempt in self.attempts:
            yield Step(StepKind.ATTEMPT, attempt.started_at, attempt=attempt)
        if self.turn:
            yield Step(StepKind.BEGAN, self.turn.started_at)
            if self.turn.finished_at:
                yield Step(StepKind.FINISHED, self.turn.finished_at)
        for number, part in enumerate(self.parts, 1):
            yield from _of_part(number, part)


def trace_message(connection: Connection, message_id: int) -> Trace | None:
    """None if there is no such message on WhatsApp."""
    columns = [messages.c[each.name] for each in fields(Facts)]
    row = (
        connection.execute(
            select(*columns).where(messages.c.id == message_id, messages.c.account != PANEL)
        )
        .mappings()
        .first()
    )
    if row is None:
        return None
    facts = Facts(**row)
    return Trace(
        message=facts,
        entry=_entry(connection, facts.entry_id),
        attempts=_attempts(connection, facts),
        turn=_turn(connection, facts.turn_id),
        parts=_parts(connection, outbox.c.turn_id == facts.turn_id) if facts.turn_id else (),
    )


def trace_sent(connection: Connection, chat_id: int, row_id: int) -> Trace | None:
    """Of a message of ours. None if there is no such one in this chat."""
    parts = _parts(connection, (outbox.c.id == row_id) & (outbox.c.chat_id == chat_id))
    if not parts:
        return None
    return Trace(None, None, (), _turn(connection, parts[0].turn_id), parts)


def _entry(connection: Connection, entry_id: int | None) -> Pattern | None:
    if entry_id is None:
        return None
    pattern = connection.scalar(select(allowlist.c.pattern).where(allowlist.c.id == entry_id))
    return Pattern(pattern) if pattern else None


def _turn(connection: Connection, turn_id: int | None) -> TurnSummary | None:
    if turn_id is None:
        return None
    rows = connection.execute(
        transcripts.select_summaries().where(turns.c.id == turn_id)
    ).mappings()
    return TurnSummary(**rows.one())


def _attempts(connection: Connection, facts: Facts) -> Sequence[TurnSummary]:
    """Turns of its chat that were given up while it waited for its own: their process died, or
    the owner took over."""
    if facts.chat_id is None:
        return ()
    rows = connection.execute(
        transcripts.select_summaries()
        .where(
            turns.c.chat_id == facts.chat_id,
            turns.c.started_at >= facts.received_at,
            turns.c.state.in_([TurnState.INTERRUPTED, TurnState.STOPPED]),
            turns.c.kind == TurnKind.AGENT,
            *([turns.c.id < facts.turn_id] if facts.turn_id else []),
        )
        .order_by(turns.c.id)
        .limit(LATEST)
    )
    return [TurnSummary(**row) for row in rows.mappings()]


def _parts(connection: Connection, which: ColumnElement[bool]) -> Sequence[Outgoing]:
    wanted = transcripts.select_outgoing().where(which).order_by(outbox.c.id).limit(LATEST)
    return [Outgoing(**row) for row in connection.execute(wanted).mappings()]


def _of_message(facts: Facts | None) -> Iterator[Step]:
    if facts is None:
        return
    moments = {
        StepKind.WRITTEN: facts.sent_at,
        StepKind.RECEIVED: facts.received_at,
        StepKind.DECIDED: facts.decided_at,
        StepKind.READ: facts.read_at,
        StepKind.EDITED: facts.edited_at,
        StepKind.DELETED: facts.deleted_at,
    }
    yield from (Step(what, at) for what, at in moments.items() if at)


def _of_part(number: int, part: Outgoing) -> Iterator[Step]:
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
            yield Step(what, latest, part=part, number=number)


def _add_delay(before: Step | None, step: Step) -> Step:
    """With the time since the step before. WhatsApp's clock knows whole seconds only."""
    if before is None or before.what is StepKind.WRITTEN:
        return step
    return Step(step.what, step.at, step.at - before.at, step.part, step.number, step.attempt)
