"""A message that was stored and is not decided yet: what a decision needs is looked up, and what
was decided (`core/admission/plan.py`) is written down, both in one transaction."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from core.admission import group
from core.admission.plan import SERVICE, Case, Change, ChatPlan, Earlier, Known, Plan
from core.agents.agent import Agent
from core.messages.message import Inbound, Kind, Place
from core.phone import Phone
from core.states import MessageState
from store import allowlist
from store import settings as settings_store
from store.account import audit
from store.chats import chats, edits, manual, messages, people
from store.chats.chats import Chat
from store.chats.edits import Stored
from store.chats.messages import Accepted, Received
from store.chats.people import Match, Person

PHONE = "owner's phone"  # who did it, in the audit log


@dataclass(frozen=True)
class Found:
    """What was looked up about a message: for the decision, and the rows that it may change."""

    row: int  # the message's id
    case: Case  # all that the decision needs
    match: Match
    chat: Chat | None  # the direct chat with its other side
    addresses: set[str]  # under which that one is known to WhatsApp
    target: Stored | None  # the message that an edit or a deletion is about
    correction: Stored | None


@dataclass(frozen=True)
class Outcome:
    """What became of a message, as far as others have to act on it."""

    accepted: Accepted | None = None  # it will be answered
    is_paused: bool = False  # by the owner, who has taken over its chat
    taken_over: int | None = None  # the chat in which the owner has just written


def look_up(connection: Connection, received: Received, agents: Collection[Agent] = ()) -> Found:
    """All that is known about this message, its other side and the settings in force. `agents` are
    those that can be turned to by @name in a group, for which `needs_agents` asks.

    A message that an edit or a deletion is about is locked until the end of the transaction.
    """
    inbound, settings = received.inbound, settings_store.load(connection)
    if inbound.place not in (Place.DIRECT, Place.GROUP):
        unknown = Match(None, None)
        return Found(received.id, Case(inbound, settings), unknown, None, set(), None, None)
    match = people.find_match(connection, inbound.phone, inbound.lid)
    if inbound.phone is None and match.by_lid:
        inbound = replace(inbound, phone=match.by_lid.phone)
    person = match.person if inbound.from_me else match.preview_person(inbound.phone)
    chat = _find_direct_chat(connection, inbound, person)
    known = None
    if person:
        phone, lid = inbound.phone or person.phone, inbound.lid or person.lid
        known = Known(phone, lid, person.is_blocked)
    addresses = edits.list_addresses(inbound, *_list_names(inbound, known))
    case = Case(inbound, settings, known, agents=agents)
    found = Found(received.id, case, match, chat, addresses, None, None)
    return _look_closer(connection, found)


def needs_number(found: Found) -> str | None:
    """The hidden id whose number we don't know: the library may."""
    inbound = found.case.inbound
    is_ours = inbound.place in (Place.DIRECT, Place.GROUP)
    return inbound.lid if is_ours and inbound.phone is None else None


def needs_agents(found: Found) -> bool:
    """Whether the names of agents decide about it: they stand in a folder, not in the database."""
    inbound = found.case.inbound
    is_talk = inbound.place is Place.GROUP and not (inbound.from_me or inbound.is_to_us)
    return is_talk and group.may_mention(inbound.text)


def carry_out(connection: Connection, found: Found, plan: Plan, now: datetime) -> Outcome:
    """Write down what was decided. What is not answered is not kept either, unless asked for."""
    inbound, person = found.case.inbound, _note_person(connection, found, plan, now)
    chat = _choose_chat(connection, found, plan, person, now)
    person_id = person.id if person else chat.person_id if chat else None
    messages.record_decision(
        connection,
        found.row,
        plan.state,
        plan.reason,
        now,
        person_id=person_id,
        chat_id=chat.id if chat else None,
        entry_id=plan.entry.id if plan.entry else None,
        keep_text=plan.keeps_text and (chat is not None or plan.state is MessageState.HELD),
    )
    if inbound.from_me and chat is None:
        return Outcome()
    carry_out_change(connection, found, plan, now)
    if chat is None:
        return Outcome()
    if plan.takes_over:
        if until := manual.pause_for_phone(connection, chat, inbound, now):
            detail = f"chat {chat.id} until {until:%Y-%m-%d %H:%M} UTC"
            audit.record(connection, PHONE, audit.Action.CHAT_PAUSED, detail, now)
        return Outcome(taken_over=chat.id)
    if plan.state is not MessageState.WAITING:
        return Outcome()
    accepted = Accepted(found.row, chat.id, inbound.chat, inbound.sender, inbound.message_id)
    return Outcome(accepted, is_paused=chat.is_paused(now))


# ---- looking up ----------------------------------------------------------------------------------


def _find_direct_chat(
    connection: Connection, inbound: Inbound, person: Person | None
) -> Chat | None:
    """When we accept a message its chat is found when it is entered; asked for earlier is only
    what the owner writes."""
    if person is None or inbound.place is not Place.DIRECT or not inbound.from_me:
        return None
    return chats.of_person(connection, person.id)


def _list_names(inbound: Inbound, known: Known | None) -> tuple[Phone | None, str | None]:
    """The number and the hidden id of the other side. In a group, and where the owner writes,
    only those that came along."""
    if known is None or inbound.from_me or inbound.place is Place.GROUP:
        return inbound.phone, inbound.lid
    return known.phone, known.lid


def _look_closer(connection: Connection, found: Found) -> Found:
    """What matters for a message of this kind alone."""
    inbound, case, addresses = found.case.inbound, found.case, found.addresses
    sender = case.known or inbound
    target = correction = None
    overtaken_by: Collection[Kind] = ()
    is_echo = False
    if inbound.kind in (Kind.EDIT, Kind.DELETE):
        target = edits.find_target(connection, inbound, addresses)
        if target and inbound.kind is Kind.EDIT and not inbound.from_me:
            correction = edits.find_correction(connection, inbound, addresses)
    elif not inbound.from_me:
        overtaken_by = edits.list_earlier_changes(connection, inbound, addresses)
    if inbound.from_me and inbound.kind not in SERVICE:
        is_echo = manual.is_echo(connection, inbound, addresses)
    case = replace(
        case,
        has_chat=found.chat is not None,
        entries=allowlist.list_matching(connection, sender.phone, sender.lid),
        overtaken_by=overtaken_by,
        target=describe(target),
        correction=describe(correction),
        is_echo=is_echo,
    )
    return replace(found, case=case, target=target, correction=correction)


def describe(stored: Stored | None) -> Earlier | None:
    return Earlier(stored.state, stored.text, stored.is_deleted) if stored else None


# ---- writing -------------------------------------------------------------------------------------


def _note_person(connection: Connection, found: Found, plan: Plan, now: datetime) -> Person | None:
    if not plan.notes_person:
        return None
    inbound = found.case.inbound
    name = "" if inbound.from_me else inbound.push_name  # else it is the owner's name
    return people.identify(connection, inbound.phone, inbound.lid, name, now, known_as=found.match)


def _choose_chat(
    connection: Connection, found: Found, plan: Plan, person: Person | None, now: datetime
) -> Chat | None:
    inbound = found.case.inbound
    if plan.chat is ChatPlan.NONE:
        return None
    if inbound.place is Place.GROUP:
        if plan.chat is ChatPlan.ENTER:
            return chats.enter_group(connection, inbound.chat, now)
        return chats.of_group(connection, inbound.chat)
    if person and plan.chat is ChatPlan.ENTER:
        return chats.enter(connection, person.id, inbound.chat, now)
    return chats.of_person(connection, person.id) if person else found.chat


def carry_out_change(connection: Connection, found: Found, plan: Plan, now: datetime) -> None:
    """What the message does to another, or another has done to it."""
    target, inbound = found.target, found.case.inbound
    match plan.change:
        case Change.WAS_DELETED:
            edits.mark_deleted(connection, found.row, now)
        case Change.DELETE if target:
            edits.delete(connection, inbound, target, found.addresses, now)
        case Change.REPLACE if target:
            edits.replace_text(connection, found.correction or target, plan.text, now)
        case Change.CORRECT if target:
            edits.correct(connection, found.row, target, found.correction or target, now)
        case Change.REWRITE if target and not target.is_deleted:
            edits.replace_text(connection, target, inbound.text, now)
