"""The list of chats on WhatsApp, one row for each person or group: what was said last, and what is
up there.

Two steps: which chats, in order, then all that their rows show. Neither asks once per chat.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    exists,
    func,
    or_,
    select,
    union,
    update,
)

from core.channel import ON_WHATSAPP
from core.phone import Phone
from core.states import NOT_DELIVERED, OPEN, MessageState, TurnState
from store.chats import takeovers
from store.chats.people import Person
from store.pages.transcripts import is_remark
from store.sql.tables import chats, conversations, messages, outbox, people, turns

PAGE = 50  # chats
RECENT = timedelta(days=7)  # what failed longer ago is history


class Show(StrEnum):
    """What the list can be narrowed down to."""

    UNREAD = "unread"
    UNANSWERED = "unanswered"
    FAILED = "failed"
    PAUSED = "paused"


@dataclass(frozen=True)
class Wanted:
    """Which chats: all conditions that are given hold."""

    text: str = ""  # part of a name, of a number or of what either side wrote
    show: Show | None = None
    agent: str | None = None
    person: int | None = None


@dataclass(frozen=True)
class MessageLine:
    """One message of either side, as a list shows it."""

    is_ours: bool
    kind: str
    text: str
    at: datetime
    is_deleted: bool = False
    name: str = ""  # what its author calls themselves


@dataclass(frozen=True)
class ChatRow:
    """A chat in the list."""

    id: int
    person: Person | None  # None in a group
    subject: str | None  # what a group is called, if that is known
    agent: str | None
    sticky_until: datetime | None
    at: datetime | None
    has_unread: bool
    is_open: bool
    failed: bool  # lately a turn has failed, or a message could not be sent
    paused: bool
    message: MessageLine | None = None  # the latest, or the latest of what was looked for
    is_match: bool = False


def load(
    connection: Connection, wanted: Wanted, now: datetime, *, skip: int = 0
) -> tuple[Sequence[ChatRow], bool]:
    """A page of these chats, the latest first, and whether there are more."""
    chosen = connection.scalars(
        select(chats.c.id)
        .outerjoin(people, people.c.id == chats.c.person_id)
        .where(chats.c.channel.in_(ON_WHATSAPP), *_conditions(wanted, now))
        .order_by(chats.c.last_message_at.desc(), chats.c.id.desc())
        .limit(PAGE + 1)
        .offset(skip)
    ).all()
    ids = chosen[:PAGE]
    rows = connection.execute(_select_rows(ids, now)).all()
    matches = _read_matches(connection, ids, wanted.text) if wanted.text else {}
    latest = _read_lines(connection, [row.last_in for row in rows], [row.last_out for row in rows])
    built = {row.id: _build_row(row, latest.get(row.id), matches.get(row.id)) for row in rows}
    return [built[chat_id] for chat_id in ids], len(chosen) > PAGE


def is_there_any(connection: Connection) -> bool:
    """Whether there ever was a chat on WhatsApp."""
    there = select(chats.c.id).where(chats.c.channel.in_(ON_WHATSAPP)).limit(1)
    return connection.execute(there).first() is not None


def mark_seen(connection: Connection, chat_id: int, message: int) -> None:
    """The owner has seen everything up to this message."""
    connection.execute(
        update(chats)
        .where(chats.c.id == chat_id, func.coalesce(chats.c.seen_message_id, 0) < message)
        .values(seen_message_id=message)
    )


# ---- which chats ---------------------------------------------------------------------------------


def _conditions(wanted: Wanted, now: datetime) -> Iterable[ColumnElement[bool]]:
    if wanted.person is not None:
        yield chats.c.person_id == wanted.person
    if wanted.agent:
        yield exists().where(
            conversations.c.chat_id == chats.c.id, conversations.c.agent == wanted.agent
        )
    if wanted.show:
        yield _is_shown(wanted.show, now)
    if wanted.text:
        yield _contains(wanted.text)


def _is_shown(show: Show, now: datetime) -> ColumnElement[bool]:
    match show:
        case Show.UNREAD:
            return _has_unread()
        case Show.UNANSWERED:
            return chats.c.id.in_(select(messages.c.chat_id).where(messages.c.state.in_(OPEN)))
        case Show.FAILED:
            return _has_failed(now)
        case Show.PAUSED:
            return takeovers.is_active(now)


def _has_unread() -> ColumnElement[bool]:
    return exists().where(
        messages.c.chat_id == chats.c.id,
        messages.c.id > func.coalesce(chats.c.seen_message_id, 0),
        messages.c.from_me.is_(False),
        messages.c.state != MessageState.IGNORED,
        is_remark(),
    )


def _has_failed(now: datetime) -> ColumnElement[bool]:
    since = now - RECENT
    failed_turns = select(turns.c.chat_id).where(
        turns.c.state == TurnState.FAILED, turns.c.started_at > since
    )
    unsent = select(outbox.c.chat_id).where(
        outbox.c.state.in_(NOT_DELIVERED), outbox.c.created_at > since
    )
    return chats.c.id.in_(union(failed_turns, unsent.where(outbox.c.chat_id.is_not(None))))


def _contains(text: str) -> ColumnElement[bool]:
    said = union(
        select(messages.c.chat_id).where(_says(text), messages.c.chat_id.is_not(None)),
        select(outbox.c.chat_id).where(
            outbox.c.text.icontains(text, autoescape=True), outbox.c.chat_id.is_not(None)
        ),
    )
    named = (people.c.push_name, chats.c.subject)
    found = [*(name.icontains(text, autoescape=True) for name in named), chats.c.id.in_(said)]
    digits = "".join(filter(str.isdecimal, text))
    if digits and not any(map(str.isalpha, text)):
        found.append(people.c.phone.contains(digits, autoescape=True))
    return or_(*found)


def _says(text: str) -> ColumnElement[bool]:
    return messages.c.text.icontains(text, autoescape=True) & is_remark()


# ---- what their rows show ------------------------------------------------------------------------


def _select_rows(ids: Sequence[int], now: datetime) -> Select[Any]:
    last_in = (
        select(messages.c.id)
        .where(messages.c.chat_id == chats.c.id, is_remark())
        .order_by(messages.c.id.desc())
        .limit(1)
    )
    last_out = (
        select(outbox.c.id)
        .where(outbox.c.chat_id == chats.c.id)
        .order_by(outbox.c.id.desc())
        .limit(1)
    )
    return (
        select(
            chats.c.id,
            chats.c.agent,
            chats.c.sticky_until,
            chats.c.last_message_at,
            chats.c.subject,
            people.c.id.label("person_id"),
            people.c.phone,
            people.c.lid,
            people.c.push_name,
            people.c.blocked_at,
            _has_unread().label("has_unread"),
            exists()
            .where(messages.c.chat_id == chats.c.id, messages.c.state.in_(OPEN))
            .label("is_open"),
            _has_failed(now).label("failed"),
            takeovers.is_active(now).label("paused"),
            last_in.correlate(chats).scalar_subquery().label("last_in"),
            last_out.correlate(chats).scalar_subquery().label("last_out"),
        )
        .outerjoin(people, people.c.id == chats.c.person_id)
        .where(chats.c.id.in_(ids))
    )


def _read_matches(
    connection: Connection, ids: Sequence[int], text: str
) -> Mapping[int, MessageLine]:
    """The latest line of each of these chats in which this was written, if there is one."""
    heard = connection.scalars(
        select(func.max(messages.c.id))
        .where(messages.c.chat_id.in_(ids), _says(text))
        .group_by(messages.c.chat_id)
    ).all()
    sent = connection.scalars(
        select(func.max(outbox.c.id))
        .where(outbox.c.chat_id.in_(ids), outbox.c.text.icontains(text, autoescape=True))
        .group_by(outbox.c.chat_id)
    ).all()
    return _read_lines(connection, heard, sent)


def _read_lines(
    connection: Connection, heard: Sequence[int | None], sent: Sequence[int | None]
) -> Mapping[int, MessageLine]:
    """The later of these two messages of each chat: one that reached us, one of the outbox."""
    theirs = connection.execute(
        select(
            messages.c.chat_id,
            messages.c.from_me,
            messages.c.kind,
            messages.c.text,
            messages.c.received_at,
            messages.c.deleted_at,
            messages.c.push_name,
        ).where(messages.c.id.in_([each for each in heard if each]))
    )
    ours = connection.execute(
        select(outbox.c.chat_id, outbox.c.text, outbox.c.created_at).where(
            outbox.c.id.in_([each for each in sent if each])
        )
    )
    lines = {
        row.chat_id: MessageLine(
            row.from_me,
            row.kind,
            row.text,
            row.received_at,
            row.deleted_at is not None,
            row.push_name,
        )
        for row in theirs
    }
    for row in ours:
        if row.chat_id not in lines or lines[row.chat_id].at <= row.created_at:
            lines[row.chat_id] = MessageLine(True, "text", row.text, row.created_at)
    return lines


def _build_row(row: Row[Any], latest: MessageLine | None, match: MessageLine | None) -> ChatRow:
    return ChatRow(
        id=row.id,
        person=_make_person(row) if row.person_id else None,
        subject=row.subject,
        agent=row.agent,
        sticky_until=row.sticky_until,
        at=row.last_message_at,
        has_unread=row.has_unread,
        is_open=row.is_open,
        failed=row.failed,
        paused=row.paused,
        message=match or latest,
        is_match=match is not None,
    )


def _make_person(row: Row[Any]) -> Person:
    return Person(
        id=row.person_id,
        phone=Phone(row.phone) if row.phone else None,
        lid=row.lid,
        push_name=row.push_name,
        blocked_at=row.blocked_at,
    )
