"""What becomes of a message, decided from what was looked up alone."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.admission.plan import Case, Change, ChatPlan, Earlier, Known, make_plan
from core.agents.agent import Agent
from core.messages.message import Inbound, Kind, Place, Reason
from core.phone import Phone
from core.settings import Groups, Settings
from core.states import MessageState

ADA = Phone("+15550000001")
WROTE = datetime(2026, 3, 1, 12, tzinfo=UTC)
HELLO = Inbound(
    "15559999999", "1@x", "1@x", "M1", Place.DIRECT, Kind.TEXT, "Hello", WROTE, phone=ADA
)
OPEN = Settings(enabled=True, allow_all=True)
ADA_KNOWN = Known(ADA, None, is_blocked=False)


def plan(settings: Settings = OPEN, known: Known | None = None, **changes):
    names = {"has_chat", "overtaken_by", "target", "correction", "is_echo", "agents"}
    found = {name: changes.pop(name) for name in names & set(changes)}
    case = Case(replace(HELLO, **changes), settings, known, **found)
    return make_plan(case)


def test_who_is_allowed_is_answered_and_known_from_then_on():
    found = plan()
    assert (found.state, found.reason) == (MessageState.WAITING, Reason.ALLOW_ALL)
    assert found.notes_person and found.chat is ChatPlan.ENTER and found.keeps_text


@pytest.mark.parametrize("keeps", [True, False])
def test_a_stranger_is_held(keeps):
    found = plan(Settings(enabled=True, keep_held_text=keeps))
    assert (found.state, found.chat) == (MessageState.HELD, ChatPlan.NONE)
    assert found.notes_person and found.keeps_text is keeps


def test_a_reaction_is_shown_where_there_is_a_chat():
    found = plan(kind=Kind.REACTION)
    assert (found.state, found.chat) == (MessageState.IGNORED, ChatPlan.EXISTING)
    assert found.keeps_text


def test_who_is_blocked_is_ignored_in_their_chat():
    found = plan(known=replace(ADA_KNOWN, is_blocked=True))
    assert (found.reason, found.chat) == (Reason.BLOCKED, ChatPlan.EXISTING)
    assert not found.keeps_text


@pytest.mark.parametrize("place", [Place.STATUS, Place.OTHER])
def test_what_is_written_elsewhere_makes_nobody_known(place):
    found = plan(place=place)
    assert found.state is MessageState.IGNORED
    assert not found.notes_person and found.chat is ChatPlan.NONE


@pytest.mark.parametrize(
    ("kinds", "reason", "change"),
    [
        ([Kind.EDIT], Reason.EDIT, None),
        ([Kind.EDIT, Kind.DELETE], Reason.DELETE, Change.WAS_DELETED),
    ],
)
def test_a_message_that_was_changed_before_it_came_is_over(kinds, reason, change):
    found = plan(overtaken_by=kinds)
    assert (found.state, found.reason, found.change) == (MessageState.IGNORED, reason, change)


@pytest.mark.parametrize(
    ("target", "state", "change", "text"),
    [
        (None, MessageState.WAITING, None, ""),
        (Earlier(MessageState.WAITING, "", False), MessageState.IGNORED, Change.REPLACE, "new"),
        (Earlier(MessageState.HELD, "old", False), MessageState.IGNORED, Change.REPLACE, "new"),
        (Earlier(MessageState.HELD, "", False), MessageState.IGNORED, Change.REPLACE, ""),
        (Earlier(MessageState.ANSWERED, "old", False), MessageState.WAITING, Change.CORRECT, ""),
        (Earlier(MessageState.ANSWERED, "new", False), MessageState.IGNORED, None, ""),
        (Earlier(MessageState.ANSWERED, "", True), MessageState.IGNORED, None, ""),
        (Earlier(MessageState.IGNORED, "old", False), MessageState.IGNORED, None, ""),
    ],
)
def test_what_an_edit_does(target, state, change, text):
    found = plan(kind=Kind.EDIT, text="new", target_id="M0", target=target)
    assert (found.state, found.change, found.text) == (state, change, text)


def test_the_latest_correction_counts_for_the_next_edit():
    target = Earlier(MessageState.ANSWERED, "old", False)
    correction = Earlier(MessageState.WAITING, "newer", False)
    found = plan(kind=Kind.EDIT, text="newest", target=target, correction=correction)
    assert (found.change, found.text) == (Change.REPLACE, "newest")


GROUPS = replace(OPEN, groups=next(each for each in Groups if each is not Groups.IGNORE))


@pytest.mark.parametrize(
    ("changes", "is_answered"),
    [
        ({}, False),
        ({"is_to_us": True}, True),
        ({"text": "/help"}, True),
        ({"text": "@finn hello"}, False),
        ({"text": "@finn hello", "agents": [Agent("finn", "Finn")]}, True),
        (
            {"kind": Kind.EDIT, "target": Earlier(MessageState.ANSWERED, "old", False)},
            True,
        ),
    ],
)
def test_in_a_group_only_what_is_for_us_is_answered(changes, is_answered):
    found = plan(GROUPS, place=Place.GROUP, **changes)
    assert (found.state is MessageState.WAITING) is is_answered
    assert found.notes_person is is_answered, "others of the group are not known"


OWN = {"from_me": True}


@pytest.mark.parametrize(
    ("settings", "known", "changes", "chat"),
    [
        (OPEN, None, {}, ChatPlan.ENTER),
        (OPEN, ADA_KNOWN, {"has_chat": True}, ChatPlan.EXISTING),
        (OPEN, ADA_KNOWN, {"has_chat": True, "is_echo": True}, ChatPlan.NONE),
        (OPEN, ADA_KNOWN, {"has_chat": True, "kind": Kind.PROTOCOL}, ChatPlan.NONE),
        (OPEN, replace(ADA_KNOWN, is_blocked=True), {}, ChatPlan.NONE),
        (OPEN, None, {"kind": Kind.REACTION}, ChatPlan.NONE),
        (OPEN, None, {"account": ADA.digits}, ChatPlan.NONE),
        (Settings(enabled=True), None, {}, ChatPlan.NONE),
        (Settings(allow_all=True), None, {}, ChatPlan.NONE),
        (OPEN, None, {"place": Place.GROUP}, ChatPlan.NONE),
        (GROUPS, None, {"place": Place.GROUP}, ChatPlan.EXISTING),
    ],
)
def test_where_the_owners_own_words_belong(settings, known, changes, chat):
    found = plan(settings, known, from_me=True, **changes)
    assert (found.state, found.reason) == (MessageState.IGNORED, Reason.OWN_MESSAGE)
    assert found.chat is chat
    assert found.takes_over is (chat is not ChatPlan.NONE)


def test_what_the_owner_changes_on_the_phone_takes_nothing_over():
    for kind, change in ((Kind.EDIT, Change.REWRITE), (Kind.DELETE, Change.DELETE)):
        found = plan(known=ADA_KNOWN, from_me=True, has_chat=True, kind=kind)
        assert (found.change, found.takes_over, found.keeps_text) == (change, False, False)
