"""What a message looks like that an agent sends on its own."""

import pytest

from core.agents.agent import Agent
from core.agents.signature import sign_text
from core.text import chunks

FINN = Agent("finn", "Finn", emoji="🏗️")


def test_the_first_line_says_who_writes() -> None:
    assert sign_text(FINN, "The **build** is green") == ["🏗️ *Finn*\nThe *build* is green"]
    assert sign_text(Agent("eric", "Eric"), "Hi") == ["*Eric*\nHi"]


def test_what_is_urgent_says_so() -> None:
    assert sign_text(FINN, "Fire", urgent=True) == ["🏗️ *Finn*\nURGENT: Fire"]


@pytest.mark.parametrize("text", ["", "  \n "])
def test_of_nothing_there_is_nothing(text: str) -> None:
    assert sign_text(FINN, text, urgent=True) == []


def test_what_is_long_is_cut_and_signed_once() -> None:
    pieces = sign_text(FINN, "\n\n".join(["word " * 200] * 30))
    assert len(pieces) > 1 and all(len(piece) <= chunks.MESSAGE_LIMIT for piece in pieces)
    assert [piece.startswith("🏗️ *Finn*\n") for piece in pieces].count(True) == 1
