"""Messages that reached us, from the connection's insert to their answer."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Update,
    func,
    insert,
    select,
    update,
)

from core.messages import batch
from core.messages.message import Inbound, Kind, Place, Reason
from core.phone import Phone
from core.states import ACCEPTED, MESSAGE_MOVES, MessageState
from store.chats.chats import PANEL, Chat
from store.sql.engine import insert_new
from store.sql.moves import Mover
from store.sql.prepared import prepared
from store.sql.tables import chats, turns
from store.sql.tables import messages as table

ID = 200  # characters of a message's id that are stored
COMMAND = 100  # characters that show which command a text is

move = Mover(table, MESSAGE_MOVES)

# A message without what was said in it: that there was one is still known.
FORGOTTEN: Mapping[str, Any] = {"text": "", "quoted_text": None, "facts": None, "raw": b""}


@dataclass(frozen=True)
class Received:
    """A stored message that is not decided yet."""

    id: int
    inbound: Inbound


@dataclass(frozen=True)
class Accepted:
    """A message that will be answered: what a blue tick or a reaction to it needs."""

    id: int
    chat_id: int
    chat: str
    sender: str
    message_id: str


@dataclass(frozen=True)
class Waiting:
    """An accepted message that is waiting for its answer."""

    id: int
    kind: Kind
    text: str
    quoted_text: str | None
    push_name: str
    received_at: datetime
    facts: Mapping[str, Any] | None = None
    person_id: int | None = None  # None in the panel


def receive(connection: Connection, inbound: Inbound, now: datetime) -> bool:
    """Store a message before anything else happens to it. False if it is here already.

    Runs in the library's callback, where every microsecond is one in which a crash loses
    messages that WhatsApp believes delivered: one insert, nothing more. Ids are the choice of the
    sender's program: one that is too long is cut, not refused.
    """
    row = {
        "account": inbound.account,
        "chat": inbound.chat,
        "sender": inbound.sender,
        "message_id": inbound.message_id[:ID],
        "place": inbound.place,
        "kind": inbound.kind,
        "text": inbound.text,
        "phone": inbound.phone,
        "lid": inbound.lid,
        "push_name": inbound.push_name,
        "from_me": inbound.from_me,
        "quoted_id": inbound.quoted_id and inbound.quoted_id[:ID],
        "quoted_text": inbound.quoted_text,
        "target_id": inbound.target_id and inbound.target_id[:ID],
        "is_to_us": inbound.is_to_us,
        "facts": inbound.facts,
        "raw": inbound.raw,
        "state": MessageState.RECEIVED,
        "sent_at": inbound.sent_at,
        "received_at": now,
    }
    return connection.execute(insert_new(connection, table), row).rowcount == 1


def write_in_panel(connection: Connection, chat: Chat, text: str, name: str, now: datetime) -> None:
    """Let this wait for an answer, as the owner called `name`. The caller
    nudges the jobs (`after_commit`)."""
    values = {
        "account": PANEL,
        "chat": chat.address,
        "sender": PANEL,
        "message_id": secrets.token_hex(8),
        "place": Place.DIRECT,
        "kind": Kind.TEXT,
        "text": text,
        "push_name": name,
        "from_me": False,
        "raw": b"",
        "state": MessageState.WAITING,
        "reason": Reason.OWNER,
        "chat_id": chat.id,
        "sent_at": now,
        "received_at": now,
        "decided_at": now,
        "read_at": now,  # no blue tick is due
    }
    connection.execute(insert(table).values(values))
    connection.execute(update(chats).where(chats.c.id == chat.id).values(last_message_at=now))


def list_undecided(connection: Connection, limit: int = 200) -> Sequence[Received]:
    """In the order in which they came."""
    rows = _select_undecided(connection, limit).mappings()
    return [Received(row["id"], _make_inbound(row)) for row in rows]


@prepared
def _select_undecided(limit: Any) -> Select[Any]:
    return (
        select(table)
        .where(table.c.state == MessageState.RECEIVED)
        .order_by(table.c.id)
        .limit(limit)
    )


def record_decision(
    connection: Connection,
    message: int,
    state: MessageState,
    reason: Reason,
    now: datetime,
    *,
    person_id: int | None = None,
    chat_id: int | None = None,
    entry_id: int | None = None,
    keep_text: bool = True,
) -> None:
    """Write the decision down. What is not answered is not kept either, unless asked for.

    A decision is final: a second one, of a process that has been replaced, changes nothing.
    """
    forgotten = {} if keep_text else FORGOTTEN
    move(
        connection,
        {"id": message},
        out_of=MessageState.RECEIVED,
        to=state,
        reason=reason,
        decided_at=now,
        person_id=person_id,
        chat_id=chat_id,
        entry_id=entry_id,
        **forgotten,
    )


def was_read(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    """Record that the blue tick for these was sent."""
    _change(connection, list(ids), read_at=now)


def was_acknowledged(connection: Connection, message: int, emoji: str) -> None:
    """Record that our reaction to this one was sent."""
    _change(connection, [message], ack_emoji=emoji)


@prepared
def _change(ids: Any) -> Update:
    return update(table).where(table.c.id.in_(ids))


def list_unread(connection: Connection, since: datetime) -> Sequence[Accepted]:
    """Accepted messages whose blue tick has not left, in order."""
    return [Accepted(**row) for row in _select_unread(connection, since).mappings()]


@prepared
def _select_unread(since: Any) -> Select[Any]:
    columns = [table.c[each.name] for each in fields(Accepted)]
    accepted = table.c.state.in_(ACCEPTED)
    wanted = (table.c.received_at > since, accepted, table.c.read_at.is_(None))
    return select(*columns).where(*wanted).order_by(table.c.id)


def list_waiting(connection: Connection, chat_id: int) -> Sequence[Waiting]:
    """What this chat wants answered, in the order in which it came."""
    return [make_remark(row) for row in _select_waiting(connection, chat_id).mappings()]


@prepared
def _select_waiting(chat_id: Any) -> Select[Any]:
    return _select_remarks(table.c.chat_id == chat_id, table.c.state == MessageState.WAITING)


def of_turn(connection: Connection, turn_id: int) -> Sequence[Waiting]:
    """What this turn is about, in order, but for what its sender has deleted."""
    wanted = _select_remarks(table.c.turn_id == turn_id, table.c.deleted_at.is_(None))
    return [make_remark(row) for row in connection.execute(wanted).mappings()]


def retell(connection: Connection, turn_ids: Iterable[int | None]) -> None:
    """Write the requests of these turns anew from their messages, some of which were deleted."""
    for turn_id in {each for each in turn_ids if each}:
        request = batch.build_content(of_turn(connection, turn_id)).as_text
        connection.execute(update(turns).where(turns.c.id == turn_id).values(request=request))


def make_remark(row: RowMapping) -> Waiting:
    """A message's row, or as much of it as matters to its reader."""
    values = {each.name: row[each.name] for each in fields(Waiting)}
    return Waiting(**values | {"kind": Kind(row["kind"])})


def list_commands(connection: Connection, chat_ids: Sequence[int]) -> Sequence[tuple[int, str]]:
    """Waiting lines of these chats that may be commands: the chat and how the line begins."""
    rows = connection.execute(
        select(table.c.chat_id, func.substr(table.c.text, 1, COMMAND)).where(
            table.c.chat_id.in_(chat_ids),
            table.c.state == MessageState.WAITING,
            table.c.kind == Kind.TEXT,
            table.c.text.contains("/"),
        )
    )
    return [(row[0], row[1]) for row in rows]


def _select_remarks(*wanted: ColumnElement[bool]) -> Select[Any]:
    columns = [table.c[each.name] for each in fields(Waiting)]
    return select(*columns).where(*wanted).order_by(table.c.id)


def _make_inbound(row: RowMapping) -> Inbound:
    return Inbound(
        account=row["account"],
        chat=row["chat"],
        sender=row["sender"],
        message_id=row["message_id"],
        place=Place(row["place"]),
        kind=Kind(row["kind"]),
        text=row["text"],
        sent_at=row["sent_at"],
        from_me=row["from_me"],
        phone=Phone(row["phone"]) if row["phone"] else None,
        lid=row["lid"],
        push_name=row["push_name"],
        quoted_id=row["quoted_id"],
        quoted_text=row["quoted_text"],
        target_id=row["target_id"],
        is_to_us=row["is_to_us"],
        facts=row["facts"],
        raw=row["raw"],
    )
