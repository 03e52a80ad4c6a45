"""What people on WhatsApp and we have said to each other, in order, for the owner to read.

A transcript is made of messages (theirs, and those typed on the owner's own phone), of what left or
will leave through the outbox, of how each turn came out, and of the places where an agent started
afresh. Nothing here is written; it takes the same few statements however long the chat is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from core.messages.message import Kind
from core.states import MessageState, TurnState
from store.pages.transcript_items import Fresh, Incoming, Item, Outcome, Outgoing, Spoken
from store.sql.tables import api_keys, chats, conversations, messages, outbox, sends, turns

PAGE = 40  # messages of both sides
END = 2**62  # above every id

_ENDED = (TurnState.DONE, TurnState.FAILED, TurnState.STOPPED)


@dataclass(frozen=True)
class Cursor:
    """A place in a transcript: the ids of a message and of an outbox row that lie beyond it."""

    message: int = END
    sent: int = END

    def __str__(self) -> str:
        return f"{self.message}.{self.sent}"

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        message, _, sent = text.partition(".")
        if not (message.isdecimal() and sent.isdecimal()):
            return None
        return cls(min(int(message), END), min(int(sent), END))


@dataclass(frozen=True)
class Page:
    """A piece of a transcript, the oldest first. `earlier` is where to read on backwards, None at
    the beginning."""

    items: Sequence[Item]
    earlier: Cursor | None


@dataclass(frozen=True)
class Open:
    """What a chat's end is about to get: the turn at work, and how many messages wait for the
    next; and the latest message that the owner has `seen`."""

    running: Outcome | None
    waiting: int
    seen: int


def read(connection: Connection, chat_id: int, before: Cursor | None = None) -> Page:
    """The latest `PAGE` messages of both sides, or the latest before that place."""
    place = before or Cursor()
    heard, sent = _incoming(chat_id), _outgoing(chat_id)
    backwards = merge(
        _sent(connection, sent.where(outbox.c.id < place.sent).order_by(outbox.c.id.desc())),
        _heard(
            connection, heard.where(messages.c.id < place.message).order_by(messages.c.id.desc())
        ),
        key=lambda item: item.at,
        reverse=True,
    )
    newest = list(islice(backwards, PAGE + 1))
    spoken, more = newest[:PAGE][::-1], newest[PAGE:]
    since = more[0].at if more else None
    until = spoken[-1].at if before and spoken else None
    items = _told(connection, chat_id, spoken, since, until)
    return Page(items, _first(spoken, place) if more else None)


def forwards(connection: Connection, chat_id: int, after: Cursor) -> tuple[Sequence[Item], Cursor]:
    """The `PAGE` messages from that place on, and the place behind them. Nothing at the end."""
    heard, sent = _incoming(chat_id), _outgoing(chat_id)
    onwards = merge(
        _heard(connection, heard.where(messages.c.id > after.message).order_by(messages.c.id)),
        _sent(connection, sent.where(outbox.c.id > after.sent).order_by(outbox.c.id)),
        key=lambda item: item.at,
    )
    found = list(islice(onwards, PAGE + 1))
    spoken = found[:PAGE]
    if not spoken:
        return [], after
    since = spoken[0].at if after != Cursor(0, 0) else None
    until = found[PAGE].at if len(found) > PAGE else None
    return _told(connection, chat_id, spoken, since, until), _last(spoken, after)


def open_end(connection: Connection, chat_id: int) -> Open:
    running = connection.execute(
        outcomes().where(turns.c.chat_id == chat_id, turns.c.state == TurnState.RUNNING).limit(1)
    ).mappings()
    waiting = select(func.count()).where(
        messages.c.chat_id == chat_id, messages.c.state == MessageState.WAITING
    )
    seen = select(chats.c.seen_message_id).where(chats.c.id == chat_id)
    row = running.first()
    return Open(
        running=Outcome(**row) if row else None,
        waiting=connection.scalar(waiting) or 0,
        seen=connection.scalar(seen) or 0,
    )


def is_remark() -> ColumnElement[bool]:
    """In a query over messages: those that say something. An edit does where it came too late to
    change the message it is about."""
    return and_(
        messages.c.kind.not_in([Kind.REACTION, Kind.DELETE, Kind.PROTOCOL]),
        or_(messages.c.kind != Kind.EDIT, messages.c.state != MessageState.IGNORED),
    )


# ---- rows ---------------------------------------------------------------------------------------


def _incoming(chat_id: int) -> Select[Any]:
    taken = [messages.c[each.name] for each in fields(Incoming) if each.name in messages.c]
    wanted = select(*taken, messages.c.received_at.label("at"))
    return wanted.where(messages.c.chat_id == chat_id, is_remark()).limit(PAGE + 1)


def outgoing() -> Select[Any]:
    """In a query: the columns of an `Outgoing`."""
    taken = [outbox.c[each.name] for each in fields(Outgoing) if each.name in outbox.c]
    wanted = select(
        *taken,
        outbox.c.created_at.label("at"),
        api_keys.c.name.label("program"),
        turns.c.kind.label("turn_kind"),
    )
    return wanted.select_from(
        outbox.outerjoin(turns, turns.c.id == outbox.c.turn_id)
        .outerjoin(sends, sends.c.id == outbox.c.send_id)
        .outerjoin(api_keys, api_keys.c.id == sends.c.api_key_id)
    )


def _outgoing(chat_id: int) -> Select[Any]:
    return outgoing().where(outbox.c.chat_id == chat_id).limit(PAGE + 1)


def _heard(connection: Connection, wanted: Select[Any]) -> Iterator[Spoken]:
    return (Incoming(**row) for row in connection.execute(wanted).mappings().all())


def _sent(connection: Connection, wanted: Select[Any]) -> Iterator[Spoken]:
    return (Outgoing(**row) for row in connection.execute(wanted).mappings().all())


def outcomes() -> Select[Any]:
    """In a query: the columns of an `Outcome`."""
    return select(*(turns.c[each.name] for each in fields(Outcome)))


def _first(spoken: Sequence[Spoken], place: Cursor) -> Cursor:
    """The place before all of these."""
    return Cursor(
        min((item.id for item in spoken if isinstance(item, Incoming)), default=place.message),
        min((item.id for item in spoken if isinstance(item, Outgoing)), default=place.sent),
    )


def _last(spoken: Sequence[Spoken], place: Cursor) -> Cursor:
    """The place behind all of these."""
    return Cursor(
        max((item.id for item in spoken if isinstance(item, Incoming)), default=place.message),
        max((item.id for item in spoken if isinstance(item, Outgoing)), default=place.sent),
    )


# ---- what belongs to them -----------------------------------------------------------------------


def _told(
    connection: Connection,
    chat_id: int,
    spoken: Sequence[Spoken],
    since: datetime | None,
    until: datetime | None,
) -> Sequence[Item]:
    """These messages with reactions, references, the outcomes of their turns, and new beginnings
    between the two moments."""
    spoken = _with_quotes(_with_reactions(connection, chat_id, spoken))
    items = _with_outcomes(connection, spoken)
    return _with_beginnings(items, _beginnings(connection, chat_id, since, until))


def _with_reactions(
    connection: Connection, chat_id: int, spoken: Sequence[Spoken]
) -> Sequence[Spoken]:
    """Each sender's latest reaction to each message; an empty one takes it back."""
    names = [name for item in spoken if (name := _name(item))]
    rows = connection.execute(
        select(messages.c.target_id, messages.c.sender, messages.c.text)
        .where(
            messages.c.target_id.in_(names),
            messages.c.kind == Kind.REACTION,
            messages.c.chat_id == chat_id,
        )
        .order_by(messages.c.id)
    )
    latest: dict[str, dict[str, str]] = {}
    for target, sender, emoji in rows:
        latest.setdefault(target, {})[sender] = emoji
    return [
        replace(item, reactions=tuple(filter(None, latest[name].values())))
        if (name := _name(item)) in latest
        else item
        for item in spoken
    ]


def _with_quotes(spoken: Sequence[Spoken]) -> Sequence[Spoken]:
    keys = {name: item.key for item in spoken if (name := _name(item))}
    return [
        replace(item, quotes=keys.get(item.quoted_id or "")) if isinstance(item, Incoming) else item
        for item in spoken
    ]


def _name(item: Spoken) -> str:
    """What WhatsApp calls it; empty while it has not left."""
    return item.message_id if isinstance(item, Incoming) else item.wa_id or ""


def _with_outcomes(connection: Connection, spoken: Sequence[Spoken]) -> list[Item]:
    """Each ended turn behind its last message: the last that it sent, or else the last that it was
    about."""
    ids = {item.turn_id for item in spoken if item.turn_id}
    rows = connection.execute(outcomes().where(turns.c.id.in_(ids), turns.c.state.in_(_ENDED)))
    ended = {row["id"]: Outcome(**row) for row in rows.mappings()}
    last = select(outbox.c.turn_id, func.max(outbox.c.id)).where(outbox.c.turn_id.in_(ids))
    last_sent = {turn: row for turn, row in connection.execute(last.group_by(outbox.c.turn_id))}
    last_heard = {item.turn_id: item.id for item in spoken if isinstance(item, Incoming)}
    items: list[Item] = []
    for item in spoken:
        items.append(item)
        outcome = ended.get(item.turn_id or 0)
        if outcome is None or not outcome.is_telling:
            continue
        is_silent = outcome.id not in last_sent
        place = last_heard[outcome.id] if is_silent else last_sent[outcome.id]
        if isinstance(item, Incoming) == is_silent and item.id == place:
            items.append(outcome)
    return items


def _beginnings(
    connection: Connection, chat_id: int, since: datetime | None, until: datetime | None
) -> Sequence[Fresh]:
    wanted = select(conversations.c.id, conversations.c.agent, conversations.c.closed_at).where(
        conversations.c.chat_id == chat_id, conversations.c.closed_at.is_not(None)
    )
    if since is not None:
        wanted = wanted.where(conversations.c.closed_at >= since)
    if until is not None:
        wanted = wanted.where(conversations.c.closed_at < until)
    found: dict[datetime, Fresh] = {}
    for row in connection.execute(wanted.order_by(conversations.c.closed_at, conversations.c.id)):
        same = found.get(row.closed_at)
        agents = (*(same.agents if same else ()), row.agent)
        found[row.closed_at] = Fresh(same.id if same else row.id, agents, row.closed_at)
    return list(found.values())


def _with_beginnings(items: list[Item], beginnings: Sequence[Fresh]) -> Sequence[Item]:
    """A beginning stands behind everything of its moment: what `/new` is answered with, too."""
    for fresh in reversed(beginnings):
        place = len(items)
        while place and items[place - 1].at > fresh.at:
            place -= 1
        items.insert(place, fresh)
    return items
