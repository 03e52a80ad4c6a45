"""What the owner writes themselves in a chat with a person, and what that does to the chat.

Who writes by hand has taken over: the chat is paused, the agent's turn at work is given up, and
what had come until then counts as answered. What comes afterwards waits for the next words of the
owner or for the end of the pause. Rows of the outbox without turn, send and agent were written in
the panel; messages `from_me` with a chat, on the owner's phone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    func,
    or_,
    select,
    true,
    type_coerce,
    update,
)

from core.admission import group
from core.messages import batch
from core.messages.message import Inbound, Kind, Reason
from core.states import MessageState, PieceState, TurnState
from store.chats import messages, outbox, takeovers, turns
from store.chats.chats import Chat
from store.chats.contexts import Context
from store.chats.takeovers import A_WHILE, By
from store.sql.engine import Instant
from store.sql.prepared import prepared
from store.sql.tables import chats as chats_table
from store.sql.tables import messages as table
from store.sql.tables import outbox as outbox_table
from store.sql.tables import turns as turns_table

SHOWN = 20  # pieces that an agent reads
LENGTH = 1000  # characters of one


@dataclass(frozen=True)
class Said:
    """A piece of what was said without any agent."""

    at: datetime
    by_owner: bool
    text: str
    name: str = ""  # who said it, in a group


def take_over(connection: Connection, chat_id: int, until: datetime | None, now: datetime) -> None:
    """Pause the chat from the panel; None: until the owner resumes it. The caller calls `Stops`
    (`after_commit`)."""
    takeovers.begin(connection, chat_id, By.PANEL, until, now)
    turns.give_back(connection, chat_id, now)


def write(connection: Connection, chat: Chat, texts: Sequence[str], now: datetime) -> list[int]:
    """Put the owner's words, cut into pieces, into the outbox. Returns the ids of the rows. The
    caller nudges the worker and calls `Stops` (`after_commit`)."""
    takeovers.extend(connection, chat.id, By.PANEL, now + A_WHILE, now)
    turns.give_back(connection, chat.id, now)
    settle(connection, chat.id, now)
    connection.execute(
        update(chats_table).where(chats_table.c.id == chat.id).values(last_message_at=now)
    )
    return outbox.add(connection, address=chat.address, texts=texts, now=now, chat_id=chat.id)


def pause_for_phone(
    connection: Connection, chat: Chat, inbound: Inbound, now: datetime
) -> datetime | None:
    """The owner has written on their phone, perhaps a while ago. Returns until when the chat is
    paused for that, None if it is not. The caller calls `Stops` (`after_commit`)."""
    until = min(inbound.sent_at, now) + A_WHILE
    is_new = takeovers.extend(connection, chat.id, By.PHONE, until, now)
    turns.give_back(connection, chat.id, now)
    settle(connection, chat.id, now, inbound.sent_at)
    return until if is_new else None


def resume(connection: Connection, chat_id: int, now: datetime, *, answer: bool) -> bool:
    """Let agents answer again; what came in since too, or not. False if nothing was paused.
    The caller nudges the jobs (`after_commit`)."""
    if not answer:
        settle(connection, chat_id, now)
    return takeovers.end(connection, chat_id, now)


def settle(
    connection: Connection, chat_id: int, now: datetime, until: datetime | None = None
) -> int:
    """Mark waiting messages as answered, since the owner has answered them: those written until
    then, commands excepted. Returns how many."""
    waiting = messages.list_waiting(connection, chat_id)
    ids = [each.id for each in waiting if not batch.is_command(each)]
    early = table.c.sent_at <= until if until else true()
    settled = messages.move(
        connection,
        and_(table.c.id.in_(ids), early),
        out_of=MessageState.WAITING,
        to=MessageState.ANSWERED,
        answered_at=now,
    )
    return settled.rowcount


def count_waiting(connection: Connection, chat_id: int) -> int:
    """How many messages wait in this chat."""
    counted = select(func.count()).where(
        table.c.chat_id == chat_id, table.c.state == MessageState.WAITING
    )
    return connection.scalar(counted) or 0


def is_echo(connection: Connection, inbound: Inbound, addresses: set[str]) -> bool:
    """Whether a message of our own account is one that we have sent. While a send is at work its
    id is not stored yet: then its words tell."""
    at_work = and_(
        outbox_table.c.state.in_([PieceState.SENDING, PieceState.UNKNOWN]),
        outbox_table.c.address.in_(addresses),
        outbox_table.c.text == inbound.text,
    )
    ours = or_(outbox_table.c.wa_id == inbound.message_id, at_work)
    return connection.scalar(select(outbox_table.c.id).where(ours).limit(1)) is not None


def list_since_last_turn(connection: Connection, chat: Chat, context: Context) -> Sequence[Said]:
    """What was said by hand since this conversation's agent last answered: the latest of it, in
    order."""
    said = [*_on_phones(connection, chat, context)]
    if chat.paused_at:  # else nothing was ever written in the panel
        said += _in_panel(connection, chat, context)
    return sorted(said, key=lambda each: each.at)[-SHOWN:]


def _last_answered(conversation_id: Any, opened_at: Any) -> ColumnElement[datetime]:
    """In a query: when the agent of this conversation last answered, or when it was opened."""
    answered = (
        turns_table.c.conversation_id == conversation_id,
        turns_table.c.state == TurnState.DONE,
        turns_table.c.kind == turns.TurnKind.AGENT,
    )
    latest = select(turns_table.c.started_at).where(*answered)
    latest = latest.order_by(turns_table.c.id.desc()).limit(1)
    return func.coalesce(latest.scalar_subquery(), type_coerce(opened_at, Instant()))


def _on_phones(connection: Connection, chat: Chat, context: Context) -> Sequence[Said]:
    """What the owner wrote on theirs, and what the person did that no agent has seen."""
    return [
        Said(
            row["received_at"],
            row["from_me"],
            batch.render_message(messages.make_remark(row))[:LENGTH],
            group.name_speaker(row["push_name"]) if chat.is_group else "",
        )
        for row in _select_unseen(connection, chat.id, context.id, context.opened_at).mappings()
    ]


@prepared
def _select_unseen(chat_id: Any, conversation_id: Any, opened_at: Any) -> Select[Any]:
    unseen = and_(table.c.state == MessageState.ANSWERED, table.c.turn_id.is_(None))
    typed = and_(table.c.from_me, table.c.reason == Reason.OWN_MESSAGE)
    wanted = (
        table.c.chat_id == chat_id,
        table.c.received_at > _last_answered(conversation_id, opened_at),
        table.c.deleted_at.is_(None),
        table.c.kind != Kind.REACTION,
        or_(typed, unseen),
    )
    return select(table).where(*wanted).order_by(table.c.received_at.desc()).limit(SHOWN)


def _in_panel(connection: Connection, chat: Chat, context: Context) -> Sequence[Said]:
    rows = connection.execute(
        select(outbox_table.c.created_at, outbox_table.c.text)
        .where(
            outbox_table.c.chat_id == chat.id,
            outbox_table.c.turn_id.is_(None),
            outbox_table.c.send_id.is_(None),
            outbox_table.c.agent.is_(None),
            outbox_table.c.created_at > _last_answered(context.id, context.opened_at),
        )
        .order_by(outbox_table.c.id.desc())
        .limit(SHOWN)
    )
    return [Said(row.created_at, True, row.text[:LENGTH]) for row in rows]
