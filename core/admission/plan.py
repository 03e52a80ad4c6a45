"""What becomes of one message that reached us: a pure decision over all that was looked up."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum

from core.admission import group
from core.admission.allowlist import Entry
from core.admission.decide import Decision, admit, decide
from core.agents.agent import Agent
from core.messages.message import Inbound, Kind, Place, Reason
from core.phone import Phone
from core.settings import Groups, Settings
from core.states import READ, UNREAD, MessageState

SERVICE = (Kind.PROTOCOL, Kind.UNDECRYPTABLE)


@dataclass(frozen=True)
class Known:
    """The other side of a message, which has written before: what is known of it by now."""

    phone: Phone | None
    lid: str | None
    is_blocked: bool


@dataclass(frozen=True)
class Earlier:
    """A stored message that an edit or a deletion is about."""

    state: MessageState
    text: str
    is_deleted: bool


@dataclass(frozen=True)
class Case:
    """A stored message that is not decided yet, and all that the decision needs."""

    inbound: Inbound
    settings: Settings
    known: Known | None = None  # None: a stranger
    has_chat: bool = False  # a direct chat with them, whatever was said there
    entries: Sequence[Entry] = ()  # lines of the allowlist that match them
    overtaken_by: Collection[Kind] = ()  # edits and deletions of this message that came before it
    target: Earlier | None = None  # what an edit or a deletion is about
    correction: Earlier | None = None  # the latest edit of `target` that is a message of its own
    is_echo: bool = False  # of our own account: it is what we have sent ourselves
    agents: Collection[Agent] = ()  # that can be turned to by @name; only where that matters


class Change(Enum):
    """What a message does to another, or another has done to it."""

    DELETE = "delete"  # take the target back, as far as it was not read, and forget its words
    REPLACE = "replace"  # the target, or its correction, was not read yet: it gets the new words
    CORRECT = "correct"  # the target was read: this one quotes it and stands beside it
    REWRITE = "rewrite"  # the owner's own words, which no agent answers
    WAS_DELETED = "was_deleted"  # its deletion came first


class ChatPlan(Enum):
    """To which chat a message belongs."""

    NONE = "none"
    EXISTING = "existing"  # the chat with its sender, or of its group, if there is one
    ENTER = "enter"  # the same, made if need be; answers go there from now on


@dataclass(frozen=True)
class Plan:
    """What is to be written down of a message."""

    state: MessageState
    reason: Reason
    entry: Entry | None = None  # the line of the allowlist that let its sender in
    notes_person: bool = False  # its sender is noted as a person from now on
    chat: ChatPlan = ChatPlan.NONE
    keeps_text: bool = False  # unless it belongs to no chat after all, and is not held
    change: Change | None = None
    text: str = ""  # the new words of a REPLACE
    takes_over: bool = False  # the owner writes on their phone: agents pause in that chat


def make_plan(case: Case) -> Plan:
    """Decide about one message."""
    inbound = case.inbound
    if inbound.place not in (Place.DIRECT, Place.GROUP):
        return Plan(MessageState.IGNORED, _decide(case).reason)
    if inbound.from_me:
        return _plan_own(case)
    is_in_group = inbound.place is Place.GROUP
    # There is no list of who is in which group: only people we answer are noted.
    notes_person = not is_in_group or case.known is not None
    reason, change, text = _settle(case)
    if reason:
        return Plan(
            MessageState.IGNORED,
            reason,
            notes_person=notes_person,
            chat=ChatPlan.EXISTING,
            change=change,
            text=text,
        )
    decision = _decide(case, is_addressed=is_in_group and _is_addressed(case, change))
    if decision.verdict == "accept":
        return Plan(
            MessageState.WAITING,
            decision.reason,
            entry=decision.entry,
            notes_person=True,
            chat=ChatPlan.ENTER,
            keeps_text=True,
            change=change,
        )
    if decision.verdict == "hold":
        return Plan(
            MessageState.HELD,
            decision.reason,
            notes_person=True,
            keeps_text=case.settings.keep_held_text,
            change=change,
        )
    is_shown = decision.reason is Reason.REACTION
    return Plan(
        MessageState.IGNORED,
        decision.reason,
        notes_person=notes_person,
        chat=ChatPlan.EXISTING if is_shown or not is_in_group else ChatPlan.NONE,
        keeps_text=is_shown,
        change=change,
    )


def _settle(case: Case) -> tuple[Reason | None, Change | None, str]:
    """Why this is no remark to us any more: it does what it has to do to another message, or
    another has done it to this one. Without a reason it is judged like any message."""
    inbound = case.inbound
    if inbound.kind is Kind.DELETE:
        return Reason.DELETE, Change.DELETE, ""
    if inbound.kind is not Kind.EDIT:
        if Kind.DELETE in case.overtaken_by:
            return Reason.DELETE, Change.WAS_DELETED, ""
        return (Reason.EDIT if case.overtaken_by else None), None, ""
    if case.target is None:
        return None, None, ""
    latest = case.correction or case.target
    if latest.state in UNREAD:
        # A stranger's words are kept only if the message's were.
        is_kept = latest.text or latest.state is MessageState.WAITING
        return Reason.EDIT, Change.REPLACE, inbound.text if is_kept else ""
    is_news = inbound.text not in ("", latest.text)
    if latest.state not in READ or case.target.is_deleted or not is_news:
        return Reason.EDIT, None, ""
    return None, Change.CORRECT, ""


def _is_addressed(case: Case, change: Change | None) -> bool:
    """Whether a message in a group is for us; who corrects what we answered does."""
    inbound = case.inbound
    is_correction = inbound.kind is Kind.EDIT and change is Change.CORRECT
    return inbound.is_to_us or is_correction or group.is_addressed(inbound.text, case.agents)


def _decide(case: Case, *, is_addressed: bool = False) -> Decision:
    inbound, known = case.inbound, case.known
    return decide(
        place=inbound.place,
        kind=Kind.TEXT if inbound.kind is Kind.EDIT else inbound.kind,  # it says something new
        from_me=inbound.from_me,
        phone=known.phone if known else inbound.phone,
        lid=known.lid if known else inbound.lid,
        is_blocked=known is not None and known.is_blocked,
        settings=case.settings,
        entries=case.entries,
        is_addressed=is_addressed,
    )


# ---- what the owner writes on their phone --------------------------------------------------------


def _plan_own(case: Case) -> Plan:
    """Kept where it belongs to a chat with us; it may be the owner taking over."""
    kind = case.inbound.kind
    is_said = kind not in (*SERVICE, Kind.EDIT, Kind.DELETE, Kind.REACTION)
    chat = ChatPlan.NONE
    if kind not in SERVICE and not case.is_echo:
        chat = _find_own_chat(case, may_open=is_said)
    change = {Kind.EDIT: Change.REWRITE, Kind.DELETE: Change.DELETE}.get(kind)
    is_ours = chat is not ChatPlan.NONE
    return Plan(
        MessageState.IGNORED,
        Reason.OWN_MESSAGE,
        notes_person=chat is ChatPlan.ENTER,
        chat=chat,
        keeps_text=is_said or kind is Kind.REACTION,
        change=change if is_ours else None,
        takes_over=is_ours and is_said and case.settings.pause_on_own_message,
    )


def _find_own_chat(case: Case, *, may_open: bool) -> ChatPlan:
    """The chat in which the owner writes. One is opened with a person who would be answered: no
    agent should break in when they reply. What the owner writes to others is private, and in a
    group all but what is said where agents answer."""
    inbound, known, settings = case.inbound, case.known, case.settings
    if inbound.place is Place.GROUP:
        is_private = may_open and settings.groups is Groups.IGNORE
        return ChatPlan.NONE if is_private else ChatPlan.EXISTING
    if case.has_chat:
        return ChatPlan.EXISTING
    if (known and known.is_blocked) or not (may_open and settings.enabled):
        return ChatPlan.NONE
    phone, lid = inbound.phone, inbound.lid
    is_note_to_self = phone is not None and phone.digits == inbound.account
    if is_note_to_self or not (phone or lid):
        return ChatPlan.NONE
    if known:
        phone, lid = known.phone, known.lid
    decision = admit(phone, lid, settings, case.entries)
    return ChatPlan.ENTER if decision.verdict == "accept" else ChatPlan.NONE
