"""What people do to what they have written: edit it, delete it, react to something.

What the tables say afterwards, for whoever shows a chat:

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

WhatsApp may deliver the change before the message: then the message comes to nothing (`overtaken`).
Everybody can change only what they have sent themselves. An edit by the owner on their own phone
changes the text and nothing else.
"""

from collections.abc import Collection, Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, or_, select, update

from core.messages.message import Inbound, Kind, Place, Reason
from core.phone import Phone
from core.states import MessageState
from store.chats import messages
from store.sql.tables import messages as table

_READ = (MessageState.ANSWERING, MessageState.ANSWERED, MessageState.FAILED)


def addresses(inbound: Inbound, phone: Phone | None, lid: str | None) -> set[str]:
    """All addresses under which this message's other side is known to WhatsApp: its sender, and the
    chat, which is somewhere else in a group."""
    known = (inbound.chat, lid, phone and f"{phone.digits}@s.whatsapp.net")
    return {address for address in known if address}


def overtaken(
    connection: Connection, row: int, inbound: Inbound, chat: Collection[str], now: datetime
) -> Reason | None:
    """Why a message, whose row is `row`, is over before it has begun: its edit or its deletion came
    first. None if neither did."""
    kinds = connection.scalars(
        select(table.c.kind).where(
            table.c.target_id == inbound.message_id,
            table.c.kind.in_([Kind.EDIT, Kind.DELETE]),
            table.c.account == inbound.account,
            *_by_the_same(inbound, chat),
            table.c.state != MessageState.RECEIVED,
        )
    ).all()
    if Kind.DELETE in kinds:
        _change(connection, row, deleted_at=now)
        return Reason.DELETE
    return Reason.EDIT if kinds else None


def edit(
    connection: Connection, row: int, inbound: Inbound, chat: Collection[str], now: datetime
) -> bool:
    """Carry out an edit; `row` is its own. False if it has to be judged like any message: what it
    changes is unknown, or has been read already."""
    target = _target(connection, inbound, chat)
    if target is None:
        return False
    latest = _correction(connection, inbound, chat) or target
    if latest["state"] in (MessageState.WAITING, MessageState.HELD):
        # A stranger's words are kept only if the message's were.
        text = inbound.text if latest["text"] or latest["state"] == MessageState.WAITING else ""
        _change(connection, latest["id"], text=text, edited_at=now)
        return True
    if latest["state"] not in _READ or target["deleted_at"] or inbound.text in ("", latest["text"]):
        return True
    _change(connection, target["id"], edited_at=now)
    _change(connection, row, quoted_id=target["message_id"], quoted_text=latest["text"] or None)
    return False


def is_correction(connection: Connection, row: int) -> bool:
    """Whether this edit, for which `edit` gave False, changes something that was answered."""
    quoted = select(table.c.quoted_id).where(table.c.id == row)
    return connection.scalar(quoted) is not None


def edit_own(
    connection: Connection, inbound: Inbound, chat: Collection[str], now: datetime
) -> None:
    """The owner has changed what they wrote on their phone."""
    target = _target(connection, inbound, chat)
    if target and not target["deleted_at"]:
        _change(connection, target["id"], text=inbound.text, edited_at=now)


def delete(connection: Connection, inbound: Inbound, chat: Collection[str], now: datetime) -> None:
    """Take back what was not read yet, and forget the words of what was."""
    target = _target(connection, inbound, chat)
    if target is None:
        return
    all_of_it = or_(table.c.id == target["id"], _edits(inbound, chat))
    unread = (MessageState.WAITING, MessageState.HELD)
    messages.move(
        connection, all_of_it, out_of=unread, to=MessageState.IGNORED, reason=Reason.DELETE
    )
    turn_ids = connection.scalars(
        update(table)
        .where(all_of_it)
        .values(deleted_at=now, **messages.FORGOTTEN)
        .returning(table.c.turn_id)
    )
    messages.retell(connection, turn_ids.all())


def _target(connection: Connection, inbound: Inbound, chat: Collection[str]) -> RowMapping | None:
    """The message that this one changes, if whoever changes it has sent it. Locked: a job that
    would begin its turn waits."""
    rows = connection.execute(
        select(table)
        .where(
            table.c.account == inbound.account,
            *_by_the_same(inbound, chat),
            table.c.message_id == inbound.target_id,
        )
        .order_by(table.c.id)
        .with_for_update()
    )
    return rows.mappings().first()


def _correction(
    connection: Connection, inbound: Inbound, chat: Collection[str]
) -> RowMapping | None:
    """The latest edit of the same message that has become a message itself."""
    rows = connection.execute(
        select(table)
        .where(_edits(inbound, chat), table.c.state.in_([MessageState.WAITING, *_READ]))
        .order_by(table.c.id.desc())
        .limit(1)
        .with_for_update()
    )
    return rows.mappings().first()


def _edits(inbound: Inbound, chat: Collection[str]) -> ColumnElement[bool]:
    return and_(
        table.c.target_id == inbound.target_id,
        table.c.kind == Kind.EDIT,
        table.c.account == inbound.account,
        *_by_the_same(inbound, chat),
    )


def _by_the_same(inbound: Inbound, chat: Collection[str]) -> Iterator[ColumnElement[bool]]:
    """In a query: messages of this one's sender, in the same chat. In a group all write there."""
    yield table.c.chat.in_({inbound.chat} if inbound.place is Place.GROUP else chat)
    yield table.c.sender.in_({inbound.sender} if inbound.from_me else {*chat, inbound.sender})
    yield table.c.from_me == inbound.from_me


def _change(connection: Connection, row: int, **values: object) -> None:
    connection.execute(update(table).where(table.c.id == row).values(**values))
