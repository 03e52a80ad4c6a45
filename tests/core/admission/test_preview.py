"""What would become of a message, in the order in which the worker and the jobs look."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.admission.allowlist import Entry, Pattern
from core.admission.decide import Decision
from core.admission.preview import Handling, Preview, PreviewInput, Words, preview_message
from core.agents.agent import Agent
from core.agents.routing import Route, Why
from core.messages.message import Kind, Reason
from core.phone import Phone
from core.settings import Settings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADA = Phone("+15550000001")
ENTRY = Entry(1, Pattern.parse(str(ADA)), None, "eric", NOW, NOW)
ALL_IS_WELL = PreviewInput(
    phone=ADA,
    lid=None,
    is_blocked=False,
    chat_id=1,
    sticky=None,
    sticky_until=None,
    is_paused=False,
    paused_until=None,
    is_flood=False,
    is_over_budget=False,
    settings=Settings(enabled=True, default_agent="finn"),
    entries=[ENTRY],
    agents={"finn": Agent("finn", "Finn"), "eric": Agent("eric", "Eric")},
)


def words(text: str = "Hello", kind: Kind = Kind.TEXT) -> Words:
    return Words(kind, text, NOW)


@pytest.mark.parametrize(
    ("text", "changes", "outcome"),
    [
        ("Hello", {}, Handling.AGENT),
        ("Hello", {"entries": []}, Handling.REFUSED),
        ("Hello", {"is_blocked": True}, Handling.REFUSED),
        ("Hello", {"is_paused": True, "is_flood": True}, Handling.PAUSED),
        ("/help", {"is_paused": True}, Handling.COMMAND),
        ("/help", {"is_paused": True, "is_flood": True}, Handling.FLOOD),
        ("Hello", {"is_flood": True, "is_over_budget": True}, Handling.FLOOD),
        ("Hello", {"is_over_budget": True}, Handling.OVER_BUDGET),
        ("/compact", {"is_over_budget": True}, Handling.OVER_BUDGET),
        ("/help", {"is_over_budget": True}, Handling.COMMAND),
        ("/unknown", {"is_over_budget": True}, Handling.COMMAND),
        ("Hello", {"agents": {}}, Handling.NO_AGENT),
        ("/help", {"agents": {}}, Handling.COMMAND),
        ("@eric", {}, Handling.GREETING),
        ("@eric Hello", {}, Handling.AGENT),
        ("", {}, Handling.EXCUSE),
    ],
)
def test_the_first_reason_counts(text: str, changes: dict[str, object], outcome: Handling) -> None:
    assert preview_message(words(text), replace(ALL_IS_WELL, **changes)).handling is outcome  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "changes", "agent", "turned_to"),
    [
        ("Hello", {}, "eric", None),
        ("Hello", {"sticky": "finn"}, "finn", None),
        ("Hello", {"entries": [replace(ENTRY, agent=None)]}, "finn", None),
        ("@finn Hello", {}, "finn", "finn"),
        ("@unknown Hello", {}, "eric", None),
        ("/agent finn", {}, "eric", None),
    ],
)
def test_who_would_answer(
    text: str, changes: dict[str, object], agent: str, turned_to: str | None
) -> None:
    preview = preview_message(words(text), replace(ALL_IS_WELL, **changes))  # type: ignore[arg-type]
    assert (preview.agent, preview.turned_to) == (agent, turned_to)
    assert (preview.call is not None) is text.startswith("/")


def test_what_cannot_be_seen_is_excused() -> None:
    preview = preview_message(words("", Kind.UNDECRYPTABLE), ALL_IS_WELL)
    assert preview.decision.reason is Reason.UNDECRYPTABLE and preview.excuse == ""
    preview = preview_message(words("", Kind.IMAGE), ALL_IS_WELL)
    assert preview.handling is Handling.EXCUSE and preview.excuse
    assert preview_message(words(), ALL_IS_WELL).excuse == ""


def test_a_refusal_says_why() -> None:
    refused = preview_message(words(), replace(ALL_IS_WELL, entries=[]))
    assert (refused.decision.verdict, refused.decision.reason) == ("hold", Reason.NOT_ALLOWED)


def test_every_preview_has_its_words():
    for why in Why:
        for handling in Handling:
            preview = Preview(Decision("accept", Reason.ALLOW_ALL), handling, Route("finn", why))
            words = preview.title.format(title="Finn", name="Finn")
            assert words and "{" not in words
            assert preview.who.format(agent="Finn", settings="settings", until="12:00")
