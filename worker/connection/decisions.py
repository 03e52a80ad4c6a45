"""What becomes of one stored message: decided and written down, in the caller's transaction."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Connection

from core.admission import group
from core.admission.decide import Decision, admit, decide
from core.agents.agent import Agent
from core.messages.message import Inbound, Kind, Place, Reason
from core.settings import Groups, Settings
from core.states import MessageState
from store import allowlist
from store.account import audit
from store.chats import chats, edits, manual, messages, pauses, people
from store.chats.chats import Chat
from store.chats.messages import Accepted
from store.chats.people import Person

log = structlog.get_logger("[WhatsAppBridge]")

PHONE = "owner's phone"  # who did it, in the audit log

_SERVICE = (Kind.PROTOCOL, Kind.UNDECRYPTABLE)

Agents = Callable[[], Collection[Agent]]


@dataclass(frozen=True)
class Verdict:
    """`accepted` will be answered: by the owner while its chat `is_paused`. `taken_over` is the
    chat in which the owner has just written, so that an agent's turn there is over."""

    accepted: Accepted | None = None
    is_paused: bool = False
    taken_over: int | None = None


def judge(
    connection: Connection,
    row: int,
    inbound: Inbound,
    settings: Settings,
    agents: Agents,
    now: datetime,
) -> Verdict:
    """Decide about one stored message; `row` is its id. `agents` are those that can be turned to
    by @name in a group."""
    if inbound.place not in (Place.DIRECT, Place.GROUP):
        decision = _decide(connection, inbound, settings, None)
        messages.decided(
            connection, row, MessageState.IGNORED, decision.reason, now, keep_text=False
        )
        return Verdict()
    if inbound.from_me:
        return _own(connection, row, inbound, settings, now)
    if inbound.place is Place.GROUP:
        return _in_group(connection, row, inbound, settings, agents, now)
    return _theirs(connection, row, inbound, settings, now)


# ---- what people write to us ---------------------------------------------------------------------


def _theirs(
    connection: Connection, row: int, inbound: Inbound, settings: Settings, now: datetime
) -> Verdict:
    person = people.identify(connection, inbound.phone, inbound.lid, inbound.push_name, now)
    addresses = edits.addresses(inbound, person.phone, person.lid)
    if reason := _settled(connection, row, inbound, addresses, now):
        _ignore(connection, row, reason, now, person, chats.of_person(connection, person.id))
        return Verdict()
    decision = _decide(connection, inbound, settings, person)
    if decision.verdict == "ignore":
        chat = chats.of_person(connection, person.id)
        is_shown = inbound.kind is Kind.REACTION and chat is not None
        _ignore(connection, row, decision.reason, now, person, chat, keep_text=is_shown)
        return Verdict()
    if decision.verdict == "accept":
        chat = chats.enter(connection, person.id, inbound.chat, now)
        return _accept(connection, row, inbound, decision, person, chat, now)
    messages.decided(
        connection,
        row,
        MessageState.HELD,
        decision.reason,
        now,
        person_id=person.id,
        keep_text=settings.keep_held_text,
    )
    log.info("Message ignored", reason=decision.reason, verdict=decision.verdict)
    return Verdict()


def _in_group(
    connection: Connection,
    row: int,
    inbound: Inbound,
    settings: Settings,
    agents: Agents,
    now: datetime,
) -> Verdict:
    """There is no list of who is in which group: only whom we answer becomes somebody we know."""
    who = (inbound.phone, inbound.lid, inbound.push_name, now)
    person = people.known(connection, inbound.phone, inbound.lid)
    if person:
        person = people.identify(connection, *who)
    addresses = edits.addresses(inbound, inbound.phone, inbound.lid)
    if reason := _settled(connection, row, inbound, addresses, now):
        chat = chats.of_group(connection, inbound.chat)
        _ignore(connection, row, reason, now, person, chat)
        return Verdict()
    is_addressed = (
        inbound.is_to_us
        or group.is_addressed(inbound.text, agents)
        or (inbound.kind is Kind.EDIT and edits.is_correction(connection, row))
    )
    decision = _decide(connection, inbound, settings, person, is_addressed=is_addressed)
    if decision.verdict != "accept":
        is_shown = decision.reason is Reason.REACTION
        chat = chats.of_group(connection, inbound.chat) if is_shown else None
        _ignore(connection, row, decision.reason, now, person, chat, keep_text=chat is not None)
        return Verdict()
    person = person or people.identify(connection, *who)
    chat = chats.enter_group(connection, inbound.chat, now)
    return _accept(connection, row, inbound, decision, person, chat, now)


def _accept(
    connection: Connection,
    row: int,
    inbound: Inbound,
    decision: Decision,
    person: Person,
    chat: Chat,
    now: datetime,
) -> Verdict:
    messages.decided(
        connection,
        row,
        MessageState.WAITING,
        decision.reason,
        now,
        person_id=person.id,
        chat_id=chat.id,
        entry_id=decision.entry.id if decision.entry else None,
    )
    accepted = Accepted(row, chat.id, inbound.chat, inbound.sender, inbound.message_id)
    return Verdict(accepted, is_paused=pauses.current(connection, chat.id, now) is not None)


def _settled(
    connection: Connection, row: int, inbound: Inbound, addresses: set[str], now: datetime
) -> Reason | None:
    """Why this is no remark to us any more: it has done what it had to do to another message, or
    another has done it to this one."""
    if inbound.kind is Kind.DELETE:
        edits.delete(connection, inbound, addresses, now)
        return Reason.DELETE
    if inbound.kind is Kind.EDIT:
        is_done = edits.edit(connection, row, inbound, addresses, now)
        return Reason.EDIT if is_done else None
    return edits.overtaken(connection, row, inbound, addresses, now)


def _decide(
    connection: Connection,
    inbound: Inbound,
    settings: Settings,
    person: Person | None,
    *,
    is_addressed: bool = False,
) -> Decision:
    phone, lid = (person.phone, person.lid) if person else (inbound.phone, inbound.lid)
    return decide(
        place=inbound.place,
        kind=Kind.TEXT if inbound.kind is Kind.EDIT else inbound.kind,  # it says something new
        from_me=inbound.from_me,
        phone=phone,
        lid=lid,
        is_blocked=bool(person and person.is_blocked),
        settings=settings,
        entries=allowlist.matching(connection, phone, lid),
        is_addressed=is_addressed,
    )


# ---- what the owner writes on their phone --------------------------------------------------------


def _own(
    connection: Connection, row: int, inbound: Inbound, settings: Settings, now: datetime
) -> Verdict:
    """Kept where it belongs to a chat with us; it may be the owner taking over."""
    addresses = edits.addresses(inbound, inbound.phone, inbound.lid)
    is_said = inbound.kind not in (*_SERVICE, Kind.EDIT, Kind.DELETE, Kind.REACTION)
    chat = None
    if inbound.kind not in _SERVICE and not manual.is_echo(connection, inbound, addresses):
        chat = _chat_with(connection, inbound, settings, now, may_open=is_said)
    _ignore(
        connection,
        row,
        Reason.OWN_MESSAGE,
        now,
        None,
        chat,
        keep_text=chat is not None and (is_said or inbound.kind is Kind.REACTION),
    )
    if chat is None:
        return Verdict()
    if inbound.kind is Kind.EDIT:
        edits.edit_own(connection, inbound, addresses, now)
    elif inbound.kind is Kind.DELETE:
        edits.delete(connection, inbound, addresses, now)
    elif is_said and settings.pause_on_own_message:
        if until := manual.wrote_on_phone(connection, chat, inbound, now):
            said = f"chat {chat.id} until {until:%Y-%m-%d %H:%M} UTC"
            audit.record(connection, PHONE, "chat paused", said, now)
        return Verdict(taken_over=chat.id)
    return Verdict()


def _chat_with(
    connection: Connection, inbound: Inbound, settings: Settings, now: datetime, *, may_open: bool
) -> Chat | None:
    """The chat with whom the owner writes to. One is opened for somebody who would be answered: no
    agent should break in when they reply. Nobody else's words are anybody's business, and in a
    group only what is said where agents answer."""
    if inbound.place is Place.GROUP:
        is_private = may_open and settings.groups is Groups.IGNORE
        return None if is_private else chats.of_group(connection, inbound.chat)
    person = people.known(connection, inbound.phone, inbound.lid)
    if person:
        if chat := chats.of_person(connection, person.id):
            return chat
        if person.is_blocked:
            return None
    phone, lid = inbound.phone, inbound.lid
    if person:
        phone, lid = phone or person.phone, lid or person.lid
    entries = allowlist.matching(connection, phone, lid)
    allowed = admit(phone, lid, settings, entries).verdict == "accept"
    if not (may_open and settings.enabled and allowed and (inbound.phone or inbound.lid)):
        return None
    if inbound.phone and inbound.phone.digits == inbound.account:
        return None  # a note to themselves
    person = people.identify(connection, inbound.phone, inbound.lid, "", now)
    return chats.enter(connection, person.id, inbound.chat, now)


def _ignore(
    connection: Connection,
    row: int,
    reason: Reason,
    now: datetime,
    person: Person | None,
    chat: Chat | None,
    *,
    keep_text: bool = False,
) -> None:
    person_id = person.id if person else chat.person_id if chat else None
    messages.decided(
        connection,
        row,
        MessageState.IGNORED,
        reason,
        now,
        person_id=person_id,
        chat_id=chat.id if chat else None,
        keep_text=keep_text,
    )
    log.info("Message ignored", reason=reason)
