"""Chats: where the answer goes, who answers at the moment, and the lease that keeps turns in order.

The lease makes jobs answer one chat one at a time, however many processes there are. It runs out
by itself when its holder dies; what that one was answering is then taken up again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    RowMapping,
    Select,
    Update,
    and_,
    case,
    exists,
    insert,
    not_,
    or_,
    select,
    type_coerce,
    union,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from core.channel import ON_WHATSAPP, Channel
from core.phone import Phone
from core.states import OPEN, MessageState, PieceState, TurnState
from store.chats import takeovers
from store.sql.engine import Instant, insert_new
from store.sql.prepared import prepared
from store.sql.tables import chats as table
from store.sql.tables import messages, outbox, people, turns

PANEL = "panel"  # in place of an address or a number: the owner wrote in the browser
SUBJECT = 200  # characters of a group's subject that are kept
TYPING_WAITS = timedelta(seconds=60)  # so long an answer without a job is announced


@dataclass(frozen=True)
class Chat:
    id: int
    person_id: int | None  # none in a group and in the panel
    address: str
    agent: str | None
    sticky_until: datetime | None
    channel: Channel = Channel.WHATSAPP
    paused_at: datetime | None = None  # the beginning of its latest takeover, which may be over
    paused_until: datetime | None = None  # None: until the owner ends it
    subject: str | None = None  # what a group is called, if that is known
    has_running_turn: bool = False  # when it was leased; not looked up elsewhere

    @property
    def is_group(self) -> bool:
        return self.channel is Channel.GROUP

    def is_paused(self, now: datetime) -> bool:
        """Whether the owner answers in it at this time, and agents do not."""
        if self.paused_at is None:
            return False
        return self.paused_until is None or self.paused_until > now

    def find_sticky(self, now: datetime) -> str | None:
        """The agent that this chat belongs to at the moment."""
        if self.channel.keeps_agent:
            return self.agent
        return self.agent if self.sticky_until and now < self.sticky_until else None


def enter(connection: Connection, person_id: int, address: str, now: datetime) -> Chat:
    """This person's chat, made if need be; answers go to `address` from now on."""
    entered = _enter(connection, person_id, address, now).mappings().first()
    if entered is None:
        new = insert_new(connection, table).values(person_id=person_id, address=address)
        connection.execute(new)  # unless another process was quicker
        entered = _enter(connection, person_id, address, now).mappings().one()
    return _make_chat(entered)


@prepared
def _enter(person_id: Any, address: Any, now: Any) -> Update:
    values = {"address": address, "last_message_at": now}
    return update(table).where(table.c.person_id == person_id).values(values).returning(table)


def enter_group(connection: Connection, address: str, now: datetime) -> Chat:
    """The chat of the group at this address, made if need be."""
    values = {"channel": Channel.GROUP, "address": address}
    connection.execute(insert_new(connection, table).values(**values))
    row = connection.execute(
        update(table).where(_is_group(address)).values(last_message_at=now).returning(table)
    ).mappings()
    return _make_chat(row.one())


def begin_in_panel(connection: Connection, agent: str, now: datetime) -> Chat:
    """A new chat of the owner with this agent."""
    # The address names the row, whose number is known once it is made.
    values = {"channel": Channel.PANEL, "address": PANEL, "agent": agent, "last_message_at": now}
    made = insert(table).values(values).returning(table.c.id)
    chat_id = connection.execute(made).scalar_one()
    address = update(table).where(table.c.id == chat_id).values(address=f"{PANEL}:{chat_id}")
    return _make_chat(connection.execute(address.returning(table)).mappings().one())


def get_in_panel(connection: Connection, chat_id: int) -> Chat | None:
    """The chat, unless there is none of this number in the panel."""
    chat = get(connection, chat_id)
    return chat if chat and chat.channel is Channel.PANEL else None


def get(connection: Connection, chat_id: int) -> Chat | None:
    return _find_first(_by_id(connection, chat_id))


@prepared
def _by_id(chat_id: Any) -> Select[Any]:
    return select(table).where(table.c.id == chat_id)


def of_person(connection: Connection, person_id: int) -> Chat | None:
    return _find_first(_of_person(connection, person_id))


@prepared
def _of_person(person_id: Any) -> Select[Any]:
    return select(table).where(table.c.person_id == person_id)


def of_group(connection: Connection, address: str) -> Chat | None:
    """The chat of the group at this address, if a member was ever answered."""
    return _find_first(connection.execute(select(table).where(_is_group(address))))


def list_groups(connection: Connection, since: datetime) -> Sequence[Chat]:
    """Groups in which something was said since then."""
    rows = connection.execute(
        select(table).where(table.c.channel == Channel.GROUP, table.c.last_message_at > since)
    ).mappings()
    return [_make_chat(row) for row in rows]


def rename_group(connection: Connection, chat_id: int, subject: str) -> None:
    """Store the group's name."""
    connection.execute(
        update(table).where(table.c.id == chat_id).values(subject=subject[:SUBJECT] or None)
    )


def of_phone(connection: Connection, phone: Phone) -> Chat | None:
    """The chat with this number, if there has ever been one."""
    of_theirs = people.c.id == table.c.person_id
    return _find_first(
        connection.execute(select(table).join(people, of_theirs).where(people.c.phone == phone))
    )


def address_of(connection: Connection, phone: Phone) -> str:
    """Where to write to this number: the chat's own address, else the one WhatsApp derives from
    the number (user@s.whatsapp.net)."""
    chat = of_phone(connection, phone)
    return chat.address if chat else f"{phone.digits}@s.whatsapp.net"


def stick(connection: Connection, chat_id: int, agent: str, sticky_until: datetime) -> None:
    """New messages of this chat go on to `agent` until then."""
    _stick(connection, chat_id, agent, sticky_until)


@prepared
def _stick(chat_id: Any, agent: Any, until: Any) -> Update:
    return update(table).where(table.c.id == chat_id).values(agent=agent, sticky_until=until)


def unstick(connection: Connection, chat_id: int) -> None:
    """New messages of this chat go where they would go without any session."""
    connection.execute(
        update(table).where(table.c.id == chat_id).values(agent=None, sticky_until=None)
    )


def lease(
    connection: Connection, chat_id: int, owner: str, now: datetime, until: datetime
) -> Chat | None:
    """Take this chat for `owner`, or keep it. None while another holds it.

    Locks the chat's row until the commit in either case: who finds it taken has waited for the end
    of a transaction in which its holder may have let it go.
    """
    row = _lease(connection, chat_id, owner, now, until).mappings().first()
    return _make_chat(row) if row and row["lease_owner"] == owner else None


@prepared
def _lease(chat_id: Any, owner: Any, now: Any, until: Any) -> ReturningUpdate[Any]:
    # Not in WHERE: PostgreSQL would pass over a row without waiting for what is happening to it.
    free = or_(
        table.c.lease_until.is_(None), table.c.lease_until < now, table.c.lease_owner == owner
    )
    values = {
        "lease_owner": case((free, owner), else_=table.c.lease_owner),
        "lease_until": case((free, type_coerce(until, Instant())), else_=table.c.lease_until),
    }
    running = exists().where(turns.c.chat_id == chat_id, turns.c.state == TurnState.RUNNING)
    leased = update(table).where(table.c.id == chat_id).values(values)
    return leased.returning(table, running.label("has_running_turn"))


def renew(connection: Connection, owners: Sequence[str], until: datetime) -> None:
    """Keep the leases of these owners. One statement for all turns that a process works on."""
    connection.execute(
        update(table).where(table.c.lease_owner.in_(owners)).values(lease_until=until)
    )


def release(connection: Connection, chat_id: int, owner: str) -> None:
    _release(connection, chat_id, owner)


@prepared
def _release(chat_id: Any, owner: Any) -> Update:
    mine = (table.c.id == chat_id, table.c.lease_owner == owner)
    return update(table).where(*mine).values(lease_owner=None, lease_until=None)


def release_if_quiet(connection: Connection, chat_id: int, owner: str, **values: Any) -> bool:
    """Release the lease and set these columns, if no message waits in this chat; False and no
    change if one does. For the holder of the lease."""
    released = {"lease_owner": None, "lease_until": None, **values}
    return _release_if_quiet(connection, chat_id, owner, **released).rowcount == 1


@prepared
def _release_if_quiet(chat_id: Any, owner: Any) -> Update:
    waiting = exists().where(
        messages.c.chat_id == table.c.id, messages.c.state == MessageState.WAITING
    )
    return update(table).where(table.c.id == chat_id, table.c.lease_owner == owner, ~waiting)


def list_neglected(connection: Connection, now: datetime) -> Sequence[int]:
    """Chats that want an answer while no job works on one: the nudge was lost, its job died, or
    their pause is over."""
    unanswered = select(messages.c.chat_id).where(messages.c.state.in_(OPEN))
    free = or_(table.c.lease_until.is_(None), table.c.lease_until < now)
    wanted = (table.c.id.in_(unanswered), free, not_(takeovers.is_active(now)))
    return list(connection.scalars(select(table.c.id).where(*wanted)))


def list_expecting(connection: Connection, now: datetime) -> Sequence[str]:
    """Addresses on WhatsApp where we should be seen typing: a turn is at work, or is about to be.

    Starts from what is open, which is little, and not from all chats: this runs after every send.
    """
    return list(_select_expecting(connection, now, now - TYPING_WAITS).scalars())


@prepared
def _select_expecting(now: Any, lately: Any) -> Select[Any]:
    waiting = select(messages.c.chat_id).where(
        messages.c.state == MessageState.WAITING, messages.c.received_at > lately
    )
    at_work = (
        select(messages.c.chat_id)
        .join(table, table.c.id == messages.c.chat_id)
        .where(messages.c.state == MessageState.ANSWERING, table.c.lease_until > now)
    )
    unsent = select(outbox.c.chat_id).where(outbox.c.state == PieceState.QUEUED)
    chosen = union(waiting, at_work, unsent)
    here = table.c.channel.in_(ON_WHATSAPP)
    # No typing is shown while the owner has taken over, but when something is on its way.
    unpaused = or_(not_(takeovers.is_active(now)), table.c.id.in_(unsent))
    return select(table.c.address).where(table.c.id.in_(chosen), here, unpaused)


def _is_group(address: str) -> ColumnElement[bool]:
    return and_(table.c.channel == Channel.GROUP, table.c.address == address)


def _find_first(found: CursorResult[Any]) -> Chat | None:
    row = found.mappings().first()
    return _make_chat(row) if row else None


def _make_chat(row: RowMapping) -> Chat:
    return Chat(
        id=row["id"],
        person_id=row["person_id"],
        address=row["address"],
        agent=row["agent"],
        sticky_until=row["sticky_until"],
        channel=Channel(row["channel"]),
        paused_at=row["paused_at"],
        paused_until=row["paused_until"],
        subject=row["subject"],
        has_running_turn=bool(row.get("has_running_turn")),
    )
