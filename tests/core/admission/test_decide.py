"""Which messages are answered, for every reason there is."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from core.admission.allowlist import Entry, Pattern
from core.admission.decide import Decision, admit, decide
from core.messages.message import Kind, Place, Reason
from core.phone import Phone
from core.settings import Groups, Settings

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ADA = Phone("+15551234567")
LID = "15551234567@lid"
ON = Settings(enabled=True)


def entry(pattern: str) -> Entry:
    return Entry(1, Pattern.parse(pattern), None, None, NOW, NOW)


def judged(**facts: Any) -> Decision:
    """A plain message of Ada's, who is on no list, except for what the test says."""
    usual: dict[str, Any] = {
        "place": Place.DIRECT,
        "kind": Kind.TEXT,
        "from_me": False,
        "phone": ADA,
        "lid": None,
        "is_blocked": False,
        "settings": ON,
        "entries": [],
    }
    return decide(**usual | facts)


GROUPS_ON = replace(ON, groups=Groups.ADDRESSED)
IN_GROUP = {"place": Place.GROUP, "settings": GROUPS_ON, "is_addressed": True}

CASES: list[tuple[dict[str, Any], str, Reason]] = [
    ({"entries": [entry("+15551234567")]}, "accept", Reason.ALLOWED_NUMBER),
    ({"phone": None, "lid": LID, "entries": [entry(LID)]}, "accept", Reason.ALLOWED_HIDDEN),
    ({"entries": [entry("+1555*")]}, "accept", Reason.ALLOWED_PREFIX),
    ({"entries": [entry("*")]}, "accept", Reason.ALLOWED_EVERYONE),
    ({"settings": replace(ON, allow_all=True)}, "accept", Reason.ALLOW_ALL),
    ({}, "hold", Reason.NOT_ALLOWED),
    ({"phone": None, "lid": LID, "entries": [entry("+1555*")]}, "hold", Reason.NUMBER_UNKNOWN),
    ({"is_blocked": True, "entries": [entry("*")]}, "ignore", Reason.BLOCKED),
    ({"settings": Settings(allow_all=True)}, "ignore", Reason.DISABLED),
    ({"from_me": True, "entries": [entry("*")]}, "ignore", Reason.OWN_MESSAGE),
    ({"place": Place.GROUP, "is_addressed": True}, "ignore", Reason.GROUP),
    (IN_GROUP | {"is_addressed": False}, "ignore", Reason.GROUP_NOT_ADDRESSED),
    (IN_GROUP, "ignore", Reason.GROUP_NOT_ALLOWED),
    ({"place": Place.STATUS}, "ignore", Reason.STATUS_POST),
    ({"place": Place.OTHER}, "ignore", Reason.NOT_A_CHAT),
    ({"kind": Kind.PROTOCOL}, "ignore", Reason.PROTOCOL),
    ({"kind": Kind.REACTION}, "ignore", Reason.REACTION),
    ({"kind": Kind.EDIT}, "ignore", Reason.EDIT),
    ({"kind": Kind.DELETE}, "ignore", Reason.DELETE),
    ({"kind": Kind.UNDECRYPTABLE}, "ignore", Reason.UNDECRYPTABLE),
]


@pytest.mark.parametrize(("facts", "verdict", "reason"), CASES, ids=[str(c[2]) for c in CASES])
def test_every_reason(facts: dict[str, Any], verdict: str, reason: Reason) -> None:
    decision = judged(**facts)
    assert (decision.verdict, decision.reason) == (verdict, reason)
    assert (decision.entry is not None) == reason.startswith("allowed_")


def test_no_reason_is_left_out() -> None:
    elsewhere = {Reason.UNLINKED, Reason.OWNER}  # the account was gone; the panel's own chat
    assert {reason for _, _, reason in CASES} == set(Reason) - elsewhere


@pytest.mark.parametrize(
    "kind", [Kind.IMAGE, Kind.VOICE, Kind.STICKER, Kind.LOCATION, Kind.POLL, Kind.OTHER]
)
def test_what_is_no_text_is_answered_too(kind: Kind) -> None:
    assert judged(kind=kind, entries=[entry("*")]).verdict == "accept"


def test_the_entry_that_decided_is_named() -> None:
    exact = entry("+15551234567")
    assert judged(entries=[entry("*"), exact, entry("+1*")]).entry is exact
    assert judged(settings=replace(ON, allow_all=True), entries=[exact]).entry is exact


def test_a_hidden_number_is_let_in_by_allow_all() -> None:
    assert admit(None, LID, Settings(allow_all=True), []).reason is Reason.ALLOW_ALL


def test_who_was_let_in_by_the_hidden_id_may_be_blocked() -> None:
    facts = {"phone": None, "lid": LID, "entries": [entry(LID)], "is_blocked": True}
    assert judged(**facts).reason is Reason.BLOCKED


def test_nobody_is_held_in_a_group_or_while_disabled() -> None:
    """A held sender is shown to the owner: only who wrote to us, while we listened."""
    for facts in ({"place": Place.GROUP}, {"settings": Settings()}, {"kind": Kind.PROTOCOL}):
        assert judged(**facts).verdict == "ignore"


@pytest.mark.parametrize(
    ("facts", "verdict", "reason"),
    [
        ({"entries": [entry("+15551234567")]}, "accept", Reason.ALLOWED_NUMBER),
        ({"settings": replace(GROUPS_ON, allow_all=True)}, "accept", Reason.ALLOW_ALL),
        ({"entries": [entry("*")], "is_blocked": True}, "ignore", Reason.BLOCKED),
        ({"entries": [entry("*")], "kind": Kind.REACTION}, "ignore", Reason.REACTION),
        ({"phone": None, "entries": [entry("+1555*")]}, "ignore", Reason.GROUP_NOT_ALLOWED),
        ({"settings": replace(GROUPS_ON, enabled=False)}, "ignore", Reason.DISABLED),
    ],
)
def test_in_a_group_whoever_may_write_to_us_may_speak_to_us(
    facts: dict[str, Any], verdict: str, reason: Reason
) -> None:
    """And nobody is held."""
    decision = judged(**IN_GROUP | facts)
    assert (decision.verdict, decision.reason) == (verdict, reason)
