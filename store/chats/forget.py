"""Forgetting a person: everything they wrote, everything written to them, and that they exist.

One transaction, or nothing. What remains is what the owner did (the audit log), without them in it
from here on, and the person's line on the allowlist, unless that is to go as well.

In a group their messages go, the answers to them, and what others have quoted of them. What agents
remember of that group goes as well, since theirs can't be separated from it; what others
wrote and were answered stays to be read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    delete,
    exists,
    not_,
    or_,
    select,
    update,
)

from core.channel import Channel
from core.states import MessageState, TurnState
from store.chats import messages as messages_store
from store.chats import takeovers
from store.chats.chats import Chat
from store.chats.people import Person
from store.sql.tables import allowlist, chats, conversations, messages, outbox, people, sends, turns


@dataclass(frozen=True)
class Forgotten:
    """How many messages there were, theirs and ours."""

    received: int
    sent: int


def is_busy(connection: Connection, who: Person | Chat, now: datetime) -> bool:
    """Whether they, or a member of this group, are being answered, or are about to be. While a
    chat is paused none is.

    No turn begins in their chat, or their groups, before this transaction ends.
    """
    if isinstance(who, Chat):
        concerned = whole = chats.c.id == who.id
        turn, message = whole, whole
    else:
        whole = chats.c.person_id == who.id
        concerned = or_(whole, chats.c.id.in_(_select_groups_of(who)))
        turn = or_(whole, turns.c.person_id == who.id)
        message = or_(whole, messages.c.person_id == who.id)
    locked = select(chats.c.id).where(concerned).order_by(chats.c.id).with_for_update()
    ids = connection.scalars(locked).all()
    running = exists().where(
        turns.c.chat_id == chats.c.id, turns.c.state == TurnState.RUNNING, turn
    )
    waiting = exists().where(
        messages.c.chat_id == chats.c.id, messages.c.state == MessageState.WAITING, message
    )
    awaited = or_(running, waiting & not_(takeovers.is_active(now)))
    found = select(chats.c.id).where(chats.c.id.in_(ids), awaited).limit(1)
    return connection.execute(found).first() is not None


def person(connection: Connection, who: Person, *, with_entry: bool = False) -> Forgotten:
    """Delete this person. Ask `is_busy` before, in the same transaction."""
    own = select(chats.c.id).where(chats.c.person_id == who.id).scalar_subquery()
    _take_out_of_groups(connection, who)
    answers = or_(turns.c.chat_id == own, turns.c.person_id == who.id)
    sent_to = or_(
        outbox.c.chat_id == own,
        outbox.c.address.in_(_list_addresses(who)),
        outbox.c.turn_id.in_(select(turns.c.id).where(answers)),
    )
    sent = _delete_sent(connection, sent_to)
    received = _delete(connection, messages, or_(*_signs(who), messages.c.chat_id == own))
    _delete(connection, turns, answers)
    _delete(connection, conversations, conversations.c.chat_id == own)
    _delete(connection, chats, chats.c.person_id == who.id)
    _delete(connection, people, people.c.id == who.id)
    if with_entry:
        _delete(connection, allowlist, allowlist.c.pattern.in_([who.phone, who.lid]))
    return Forgotten(received, sent)


def group(connection: Connection, chat: Chat) -> Forgotten:
    """Delete a group's chat and all that was said in it. Ask `is_busy` before, in the same
    transaction."""
    sent = _delete_sent(connection, outbox.c.chat_id == chat.id)
    said = or_(messages.c.chat_id == chat.id, messages.c.chat == chat.address)
    received = _delete(connection, messages, said)
    for table in (turns, conversations):
        _delete(connection, table, table.c.chat_id == chat.id)
    _delete(connection, chats, chats.c.id == chat.id)
    return Forgotten(received, sent)


def _take_out_of_groups(connection: Connection, who: Person) -> None:
    """What others have of their words there, and agents of all that was said."""
    groups = connection.scalars(_select_groups_of(who)).all()
    if not groups:
        return
    theirs = select(messages.c.message_id).where(
        messages.c.person_id == who.id, messages.c.chat_id.in_(groups)
    )
    quoting = connection.scalars(
        update(messages)
        .where(messages.c.chat_id.in_(groups), messages.c.quoted_id.in_(theirs))
        .values(quoted_text=None)
        .returning(messages.c.turn_id)
    ).all()
    messages_store.retell(connection, quoting)
    connection.execute(update(turns).where(turns.c.chat_id.in_(groups)).values(history=None))
    connection.execute(
        update(conversations)
        .where(conversations.c.chat_id.in_(groups))
        .values(summary=None, summary_through=None)
    )


def _select_groups_of(who: Person) -> Select[tuple[int]]:
    """The groups in which they have been answered."""
    return (
        select(chats.c.id)
        .join(messages, messages.c.chat_id == chats.c.id)
        .where(messages.c.person_id == who.id, chats.c.channel == Channel.GROUP)
        .distinct()
    )


def _signs(who: Person) -> Iterator[ColumnElement[bool]]:
    """Their messages, wherever they wrote them, and what was typed to them on the owner's phone."""
    yield messages.c.person_id == who.id
    yield messages.c.chat.in_(_list_addresses(who))
    yield messages.c.sender.in_(_list_addresses(who))
    if who.phone:
        yield messages.c.phone == who.phone
    if who.lid:
        yield messages.c.lid == who.lid


def _list_addresses(who: Person) -> list[str]:
    known = [f"{who.phone.digits}@s.whatsapp.net"] if who.phone else []
    return known + ([who.lid] if who.lid else [])


def _delete_sent(connection: Connection, which: ColumnElement[bool]) -> int:
    """Rows of the outbox, with what programs and agents asked for."""
    asked = connection.scalars(select(outbox.c.send_id).where(which).distinct()).all()
    sent = _delete(connection, outbox, which)
    _delete(connection, sends, sends.c.id.in_(filter(None, asked)))
    return sent


def _delete(connection: Connection, table: Table, which: ColumnElement[bool]) -> int:
    return connection.execute(delete(table).where(which)).rowcount
