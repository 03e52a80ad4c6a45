"""Held senders: people who wrote without being allowed. What they wrote waits here, as far as it is
kept, until the owner decides about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    true,
)

from core.admission.allowlist import Entry
from core.admission.decide import admitted_by
from core.messages.message import Kind
from core.phone import strip_decoration
from core.states import MessageState
from store.chats import chats, people
from store.chats import messages as messages_store
from store.chats.people import Person
from store.sql.tables import chats as chat_table
from store.sql.tables import messages
from store.sql.tables import people as table

SHOWN = 3  # texts of one person in the list

_HELD = messages.c.state == MessageState.HELD
# Of what is not kept there is neither text nor message.
_KEPT = or_(messages.c.text != "", func.length(messages.c.raw) > 0)


@dataclass(frozen=True)
class Said:
    """A held message that was kept. Without words it is of another kind."""

    kind: Kind
    text: str
    at: datetime


@dataclass(frozen=True)
class Held:
    """A person who wrote, is not allowed, and got no answer."""

    person: Person
    count: int  # messages of theirs
    kept: int  # of these, how many could still be answered
    first_at: datetime
    last_at: datetime
    said: Sequence[Said] = field(default=())  # the last of those kept, the oldest first


def list_held(
    connection: Connection, wanted: str = "", *, skip: int = 0, limit: int
) -> tuple[Sequence[Held], int]:
    """A page of those who wait at the door, the latest first, and how many have `wanted` in their
    name or number. Blocked people are not listed."""
    at_the_door = and_(table.c.blocked_at.is_(None), _matching(wanted))
    waiting = (
        select(
            messages.c.person_id,
            func.count().label("messages"),
            func.count().filter(_KEPT).label("kept"),
            func.min(messages.c.received_at).label("first_at"),
            func.max(messages.c.received_at).label("last_at"),
            func.max(messages.c.id).label("last_id"),
        )
        .where(_HELD)
        .group_by(messages.c.person_id)
        .subquery()
    )
    found = waiting.join(table, table.c.id == waiting.c.person_id)
    total = connection.scalar(select(func.count()).select_from(found).where(at_the_door)) or 0
    rows = connection.execute(
        select(waiting)
        .select_from(found)
        .where(at_the_door)
        .order_by(waiting.c.last_id.desc())
        .limit(limit)
        .offset(skip)
    ).all()
    ids = [row.person_id for row in rows]
    known, said = people.by_ids(connection, ids), _read_said(connection, ids)
    return [
        Held(
            person=known[row.person_id],
            count=row.messages,
            kept=row.kept,
            first_at=row.first_at,
            last_at=row.last_at,
            said=said.get(row.person_id, ()),
        )
        for row in rows
    ], total


def count_kept(connection: Connection, person_id: int) -> tuple[int, int]:
    """How many messages of this person are held, and how many of them are kept."""
    row = connection.execute(
        select(func.count(), func.count().filter(_KEPT)).where(_is_of(person_id))
    ).one()
    return row[0], row[1]


def dismiss(connection: Connection, person_id: int) -> int:
    """Take this person off the list. Returns how many messages that concerned."""
    theirs = {"person_id": person_id}
    held = MessageState.HELD
    return messages_store.move(connection, theirs, out_of=held, to=MessageState.IGNORED).rowcount


def replay(
    connection: Connection, person_id: int, entry: Entry, now: datetime
) -> tuple[int, int] | None:
    """Let what this person wrote wait for an answer after all, as far as it is kept; the rest is
    off the list. `entry` is what lets them in now.

    The chat, which the caller nudges (`after_commit`), and how many messages wait there; None when
    nothing is kept.
    """
    address = connection.scalar(
        select(messages.c.chat)
        .where(_is_of(person_id), _KEPT)
        .order_by(messages.c.id.desc())
        .limit(1)
    )
    if address is None:
        return None
    chat = chats.enter(connection, person_id, address, now)
    released = messages_store.move(
        connection,
        and_(messages.c.person_id == person_id, _KEPT),
        out_of=MessageState.HELD,
        to=MessageState.WAITING,
        chat_id=chat.id,
        reason=admitted_by(entry),
        entry_id=entry.id,
        decided_at=now,
    )
    dismiss(connection, person_id)
    return chat.id, released.rowcount


def count_forgettable(connection: Connection, person_id: int) -> int:
    """How many messages of this person `forget` would delete."""
    counted = select(func.count()).select_from(messages).where(_in_vain(person_id))
    return connection.scalar(counted) or 0


def forget(connection: Connection, person_id: int) -> int:
    """Delete what this person wrote without an answer, and the person unless there is more: a chat,
    a block. Returns how many messages that were."""
    connection.execute(select(table.c.id).where(table.c.id == person_id).with_for_update())
    gone = connection.execute(delete(messages).where(_in_vain(person_id))).rowcount
    is_known = or_(
        table.c.blocked_at.is_not(None),
        exists().where(chat_table.c.person_id == table.c.id),
        exists().where(messages.c.person_id == table.c.id),
    )
    connection.execute(delete(table).where(table.c.id == person_id, ~is_known))
    return gone


def list_blocked(
    connection: Connection, wanted: str = "", *, skip: int = 0, limit: int
) -> tuple[Sequence[Person], int]:
    """A page of the blocked, the latest first, and how many have `wanted` in their name or
    number."""
    condition = and_(table.c.blocked_at.is_not(None), _matching(wanted))
    total = connection.scalar(select(func.count()).select_from(table).where(condition)) or 0
    order = table.c.blocked_at.desc(), table.c.id.desc()
    ids = connection.scalars(
        select(table.c.id).where(condition).order_by(*order).limit(limit).offset(skip)
    ).all()
    known = people.by_ids(connection, ids)
    return [known[each] for each in ids], total


def _is_of(person_id: int) -> ColumnElement[bool]:
    return and_(messages.c.person_id == person_id, _HELD)


def _in_vain(person_id: int) -> ColumnElement[bool]:
    """In a query: messages of this person that are held, or ignored and in no chat."""
    ignored = and_(messages.c.state == MessageState.IGNORED, messages.c.chat_id.is_(None))
    return and_(messages.c.person_id == person_id, or_(_HELD, ignored))


def _matching(wanted: str) -> ColumnElement[bool]:
    """Spaces and dashes in a number that is looked for don't count."""
    if not wanted:
        return true()
    by_name = table.c.push_name.icontains(wanted, autoescape=True)
    number = strip_decoration(wanted)
    if not number.removeprefix("+").isdigit():
        return by_name
    return or_(by_name, table.c.phone.contains(number, autoescape=True))


def _read_said(connection: Connection, ids: Sequence[int]) -> Mapping[int, Sequence[Said]]:
    """The last kept messages of each of these people."""
    place = func.row_number().over(partition_by=messages.c.person_id, order_by=messages.c.id.desc())
    kept = (
        select(
            *(messages.c[name] for name in ("id", "person_id", "kind", "text", "received_at")),
            place.label("place"),
        )
        .where(messages.c.person_id.in_(ids), _HELD, _KEPT)
        .subquery()
    )
    rows = connection.execute(select(kept).where(kept.c.place <= SHOWN).order_by(kept.c.id))
    said: dict[int, list[Said]] = {}
    for row in rows:
        each = Said(Kind(row.kind), row.text, row.received_at)
        said.setdefault(row.person_id, []).append(each)
    return said
