"""What people do to what they have written: edit it, delete it, react to something.

What the tables say afterwards, for pages that show a chat:

- A message that still waited and was edited has the new `text` and `edited_at`.
- One that an agent had read keeps its text, since that is what was answered, and gets `edited_at`.
  The edit itself becomes a message of the chat: kind EDIT, `target_id` the original's id, `text`
  the new words, `quoted_id` and `quoted_text` the original's. Further edits before that is answered
  replace its text.
- An edit of something we don't have (kind EDIT, no `quoted_id`) is a message like others.
- A deleted message has `deleted_at` and nothing of its content any more; before its turn it is
  IGNORED with reason DELETE, after it stays ANSWERED. What its agent has read, it has read.
- Edits that were carried out, deletions and reactions are IGNORED rows with `target_id` and, if
  there is a chat, `chat_id`; a reaction's `text` is the emoji, empty when it was taken back.

WhatsApp may deliver the change before the message: then the message comes to nothing.
Each sender can change only what they have sent themselves. An edit by the owner on their own phone
changes the text and nothing else.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, or_, select, update

from core.messages.message import Inbound, Kind, Place, Reason
from core.phone import Phone
from core.states import ACCEPTED, UNREAD, MessageState
from store.chats import messages
from store.sql.prepared import prepared
from store.sql.tables import messages as table


def list_addresses(inbound: Inbound, phone: Phone | None, lid: str | None) -> set[str]:
    """All addresses under which this message's other side is known to WhatsApp: its sender, and the
    chat, which is somewhere else in a group."""
    known = (inbound.chat, lid, phone and f"{phone.digits}@s.whatsapp.net")
    return {address for address in known if address}


@dataclass(frozen=True)
class Stored:
    """A message that another one changes."""

    id: int
    message_id: str
    state: MessageState
    text: str
    is_deleted: bool


def list_earlier_changes(
    connection: Connection, inbound: Inbound, addresses: Collection[str]
) -> Collection[Kind]:
    """Edits and deletions of this message that came before it, and were decided. Not for what the
    owner writes."""
    changes = _select_earlier_changes(
        connection,
        inbound.message_id,
        inbound.account,
        _list_chats(inbound, addresses),
        [*addresses, inbound.sender],
    )
    return {Kind(each) for each in changes.scalars()}


@prepared
def _select_earlier_changes(message_id: Any, account: Any, chats: Any, senders: Any) -> Select[Any]:
    return select(table.c.kind).where(
        table.c.target_id == message_id,
        table.c.kind.in_([Kind.EDIT, Kind.DELETE]),
        table.c.account == account,
        table.c.chat.in_(chats),
        table.c.sender.in_(senders),
        table.c.from_me.is_(False),
        table.c.state != MessageState.RECEIVED,
    )


def find_target(
    connection: Connection, inbound: Inbound, addresses: Collection[str]
) -> Stored | None:
    """The message that this one changes, if the same sender wrote it. Locked: a job that would
    begin its turn waits."""
    rows = connection.execute(
        select(table)
        .where(
            table.c.account == inbound.account,
            *_by_the_same(inbound, addresses),
            table.c.message_id == inbound.target_id,
        )
        .order_by(table.c.id)
        .with_for_update()
    )
    return _find_stored(rows.mappings().first())


def find_correction(
    connection: Connection, inbound: Inbound, addresses: Collection[str]
) -> Stored | None:
    """The latest edit of the same message that has become a message itself. Locked too."""
    rows = connection.execute(
        select(table)
        .where(
            _list_edits(inbound, addresses),
            table.c.state.in_(ACCEPTED),
        )
        .order_by(table.c.id.desc())
        .limit(1)
        .with_for_update()
    )
    return _find_stored(rows.mappings().first())


def replace_text(connection: Connection, target: Stored, text: str, now: datetime) -> None:
    """Replace the words of a message that no agent has read, or that the owner wrote."""
    _change(connection, target.id, text=text, edited_at=now)


def correct(
    connection: Connection, row: int, target: Stored, latest: Stored, now: datetime
) -> None:
    """An edit of a message that an agent has read becomes a message itself, in `row`: it quotes the
    words that were in force before it, those of `latest`."""
    _change(connection, target.id, edited_at=now)
    _change(connection, row, quoted_id=target.message_id, quoted_text=latest.text or None)


def mark_deleted(connection: Connection, row: int, now: datetime) -> None:
    """Mark a message whose deletion arrived before it."""
    _change(connection, row, deleted_at=now)


def delete(
    connection: Connection,
    inbound: Inbound,
    target: Stored,
    addresses: Collection[str],
    now: datetime,
) -> None:
    """Take back what was not read yet, and forget the words of what was."""
    all_of_it = or_(table.c.id == target.id, _list_edits(inbound, addresses))
    messages.move(
        connection, all_of_it, out_of=UNREAD, to=MessageState.IGNORED, reason=Reason.DELETE
    )
    turn_ids = connection.scalars(
        update(table)
        .where(all_of_it)
        .values(deleted_at=now, **messages.FORGOTTEN)
        .returning(table.c.turn_id)
    )
    messages.retell(connection, turn_ids.all())


def _list_edits(inbound: Inbound, addresses: Collection[str]) -> ColumnElement[bool]:
    return and_(
        table.c.target_id == inbound.target_id,
        table.c.kind == Kind.EDIT,
        table.c.account == inbound.account,
        *_by_the_same(inbound, addresses),
    )


def _by_the_same(inbound: Inbound, addresses: Collection[str]) -> Iterator[ColumnElement[bool]]:
    """In a query: messages of this one's sender, in the same chat."""
    yield table.c.chat.in_(_list_chats(inbound, addresses))
    yield table.c.sender.in_({inbound.sender} if inbound.from_me else {*addresses, inbound.sender})
    yield table.c.from_me == inbound.from_me


def _list_chats(inbound: Inbound, addresses: Collection[str]) -> list[str]:
    """In a group all write to the same address."""
    return [inbound.chat] if inbound.place is Place.GROUP else list(addresses)


def _find_stored(row: RowMapping | None) -> Stored | None:
    if row is None:
        return None
    state, is_deleted = MessageState(row["state"]), row["deleted_at"] is not None
    return Stored(row["id"], row["message_id"], state, row["text"], is_deleted)


def _change(connection: Connection, row: int, **values: object) -> None:
    connection.execute(update(table).where(table.c.id == row).values(**values))
