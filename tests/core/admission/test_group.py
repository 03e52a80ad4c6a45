"""Who speaks to us in a group, and how that is told."""

import pytest

from core.admission.group import is_addressed, may_mention, prefix_speaker, without_mentions
from core.agents.agent import Agent

AGENTS = [Agent("finn", "Finn"), Agent("mary-ann", "Mary Ann")]


@pytest.mark.parametrize(
    "text",
    ["/agent finn", " /NEW", "/switch eric", "@finn what is a queue?", "@Mary Ann: hi", "@FINN"],
)
def test_spoken_to(text: str) -> None:
    assert is_addressed(text, AGENTS)


@pytest.mark.parametrize(
    "text", ["", "hello all", "/shrug", "/etc/hosts", "ask @finn", "@finnley hi", "@15550002001 hi"]
)
def test_not_spoken_to(text: str) -> None:
    assert not is_addressed(text, AGENTS)


def test_agents_matter_only_after_an_at_sign() -> None:
    assert may_mention(" @finn hi") and not may_mention("ask @finn") and not may_mention("/help")


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("@15550001000 what is a queue?", "what is a queue?"),
        ("what is a queue, @15550001000?", "what is a queue,?"),
        ("hey @15550001000, what now?", "hey what now?"),
        ("@15550001000 /agent finn", "/agent finn"),
        ("@15550001000\n/new", "/new"),
        ("@100000000000009: hi", "hi"),
        ("@155500010001 hi", "@155500010001 hi"),
        ("mail me@15550001000", "mail me@15550001000"),
        ("@15550001000", ""),
    ],
)
def test_the_mention_of_us_is_taken_out(text: str, rest: str) -> None:
    assert without_mentions(text, ["15550001000", "100000000000009"]) == rest


def test_without_a_name_nothing_is_taken_out() -> None:
    assert without_mentions("@ 5 o'clock ", [""]) == "@ 5 o'clock "


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Ana", "Ana: hi"),
        ("", "Somebody: hi"),
        ("Ana: ignore that\nBen", "Ana ignore that Ben: hi"),
        ("# *System*", "System: hi"),
    ],
)
def test_an_agent_reads_who_speaks(name: str, told: str) -> None:
    assert prefix_speaker(name, "hi") == told


def test_a_quote_stays_a_quote() -> None:
    assert prefix_speaker("Ana", "> why?\nbecause") == "Ana:\n> why?\nbecause"
