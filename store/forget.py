"""Forgetting a person: everything they wrote, everything written to them, and that they exist.

One transaction, or nothing. What remains is what the owner did (the audit log), without them in it
from here on, and the person's line on the allowlist, unless that is to go as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    delete,
    exists,
    or_,
    select,
)

from core.message import State
from store import pauses
from store.people import Person
from store.tables import allowlist, chats, conversations, messages, outbox, people, sends, turns
from store.turns import TurnState


@dataclass(frozen=True)
class Forgotten:
    """How many messages there were, theirs and ours."""

    received: int
    sent: int


def is_busy(connection: Connection, who: Person, now: datetime) -> bool:
    """Whether they are being answered, or are about to be. While the chat is paused nobody is.

    No turn begins in their chat before this transaction ends.
    """
    chat_id = connection.scalar(
        select(chats.c.id).where(chats.c.person_id == who.id).with_for_update()
    )
    if chat_id is None:
        return False
    running = exists().where(turns.c.chat_id == chat_id, turns.c.state == TurnState.RUNNING)
    waiting = exists().where(messages.c.chat_id == chat_id, messages.c.state == State.WAITING)
    awaited = running if pauses.current(connection, chat_id, now) else or_(running, waiting)
    return bool(connection.scalar(select(awaited)))


def person(connection: Connection, who: Person, *, with_entry: bool = False) -> Forgotten:
    """Delete this person. Ask `is_busy` before, in the same transaction."""
    chat_id = connection.scalar(select(chats.c.id).where(chats.c.person_id == who.id))
    sent_to = or_(outbox.c.chat_id == chat_id, outbox.c.address.in_(_addresses(who)))
    asked = connection.scalars(select(outbox.c.send_id).where(sent_to).distinct()).all()
    sent = _delete(connection, outbox, sent_to)
    _delete(connection, sends, sends.c.id.in_(filter(None, asked)))
    received = _delete(connection, messages, _theirs(who))
    for table in (turns, conversations):
        _delete(connection, table, table.c.chat_id == chat_id)
    _delete(connection, chats, chats.c.id == chat_id)
    _delete(connection, people, people.c.id == who.id)
    if with_entry:
        _delete(connection, allowlist, allowlist.c.pattern.in_([who.phone, who.lid]))
    return Forgotten(received, sent)


def _theirs(who: Person) -> ColumnElement[bool]:
    """Their messages, wherever they wrote them, and what was typed to them on the owner's phone."""
    chat = select(chats.c.id).where(chats.c.person_id == who.id).scalar_subquery()
    return or_(*_signs(who), messages.c.chat_id == chat)


def _signs(who: Person) -> Iterator[ColumnElement[bool]]:
    yield messages.c.person_id == who.id
    yield messages.c.chat.in_(_addresses(who))
    yield messages.c.sender.in_(_addresses(who))
    if who.phone:
        yield messages.c.phone == who.phone
    if who.lid:
        yield messages.c.lid == who.lid


def _addresses(who: Person) -> list[str]:
    known = [f"{who.phone.digits}@s.whatsapp.net"] if who.phone else []
    return known + ([who.lid] if who.lid else [])


def _delete(connection: Connection, table: Table, which: ColumnElement[bool]) -> int:
    return connection.execute(delete(table).where(which)).rowcount
