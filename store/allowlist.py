"""The allowlist: patterns with a label and a default agent."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.exc import IntegrityError

from core.admission.allowlist import EVERYONE, HIDDEN, Entry, Pattern, list_candidates
from core.admission.allowlist_csv import CsvLine, Fate
from core.errors import DuplicateEntry
from core.phone import Phone, strip_decoration
from store.chats.people import Person
from store.sql.prepared import prepared
from store.sql.tables import allowlist as table
from store.sql.tables import people

_NUMBERISH = re.compile(r"[+*\d]+(@lid)?")


class Sort(StrEnum):
    """How a page of the list is ordered. By number, the most exact entries come first."""

    NUMBER = "number"
    LABEL = "label"
    AGENT = "agent"
    NEWEST = "newest"


@dataclass(frozen=True)
class Page:
    """A page of the allowlist."""

    entries: Sequence[Entry]
    found: int  # entries that match the search
    total: int  # entries on the whole list


def load(connection: Connection, *, lock: bool = False) -> Sequence[Entry]:
    """All entries, newest first. With `lock` they do not change before this transaction ends."""
    statement = select(table).order_by(table.c.id.desc())
    rows = connection.execute(statement.with_for_update() if lock else statement).mappings()
    return [_make_entry(row) for row in rows]


def list_matching(connection: Connection, phone: Phone | None, lid: str | None) -> Sequence[Entry]:
    """The entries that match this sender, however long the list is."""
    return _list_matching(connection, list_candidates(phone, lid))


def list_matching_any(connection: Connection, persons: Iterable[Person]) -> Sequence[Entry]:
    """Those that match any of these people."""
    wanted = {each for person in persons for each in list_candidates(person.phone, person.lid)}
    return _list_matching(connection, wanted)


def _list_matching(connection: Connection, wanted: Iterable[Pattern]) -> Sequence[Entry]:
    return [_make_entry(row) for row in _select_patterns(connection, list(wanted)).mappings()]


@prepared
def _select_patterns(patterns: Any) -> Select[Any]:
    return select(table).where(table.c.pattern.in_(patterns))


def read_page(
    connection: Connection,
    wanted: str = "",
    agents: Collection[str] = (),
    *,
    sort: Sort = Sort.NUMBER,
    skip: int = 0,
    limit: int,
) -> Page:
    """Entries that have `wanted` in their number, label or agent, or one of these `agents`; of
    those with a hidden number also by the name and the number that are known by now."""
    total = connection.scalar(select(func.count()).select_from(table)) or 0
    condition = _has(wanted, agents) if wanted else true()
    found = total
    if wanted:
        found = connection.scalar(select(func.count()).select_from(table).where(condition)) or 0
    statement = select(table).where(condition).order_by(*_order(sort)).limit(limit).offset(skip)
    return Page(
        [_make_entry(row) for row in connection.execute(statement).mappings()], found, total
    )


def get(connection: Connection, entry_id: int) -> Entry | None:
    row = connection.execute(select(table).where(table.c.id == entry_id)).mappings().first()
    return _make_entry(row) if row else None


def add(
    connection: Connection, pattern: Pattern, label: str | None, agent: str | None, now: datetime
) -> Entry:
    """Raises `DuplicateEntry` and leaves everything as it was when the pattern is there."""
    values = {"pattern": pattern, "label": label, "agent": agent}
    statement = insert(table).values(**values, created_at=now, updated_at=now).returning(table)
    try:
        with connection.begin_nested():
            return _make_entry(connection.execute(statement).mappings().one())
    except IntegrityError:
        raise _make_duplicate(pattern) from None


def change(
    connection: Connection,
    entry_id: int,
    pattern: Pattern,
    label: str | None,
    agent: str | None,
    now: datetime,
) -> Entry | None:
    """The entry as changed, None if it is gone. Raises `DuplicateEntry` as `add` does."""
    statement = (
        update(table)
        .where(table.c.id == entry_id)
        .values(pattern=pattern, label=label, agent=agent, updated_at=now)
        .returning(table)
    )
    try:
        with connection.begin_nested():
            row = connection.execute(statement).mappings().first()
    except IntegrityError:
        raise _make_duplicate(pattern) from None
    return _make_entry(row) if row else None


def carry_out(connection: Connection, lines: Sequence[CsvLine], now: datetime) -> None:
    """Add what is new in these lines of an import, and change what is changed.

    Raises `DuplicateEntry` when another process was quicker; the transaction is lost then.
    """
    new = [
        {"pattern": line.pattern, "label": line.label, "agent": line.agent}
        for line in lines
        if line.fate is Fate.NEW
    ]
    changed = [
        {"entry_id": line.before.id, "new_label": line.label, "new_agent": line.agent}
        for line in lines
        if line.fate is Fate.CHANGED and line.before
    ]
    values = {"label": bindparam("new_label"), "agent": bindparam("new_agent"), "updated_at": now}
    try:
        if new:
            connection.execute(insert(table).values(created_at=now, updated_at=now), new)
        if changed:
            of_line = table.c.id == bindparam("entry_id")
            connection.execute(update(table).where(of_line).values(**values), changed)
    except IntegrityError:
        raise DuplicateEntry("The allowlist was changed meanwhile.") from None


def restore(connection: Connection, entry: Entry) -> Entry:
    """The removed entry as it was, with its id if that is still free. Raises `DuplicateEntry`."""
    values = asdict(entry)
    for row in (values, {name: values[name] for name in values if name != "id"}):
        try:
            with connection.begin_nested():
                added = connection.execute(insert(table).values(row).returning(table))
                return _make_entry(added.mappings().one())
        except IntegrityError:
            continue
    raise _make_duplicate(entry.pattern)


def remove(connection: Connection, entry_id: int) -> Entry | None:
    """The entry that was removed, so that removing can be undone; None if it was gone."""
    row = (
        connection.execute(delete(table).where(table.c.id == entry_id).returning(table))
        .mappings()
        .first()
    )
    return _make_entry(row) if row else None


def _has(wanted: str, agents: Collection[str]) -> ColumnElement[bool]:
    """Spaces and dashes in a number that is looked for don't count."""
    number = strip_decoration(wanted)
    is_theirs = people.c.push_name.icontains(wanted, autoescape=True)
    conditions = [
        table.c.label.icontains(wanted, autoescape=True),
        table.c.agent.icontains(wanted, autoescape=True),
        table.c.agent.in_(agents),
    ]
    if _NUMBERISH.fullmatch(number):
        conditions.append(table.c.pattern.contains(number, autoescape=True))
        is_theirs = or_(is_theirs, people.c.phone.contains(number, autoescape=True))
    return or_(*conditions, table.c.pattern.in_(select(people.c.lid).where(is_theirs)))


def _order(sort: Sort) -> Sequence[ColumnElement[Any]]:
    is_hidden = table.c.pattern.endswith(HIDDEN)
    is_prefix = table.c.pattern.endswith("*")
    rank = case((table.c.pattern == EVERYONE, 3), (is_prefix, 2), (is_hidden, 1), else_=0)
    by_number: Sequence[ColumnElement[Any]] = [rank, table.c.pattern]
    orders: dict[Sort, Sequence[ColumnElement[Any]]] = {
        Sort.NUMBER: by_number,
        Sort.LABEL: [table.c.label.is_(None), func.lower(table.c.label), *by_number],
        Sort.AGENT: [table.c.agent.is_(None), func.lower(table.c.agent), *by_number],
        Sort.NEWEST: [table.c.created_at.desc(), table.c.id.desc()],
    }
    return orders[sort]


def _make_duplicate(pattern: Pattern) -> DuplicateEntry:
    return DuplicateEntry(f"{pattern} is on the allowlist already.")


def _make_entry(row: RowMapping) -> Entry:
    return Entry(
        id=row["id"],
        pattern=Pattern(row["pattern"]),
        label=row["label"],
        agent=row["agent"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
