"""The chats that the owner has with agents in the panel.

What is written there waits for the jobs like a message from WhatsApp, and its answer stays in the
turn where it is read. WhatsApp's connection has nothing to do with either.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, insert, select, update

from core.channel import Channel
from core.messages.message import Kind, Place, Reason
from core.states import MessageState, TurnState
from store.chats import chats
from store.chats.chats import Chat
from store.chats.messages import PANEL
from store.sql.tables import chats as table
from store.sql.tables import conversations, messages, turns

LISTED = 100  # chats
PAGE = 50  # exchanges
TITLE = 60  # characters

_ENDED = (TurnState.DONE, TurnState.FAILED, TurnState.STOPPED)


@dataclass(frozen=True)
class Listed:
    """A chat in the list. `title` is how it begins."""

    id: int
    title: str
    agent: str | None
    at: datetime


@dataclass(frozen=True)
class Exchange:
    """A turn: what the owner wrote and what came of it. `reply` is None while it is at work."""

    id: int
    conversation_id: int | None
    kind: str
    state: str
    agent: str | None
    model: str | None
    passed_over: Mapping[str, str] | None
    request: str
    reply: str | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: Decimal | None
    error_code: str | None
    error_detail: str | None
    started_at: datetime
    finished_at: datetime | None

    @property
    def seconds(self) -> float | None:
        return (self.finished_at - self.started_at).total_seconds() if self.finished_at else None


@dataclass(frozen=True)
class Unread:
    """What the owner wrote and no turn has taken up yet."""

    id: int
    text: str
    at: datetime


@dataclass(frozen=True)
class Talk:
    """A piece of a chat, in order: what is done, the turn at work, and what waits for the next.
    `has_earlier` tells that more was said before."""

    done: Sequence[Exchange]
    running: Exchange | None
    waiting: Sequence[Unread]
    has_earlier: bool

    @property
    def is_open(self) -> bool:
        """Whether an answer is still to come."""
        return self.running is not None or bool(self.waiting)


def begin(connection: Connection, agent: str, now: datetime) -> int:
    """Open a chat with this agent. Returns its id."""
    values = {"channel": Channel.PANEL, "address": PANEL, "agent": agent, "last_message_at": now}
    chat_id: int = connection.execute(
        insert(table).values(values).returning(table.c.id)
    ).scalar_one()
    connection.execute(
        update(table).where(table.c.id == chat_id).values(address=f"{PANEL}:{chat_id}")
    )
    return chat_id


def get(connection: Connection, chat_id: int) -> Chat | None:
    """The chat, unless there is none of this number in the panel."""
    chat = chats.get(connection, chat_id)
    return chat if chat and chat.channel is Channel.PANEL else None


def say(connection: Connection, chat: Chat, text: str, name: str, now: datetime) -> None:
    """Let this wait for an answer, as the owner called `name`. The caller nudges the jobs
    (`after_commit`)."""
    connection.execute(
        insert(messages).values(
            account=PANEL,
            chat=chat.address,
            sender=PANEL,
            message_id=secrets.token_hex(8),
            place=Place.DIRECT,
            kind=Kind.TEXT,
            text=text,
            push_name=name,
            from_me=False,
            raw=b"",
            state=MessageState.WAITING,
            reason=Reason.OWNER,
            chat_id=chat.id,
            sent_at=now,
            received_at=now,
            decided_at=now,
            read_at=now,  # it needs no blue tick
        )
    )
    connection.execute(update(table).where(table.c.id == chat.id).values(last_message_at=now))


def latest(connection: Connection, limit: int | None = LISTED) -> Sequence[Listed]:
    """The chats in which something was said, the latest first."""
    first = (
        select(messages.c.chat_id, func.min(messages.c.id).label("id"))
        .where(messages.c.account == PANEL)
        .group_by(messages.c.chat_id)
        .subquery()
    )
    rows = connection.execute(
        select(table.c.id, table.c.agent, table.c.last_message_at, messages.c.text)
        .join(first, first.c.chat_id == table.c.id)
        .join(messages, messages.c.id == first.c.id)
        .order_by(table.c.last_message_at.desc(), table.c.id.desc())
        .limit(limit)
    )
    return [Listed(row.id, _title(row.text), row.agent, row.last_message_at) for row in rows]


def talk(
    connection: Connection, chat_id: int, *, after: int = 0, before: int | None = None
) -> Talk:
    """What was said, without the turns up to `after`; the latest `PAGE` of it, or of what was said
    before the turn `before`, and then nothing that is still open."""
    if before is not None:
        done, has_earlier = _done(connection, chat_id, after, before)
        return Talk(done, None, [], has_earlier)
    # One statement says what is open, and says it first: whatever happens between the statements,
    # a page that asks again while anything is open misses nothing.
    opened = _open(connection, chat_id)
    at_work = next((message["turn_id"] for message in opened if message["turn_id"]), None)
    done, has_earlier = _done(connection, chat_id, after, at_work)
    waiting = [_unread(message) for message in opened if not message["turn_id"]]
    running = _exchange(connection, at_work) if at_work else None
    return Talk(done, running, waiting, has_earlier)


def chosen_model(connection: Connection, chat_id: int, agent: str) -> str | None:
    """The model that was chosen for this agent here, None while the agent's own applies."""
    return connection.scalar(
        select(conversations.c.model)
        .where(
            conversations.c.chat_id == chat_id,
            conversations.c.agent == agent,
            conversations.c.closed_at.is_(None),
        )
        .order_by(conversations.c.id.desc())
        .limit(1)
    )


def _done(
    connection: Connection, chat_id: int, after: int, before: int | None
) -> tuple[Sequence[Exchange], bool]:
    """The ended turns between these two, and whether there are more of them than a page has."""
    wanted = _exchanges().where(
        turns.c.chat_id == chat_id, turns.c.state.in_(_ENDED), turns.c.id > after
    )
    if before is not None:
        wanted = wanted.where(turns.c.id < before)
    rows = connection.execute(wanted.order_by(turns.c.id.desc()).limit(PAGE + 1)).mappings().all()
    return [Exchange(**row) for row in reversed(rows[:PAGE])], len(rows) > PAGE


def _open(connection: Connection, chat_id: int) -> Sequence[RowMapping]:
    """The messages that have no answer yet; those that a turn has taken up name it."""
    rows = connection.execute(
        select(messages.c.id, messages.c.text, messages.c.received_at, messages.c.turn_id)
        .where(
            messages.c.chat_id == chat_id,
            messages.c.state.in_([MessageState.WAITING, MessageState.ANSWERING]),
        )
        .order_by(messages.c.id)
    )
    return rows.mappings().all()


def _unread(row: RowMapping) -> Unread:
    return Unread(row["id"], row["text"], row["received_at"])


def _exchange(connection: Connection, turn_id: int) -> Exchange:
    row = connection.execute(_exchanges().where(turns.c.id == turn_id)).mappings().one()
    return Exchange(**row)


def _exchanges() -> Select[Any]:
    return select(*(turns.c[each.name] for each in fields(Exchange)))


def _title(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= TITLE else f"{words[: TITLE - 1].rstrip()}…"
