"""What became of a person's last messages: for the owner who asks why there was no reply.
Read-only."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, func, or_, select

from core.admission.allowlist import HIDDEN
from core.messages.message import Kind
from core.phone import Phone
from core.states import OPEN, MessageState, PieceState
from core.text.translation import Sentence, _
from store.chats import takeovers
from store.chats.chats import PANEL
from store.chats.messages import ID
from store.sql.tables import chats, messages, outbox, people, turns

SHOWN = 20  # messages of the people that were found, and as many that were found themselves
PEOPLE = 5
EXCERPT = 200  # characters
SHORTEST = 4  # digits of a number that are enough to look for it

_OURS = re.compile(r"#(\d{1,18})")
_NUMBER = re.compile(r"\+?[\d\s()./-]+")


@dataclass(frozen=True)
class Asked:
    """One message and what became of it."""

    id: int
    chat_id: int | None
    person_id: int | None
    phone: Phone | None
    push_name: str
    kind: Kind
    text: str
    state: MessageState
    reason: str | None
    received_at: datetime
    answered_at: datetime | None
    error_code: str | None
    is_paused: bool
    is_match: bool  # it is itself what was looked for
    replies: Mapping[PieceState, int]  # the pieces of its answer, counted by state

    @property
    def is_lost(self) -> bool:
        """Answered, but some of the answer has not arrived, as far as is known."""
        lost = self.replies.get(PieceState.FAILED) or self.replies.get(PieceState.UNKNOWN)
        return self.state is MessageState.ANSWERED and bool(lost)

    @property
    def title(self) -> Sentence:
        if self.is_lost:
            return _NOT_SENT
        is_silent = self.state is MessageState.ANSWERED and not self.replies
        return _DONE if is_silent else self.state.sentence

    @property
    def sentence(self) -> Sentence | None:
        """What became of it after the decision; None where that needs more than a sentence."""
        if self.is_paused and self.state in OPEN:
            return _PAUSED
        if self.state is MessageState.ANSWERED and self.replies:
            return None
        return _SENTENCES.get(self.state)


_NOT_SENT, _DONE = _("Reply not sent"), _("Done")
_PAUSED = _("The chat is paused, so no agent answers there.")
_SENTENCES = {
    MessageState.RECEIVED: _("The connection process decides about it as soon as it is logged in."),
    MessageState.WAITING: _("It waits for a jobs process to take it up."),
    MessageState.ANSWERING: _("An agent is at work on it."),
    MessageState.ANSWERED: _("It was dealt with without a reply."),
}


def find(connection: Connection, query: str, now: datetime) -> Sequence[Asked]:
    """The last messages of the people this names, the latest first: a number or a part of one, a
    name, a hidden id, a message's id (WhatsApp's, or ours as #123) or a part of its text."""
    wanted = query.strip()
    if not wanted:
        return []
    numbers = _find_numbers_in(wanted)
    latest = people.c.last_seen_at.desc()
    named = select(people.c.id).where(_match_person(wanted, numbers)).order_by(latest)
    persons = connection.scalars(named.limit(PEOPLE)).all()
    matches = _find_messages(connection, _match_message(wanted, numbers), now, is_match=True)
    known = [*persons, *(asked.person_id for asked in matches if asked.person_id)]
    theirs = _find_messages(connection, messages.c.person_id.in_(known[:PEOPLE]), now)
    found = {asked.id: asked for asked in [*theirs, *matches]}
    return _with_replies(connection, [found[key] for key in sorted(found, reverse=True)])


def _find_numbers_in(wanted: str) -> Sequence[str]:
    """The digits of what may be a number or a part of one, also without the zeros that some
    people put before it. Nothing if it is something else."""
    digits = re.sub(r"\D", "", wanted) if _NUMBER.fullmatch(wanted) else ""
    return [each for each in {digits, digits.lstrip("0")} if len(each) >= SHORTEST]


def _match_person(wanted: str, numbers: Sequence[str]) -> ColumnElement[bool]:
    if numbers:
        hidden = people.c.lid.in_([f"{number}{HIDDEN}" for number in numbers])
        return or_(hidden, *(people.c.phone.contains(number) for number in numbers))
    if wanted.endswith(HIDDEN):
        return people.c.lid == wanted
    return people.c.push_name.icontains(wanted, autoescape=True)


def _match_message(wanted: str, numbers: Sequence[str]) -> ColumnElement[bool]:
    ours = _OURS.fullmatch(wanted)
    if ours:
        return messages.c.id == int(ours[1])
    return or_(
        messages.c.message_id == wanted[:ID],
        messages.c.phone.in_([f"+{number}" for number in numbers]),
        messages.c.text.icontains(wanted, autoescape=True),
    )


def _find_messages(
    connection: Connection,
    condition: ColumnElement[bool],
    now: datetime,
    *,
    is_match: bool = False,
) -> Sequence[Asked]:
    columns = (
        *(messages.c[name] for name in _OWN),
        func.substr(messages.c.text, 1, EXCERPT).label("text"),
        func.coalesce(people.c.phone, messages.c.phone).label("phone"),
        func.coalesce(people.c.push_name, messages.c.push_name).label("push_name"),
        turns.c.error_code,
        takeovers.is_active(now).label("is_paused"),
    )
    rows = connection.execute(
        select(*columns)
        .outerjoin(people, people.c.id == messages.c.person_id)
        .outerjoin(turns, turns.c.id == messages.c.turn_id)
        .outerjoin(chats, chats.c.id == messages.c.chat_id)
        .where(condition, messages.c.account != PANEL)
        .order_by(messages.c.id.desc())
        .limit(SHOWN)
    ).mappings()
    return [_build_asked(row, is_match) for row in rows]


def _build_asked(row: RowMapping, is_match: bool) -> Asked:
    return Asked(
        **{name: row[name] for name in (*_PLAIN, "text", "push_name", "error_code")},
        phone=Phone(row["phone"]) if row["phone"] else None,
        kind=Kind(row["kind"]),
        state=MessageState(row["state"]),
        is_paused=bool(row["is_paused"]),
        is_match=is_match,
        replies={},
    )


def _with_replies(connection: Connection, found: Sequence[Asked]) -> Sequence[Asked]:
    """Counted in one statement for all of them."""
    rows = connection.execute(
        select(messages.c.id, outbox.c.state, func.count())
        .join(outbox, outbox.c.turn_id == messages.c.turn_id)
        .where(messages.c.id.in_([asked.id for asked in found]))
        .group_by(messages.c.id, outbox.c.state)
    )
    replies: dict[int, dict[PieceState, int]] = {}
    for message_id, state, count in rows:
        replies.setdefault(message_id, {})[PieceState(state)] = count
    return [replace(asked, replies=replies.get(asked.id, {})) for asked in found]


_PLAIN = ("id", "chat_id", "person_id", "reason", "received_at", "answered_at")
_OWN = (*_PLAIN, "kind", "state")
