"""People who write: one person has a phone number, a hidden WhatsApp id (LID), or both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, Update, delete, func, or_, select, update

from core.phone import Phone
from store.sql.engine import insert_new
from store.sql.prepared import Prepared, prepared
from store.sql.tables import chats, messages, outbox, turns
from store.sql.tables import conversations as conversation_table
from store.sql.tables import people as table


@dataclass(frozen=True)
class Person:
    id: int
    phone: Phone | None
    lid: str | None
    push_name: str
    blocked_at: datetime | None

    @property
    def is_blocked(self) -> bool:
        return self.blocked_at is not None


@dataclass(frozen=True)
class Match:
    """Who goes by a number, and who by the hidden id that came along: often the same person."""

    by_phone: Person | None
    by_lid: Person | None

    @property
    def person(self) -> Person | None:
        """The one with the number, else the one with the hidden id."""
        return self.by_phone or self.by_lid

    def preview_person(self, phone: Phone | None) -> Person | None:
        """The person that `identify` will find for this number, as far as they are known. Where it
        makes two people one, a block of either blocks both."""
        kept, gone = self.by_phone, self.by_lid
        if phone and gone and gone.phone not in (None, phone):
            return kept
        if kept and gone and kept.id != gone.id and not kept.is_blocked:
            return replace(kept, blocked_at=gone.blocked_at)
        return kept or gone


def find_match(connection: Connection, phone: Phone | None, lid: str | None) -> Match:
    """Who goes by this number and who by this hidden id, in one statement."""
    found = [_make_person(row) for row in _by_either(connection, phone, lid).mappings()]
    return Match(
        next((each for each in found if phone and each.phone == phone), None),
        next((each for each in found if lid and each.lid == lid), None),
    )


@prepared
def _by_either(phone: Any, lid: Any) -> Select[Any]:
    # Without one of them it is NULL, which equals nothing.
    return select(table).where(or_(table.c.phone == phone, table.c.lid == lid))


def identify(
    connection: Connection,
    phone: Phone | None,
    lid: str | None,
    push_name: str,
    now: datetime,
    *,
    known_as: Match | None = None,
) -> Person:
    """The person behind these addresses, made or brought up to date.

    A number and a hidden id that arrive together belong together from now on: if they were known
    as two people, the two become one. When a hidden id moves to another number, the newer word of
    WhatsApp counts. Processes that meet a new person at the same moment get the same person.
    `known_as` is what `match` has found in this transaction, if it was asked.
    """
    known = _recognise(connection, phone, lid, known_as or find_match(connection, phone, lid))
    if known is None:
        added = _add(connection, phone, lid, push_name, now)
        return added or identify(connection, phone, lid, push_name, now)
    # Only what is news: what another process has found out must not be taken back.
    given = {"phone": phone, "lid": lid, "push_name": push_name}
    news: dict[str, Any] = {name: value for name, value in given.items() if value}
    if not _change(connection, known.id, **news, last_seen_at=now):  # just forgotten
        return identify(connection, phone, lid, push_name, now)
    return replace(known, **news)


def phone_of(connection: Connection, lid: str) -> Phone | None:
    """The number behind a hidden id, if WhatsApp has ever said so."""
    person = _find(connection, _by_lid, lid)
    return person.phone if person else None


def get(connection: Connection, person_id: int) -> Person | None:
    return _find(connection, _by_id, person_id)


def find_person(connection: Connection, phone: Phone | None, lid: str | None) -> Person | None:
    """Who goes by this number, else by this hidden id, if anyone does."""
    return find_match(connection, phone, lid).person


def by_ids(connection: Connection, ids: Sequence[int]) -> Mapping[int, Person]:
    """These people, in one statement."""
    rows = connection.execute(select(table).where(table.c.id.in_(ids))).mappings()
    return {row["id"]: _make_person(row) for row in rows}


def by_lids(connection: Connection, lids: Sequence[str]) -> Mapping[str, Person]:
    """Who goes by these hidden ids, as far as they are known. No statement for none."""
    if not lids:
        return {}
    rows = connection.execute(select(table).where(table.c.lid.in_(lids))).mappings()
    return {row["lid"]: _make_person(row) for row in rows}


def by_phone(connection: Connection, phone: Phone) -> Person | None:
    return _find(connection, _by_phone, phone)


def block(connection: Connection, person_id: int, now: datetime) -> None:
    _change(connection, person_id, blocked_at=now)


def unblock(connection: Connection, person_id: int) -> None:
    _change(connection, person_id, blocked_at=None)


@prepared
def _by_id(person_id: Any) -> Select[Any]:
    return select(table).where(table.c.id == person_id)


@prepared
def _by_phone(phone: Any) -> Select[Any]:
    return select(table).where(table.c.phone == phone)


@prepared
def _by_lid(lid: Any) -> Select[Any]:
    return select(table).where(table.c.lid == lid)


def _find(connection: Connection, by: Prepared, value: int | str) -> Person | None:
    row = by(connection, value).mappings().first()
    return _make_person(row) if row else None


def _recognise(
    connection: Connection, phone: Phone | None, lid: str | None, found: Match
) -> Person | None:
    """The person with this number and this hidden id. Two people become one; a hidden id is taken
    from the person who had it under another number."""
    by_phone, by_lid = found.by_phone, found.by_lid
    if phone and by_lid and by_lid.phone not in (None, phone):
        # The hidden id stays with the number it came with now; the old number keeps its history.
        _change(connection, by_lid.id, lid=None)
        return by_phone
    if by_phone and by_lid and by_phone.id != by_lid.id:
        _merge(connection, kept=by_phone.id, gone=by_lid.id)
        return get(connection, by_phone.id)
    return by_phone or by_lid


def _add(
    connection: Connection, phone: Phone | None, lid: str | None, push_name: str, now: datetime
) -> Person | None:
    """None if another process has added a person with this number or hidden id just now."""
    values = {"phone": phone, "lid": lid, "push_name": push_name}
    person_id = connection.execute(
        insert_new(connection, table)
        .values(**values, first_seen_at=now, last_seen_at=now)
        .returning(table.c.id)
    ).scalar()
    return Person(person_id, phone, lid, push_name, None) if person_id else None


def _change(connection: Connection, person_id: int, **values: object) -> bool:
    """False if the person is gone."""
    return _update(connection, person_id, **values).rowcount == 1


@prepared
def _update(person_id: Any) -> Update:
    return update(table).where(table.c.id == person_id)


def _merge(connection: Connection, *, kept: int, gone: int) -> None:
    """Everything of the person `gone` becomes `kept`'s. Two chats become one."""
    for each in (messages, turns):
        connection.execute(update(each).where(each.c.person_id == gone).values(person_id=kept))
    # Locked, so that no job begins a turn in a chat that is going away.
    both = select(chats.c.person_id, chats.c.id).where(chats.c.person_id.in_([kept, gone]))
    chat_of = {owner: chat for owner, chat in connection.execute(both.with_for_update())}
    old, new = chat_of.get(gone), chat_of.get(kept)
    if old is not None and new is None:
        connection.execute(update(chats).where(chats.c.id == old).values(person_id=kept))
    elif old is not None:
        for each in (messages, conversation_table, turns, outbox):
            connection.execute(update(each).where(each.c.chat_id == old).values(chat_id=new))
        connection.execute(delete(chats).where(chats.c.id == old))
    blocked_at = func.coalesce(
        table.c.blocked_at,
        select(table.c.blocked_at).where(table.c.id == gone).scalar_subquery(),
    )
    connection.execute(update(table).where(table.c.id == kept).values(blocked_at=blocked_at))
    connection.execute(delete(table).where(table.c.id == gone))


def _make_person(row: RowMapping) -> Person:
    return Person(
        id=row["id"],
        phone=Phone(row["phone"]) if row["phone"] else None,
        lid=row["lid"],
        push_name=row["push_name"],
        blocked_at=row["blocked_at"],
    )
