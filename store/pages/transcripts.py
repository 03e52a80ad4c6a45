"""What was said in a chat, in order, for the owner to read: on WhatsApp and in the panel.

A chat on WhatsApp is made of messages (theirs, and those typed on the owner's own phone) and of
what left or will leave through the outbox, by time. A chat in the panel is made of turns: what the
owner wrote and the answer, which stays in the turn; what waits for the next turn is its open end.
Both have summaries of their turns, and marks where an agent started afresh. Nothing here is
written; it takes the same few statements however long the chat is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, func, or_, select

from core.messages.message import Kind
from core.states import OPEN, MessageState, TurnState
from store.chats.chats import Chat
from store.pages.transcript_items import (
    FreshStart,
    Incoming,
    Item,
    Outgoing,
    Reply,
    Spoken,
    TurnSummary,
)
from store.sql.tables import api_keys, chats, conversations, messages, outbox, sends, turns

PAGE = 40  # messages of both sides; in the panel, turns
END = 2**62  # above every id

_ENDED = (TurnState.DONE, TurnState.FAILED, TurnState.STOPPED)


@dataclass(frozen=True)
class Cursor:
    """A place in a transcript. Reading goes on before it or after it, without the rows it names."""

    message: int = END  # a message's id
    sent: int = END  # an outbox row's id; in the panel, a turn's

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
    """A part of a transcript, the oldest first."""

    items: Sequence[Item]
    earlier: Cursor | None  # where to read on backwards, None at the beginning


@dataclass(frozen=True)
class OpenEnd:
    """What a chat's end is about to get."""

    running: TurnSummary | None  # the turn at work
    waiting: int  # messages for the next turn
    seen: int  # the latest message that the owner has seen
    # In the panel: the messages of the turn at work, and those for the next one.
    unanswered: Sequence[Incoming] = ()

    @property
    def awaits_answer(self) -> bool:
        return self.running is not None or self.waiting > 0


def read_page(connection: Connection, chat: Chat, before: Cursor | None = None) -> Page:
    """The latest `PAGE` messages (in the panel, turns), or the latest before that place."""
    if chat.channel.uses_outbox:
        return _read_messages(connection, chat.id, before)
    return _read_turns(connection, chat.id, before)


def read_onwards(
    connection: Connection, chat_id: int, after: Cursor
) -> tuple[Sequence[Item], Cursor]:
    """The `PAGE` messages of a chat on WhatsApp from that place on, and the place behind them.
    Nothing at the end."""
    incoming, outgoing = _select_incoming(chat_id), _select_outgoing(chat_id)
    onwards: Iterator[Spoken] = merge(
        _read_incoming(
            connection, incoming.where(messages.c.id > after.message).order_by(messages.c.id)
        ),
        _read_outgoing(connection, outgoing.where(outbox.c.id > after.sent).order_by(outbox.c.id)),
        key=lambda item: item.at,
    )
    found = list(islice(onwards, PAGE + 1))
    spoken = found[:PAGE]
    if not spoken:
        return [], after
    since = spoken[0].at if after != Cursor(0, 0) else None
    until = found[PAGE].at if len(found) > PAGE else None
    return _complete(connection, chat_id, spoken, since, until), _place_after(spoken, after)


def read_open_end(connection: Connection, chat: Chat) -> OpenEnd:
    """Ask for this before the page: what is finished in between is then in the page, and what is
    new in between is asked for again, as something was open."""
    if not chat.channel.uses_outbox:
        return _read_open_panel(connection, chat.id)
    is_at_work = (turns.c.chat_id == chat.id, turns.c.state == TurnState.RUNNING)
    waiting = select(func.count()).where(
        messages.c.chat_id == chat.id, messages.c.state == MessageState.WAITING
    )
    seen = select(chats.c.seen_message_id).where(chats.c.id == chat.id)
    return OpenEnd(
        running=_read_summary(connection, *is_at_work),
        waiting=connection.scalar(waiting) or 0,
        seen=connection.scalar(seen) or 0,
    )


def _read_open_panel(connection: Connection, chat_id: int) -> OpenEnd:
    # One statement says what is open: a turn that ends right after it is still shown as at work.
    is_open = messages.c.state.in_(OPEN)
    wanted = _select_columns(Incoming, messages).where(messages.c.chat_id == chat_id, is_open)
    unanswered = list(_read_incoming(connection, wanted.order_by(messages.c.id)))
    at_work = next((message.turn_id for message in unanswered if message.turn_id), None)
    return OpenEnd(
        running=_read_summary(connection, turns.c.id == at_work) if at_work else None,
        waiting=sum(message.turn_id is None for message in unanswered),
        seen=0,
        unanswered=unanswered,
    )


def is_remark() -> ColumnElement[bool]:
    """In a query over messages: those that say something. An edit does where it came too late to
    change the message it is about."""
    return and_(
        messages.c.kind.not_in([Kind.REACTION, Kind.DELETE, Kind.PROTOCOL]),
        or_(messages.c.kind != Kind.EDIT, messages.c.state != MessageState.IGNORED),
    )


# ---- a chat on WhatsApp -------------------------------------------------------------------------


def _read_messages(connection: Connection, chat_id: int, before: Cursor | None) -> Page:
    place = before or Cursor()
    incoming = _select_incoming(chat_id).where(messages.c.id < place.message)
    outgoing = _select_outgoing(chat_id).where(outbox.c.id < place.sent)
    backwards: Iterator[Spoken] = merge(
        _read_outgoing(connection, outgoing.order_by(outbox.c.id.desc())),
        _read_incoming(connection, incoming.order_by(messages.c.id.desc())),
        key=lambda item: item.at,
        reverse=True,
    )
    newest = list(islice(backwards, PAGE + 1))
    spoken, more = newest[:PAGE][::-1], newest[PAGE:]
    since = more[0].at if more else None
    until = spoken[-1].at if before and spoken else None
    items = _complete(connection, chat_id, spoken, since, until)
    return Page(items, _place_before(spoken, place) if more else None)


def _select_incoming(chat_id: int) -> Select[Any]:
    wanted = _select_columns(Incoming, messages)
    return wanted.where(messages.c.chat_id == chat_id, is_remark()).limit(PAGE + 1)


def select_outgoing() -> Select[Any]:
    """The columns of an `Outgoing`."""
    return (
        _select_columns(Outgoing, outbox)
        .add_columns(api_keys.c.name.label("program"), turns.c.kind.label("turn_kind"))
        .select_from(
            outbox.outerjoin(turns, turns.c.id == outbox.c.turn_id)
            .outerjoin(sends, sends.c.id == outbox.c.send_id)
            .outerjoin(api_keys, api_keys.c.id == sends.c.api_key_id)
        )
    )


def _select_outgoing(chat_id: int) -> Select[Any]:
    return select_outgoing().where(outbox.c.chat_id == chat_id).limit(PAGE + 1)


def _select_columns(of: type[Incoming] | type[Outgoing], table: Table) -> Select[Any]:
    """Those that fields are named after; `at` is when the row was made."""
    at = table.c.received_at if table is messages else table.c.created_at
    taken = [table.c[each.name] for each in fields(of) if each.name in table.c]
    return select(*taken, at.label("at"))


def _read_incoming(connection: Connection, wanted: Select[Any]) -> Iterator[Incoming]:
    return (Incoming(**row) for row in connection.execute(wanted).mappings().all())


def _read_outgoing(connection: Connection, wanted: Select[Any]) -> Iterator[Outgoing]:
    return (Outgoing(**row) for row in connection.execute(wanted).mappings().all())


def select_summaries() -> Select[Any]:
    """The columns of a `TurnSummary`."""
    return select(*(turns.c[each.name] for each in fields(TurnSummary)))


def _read_summary(connection: Connection, *which: ColumnElement[bool]) -> TurnSummary | None:
    row = connection.execute(select_summaries().where(*which).limit(1)).mappings().first()
    return TurnSummary(**row) if row else None


def _place_before(spoken: Sequence[Spoken], place: Cursor) -> Cursor:
    return Cursor(
        min((item.id for item in spoken if isinstance(item, Incoming)), default=place.message),
        min((item.id for item in spoken if isinstance(item, Outgoing)), default=place.sent),
    )


def _place_after(spoken: Sequence[Spoken], place: Cursor) -> Cursor:
    return Cursor(
        max((item.id for item in spoken if isinstance(item, Incoming)), default=place.message),
        max((item.id for item in spoken if isinstance(item, Outgoing)), default=place.sent),
    )


# ---- a chat in the panel -------------------------------------------------------------------------


def _read_turns(connection: Connection, chat_id: int, before: Cursor | None) -> Page:
    wanted = select_summaries().add_columns(turns.c.reply)
    wanted = wanted.where(turns.c.chat_id == chat_id, turns.c.state.in_(_ENDED))
    if before:
        wanted = wanted.where(turns.c.id < before.sent)
    rows = connection.execute(wanted.order_by(turns.c.id.desc()).limit(PAGE + 1)).mappings().all()
    newest = [dict(row) for row in rows]
    replies = {row["id"]: row.pop("reply") for row in newest}
    ended = [TurnSummary(**row) for row in newest]
    shown, more = ended[:PAGE][::-1], ended[PAGE:]
    since = more[0].at if more else None
    until = shown[-1].at if before and shown else None
    questions = _read_questions(connection, chat_id, [turn.id for turn in shown])
    exchanges = [
        (turn.at, [*questions.get(turn.id, ()), *_answer(turn, replies[turn.id])]) for turn in shown
    ]
    starts = _read_fresh_starts(connection, chat_id, since, until)
    # An exchange comes before a new beginning of its moment: `/new` is answered above its mark.
    in_order = merge(exchanges, [(start.at, [start]) for start in starts], key=itemgetter(0))
    items = [item for _, items in in_order for item in items]
    return Page(items, Cursor(0, shown[0].id) if more else None)


def _read_questions(
    connection: Connection, chat_id: int, turn_ids: Sequence[int]
) -> dict[int, list[Incoming]]:
    """The messages that each of these turns has answered."""
    wanted = _select_columns(Incoming, messages).where(
        messages.c.chat_id == chat_id, messages.c.turn_id.in_(turn_ids)
    )
    questions: dict[int, list[Incoming]] = {}
    for message in _read_incoming(connection, wanted.order_by(messages.c.id)):
        questions.setdefault(message.turn_id or 0, []).append(message)
    return questions


def _answer(turn: TurnSummary, text: str | None) -> Iterator[Item]:
    if text is not None and turn.state != TurnState.STOPPED:
        yield Reply(turn.id, turn.kind, turn.state, turn.agent, text, turn.at)
    if turn.is_worth_telling:
        yield turn


# ---- what belongs to them -----------------------------------------------------------------------


def _complete(
    connection: Connection,
    chat_id: int,
    spoken: Sequence[Spoken],
    since: datetime | None,
    until: datetime | None,
) -> Sequence[Item]:
    """These messages with reactions, references, the summaries of their turns, and new beginnings
    between the two moments."""
    spoken = _with_quotes(_with_reactions(connection, chat_id, spoken))
    items = _with_summaries(connection, spoken)
    return _with_fresh_starts(items, _read_fresh_starts(connection, chat_id, since, until))


def _with_reactions(
    connection: Connection, chat_id: int, spoken: Sequence[Spoken]
) -> Sequence[Spoken]:
    """Each sender's latest reaction to each message; an empty one takes it back."""
    names = [name for item in spoken if (name := _whatsapp_id(item))]
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
        if (name := _whatsapp_id(item)) in latest
        else item
        for item in spoken
    ]


def _with_quotes(spoken: Sequence[Spoken]) -> Sequence[Spoken]:
    keys = {name: item.key for item in spoken if (name := _whatsapp_id(item))}
    return [
        replace(item, quotes=keys.get(item.quoted_id or "")) if isinstance(item, Incoming) else item
        for item in spoken
    ]


def _whatsapp_id(item: Spoken) -> str:
    """What WhatsApp calls it; empty while it has not left."""
    return item.message_id if isinstance(item, Incoming) else item.wa_id or ""


def _with_summaries(connection: Connection, spoken: Sequence[Spoken]) -> list[Item]:
    """Each ended turn behind its last message: the last that it sent, or else the last that it was
    about."""
    ids = {item.turn_id for item in spoken if item.turn_id}
    rows = connection.execute(
        select_summaries().where(turns.c.id.in_(ids), turns.c.state.in_(_ENDED))
    )
    ended = {row["id"]: TurnSummary(**row) for row in rows.mappings()}
    last = select(outbox.c.turn_id, func.max(outbox.c.id)).where(outbox.c.turn_id.in_(ids))
    last_sent = {turn: row for turn, row in connection.execute(last.group_by(outbox.c.turn_id))}
    last_heard = {item.turn_id: item.id for item in spoken if isinstance(item, Incoming)}
    items: list[Item] = []
    for item in spoken:
        items.append(item)
        summary = ended.get(item.turn_id or 0)
        if summary is None or not summary.is_worth_telling:
            continue
        is_silent = summary.id not in last_sent
        place = last_heard[summary.id] if is_silent else last_sent[summary.id]
        if isinstance(item, Incoming) == is_silent and item.id == place:
            items.append(summary)
    return items


def _read_fresh_starts(
    connection: Connection, chat_id: int, since: datetime | None, until: datetime | None
) -> Sequence[FreshStart]:
    wanted = select(conversations.c.id, conversations.c.agent, conversations.c.closed_at).where(
        conversations.c.chat_id == chat_id, conversations.c.closed_at.is_not(None)
    )
    if since is not None:
        wanted = wanted.where(conversations.c.closed_at >= since)
    if until is not None:
        wanted = wanted.where(conversations.c.closed_at < until)
    found: dict[datetime, FreshStart] = {}
    for row in connection.execute(wanted.order_by(conversations.c.closed_at, conversations.c.id)):
        same = found.get(row.closed_at)
        agents = (*(same.agents if same else ()), row.agent)
        found[row.closed_at] = FreshStart(same.id if same else row.id, agents, row.closed_at)
    return list(found.values())


def _with_fresh_starts(items: list[Item], starts: Sequence[FreshStart]) -> Sequence[Item]:
    """A beginning stands behind everything of its moment: what `/new` is answered with, too."""
    for fresh in reversed(starts):
        place = len(items)
        while place and items[place - 1].at > fresh.at:
            place -= 1
        items.insert(place, fresh)
    return items
