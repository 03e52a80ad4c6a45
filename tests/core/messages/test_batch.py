"""Which messages are answered together, and what of them is given to the agent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.messages import batch
from core.messages.message import Kind

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
GATHER = timedelta(seconds=1)


@dataclass(frozen=True)
class Message:
    text: str = ""
    kind: Kind = Kind.TEXT
    quoted_text: str | None = None
    received_at: datetime = NOON
    facts: Mapping[str, Any] | None = None
    person_id: int | None = None


def at(seconds: float, text: str = "x") -> Message:
    return Message(text, received_at=NOON + timedelta(seconds=seconds))


def is_opening(message: Message) -> bool:
    return message.text.startswith("@")


@pytest.mark.parametrize(
    ("waiting", "taken"),
    [
        ([], 0),
        (["a"], 1),
        (["a", "b", "c"], 3),
        (["/help"], 1),
        (["/help", "a"], 1),
        (["/help", "/new"], 1),
        (["a", "b", "/help", "c"], 2),
        (["@eric a", "b"], 2),
        (["a", "@eric b", "c"], 1),
        (["a", "/ 2 is a half", "/etc/hosts"], 3),
    ],
)
def test_a_batch_ends_where_something_else_begins(waiting: list[str], taken: int) -> None:
    messages = [Message(text) for text in waiting]
    assert batch.take(messages, is_opening) == messages[:taken]


@pytest.mark.parametrize(
    ("written", "now", "pause"),
    [
        ([0], 0, 1),
        ([0], 0.4, 0.6),
        ([0], 1, 0),
        ([0], 60, 0),
        ([0, 0.9], 1, 0.9),
        ([0, 0.9, 1.8, 2.7], 2.7, 0.3),  # three times the pause is enough
        ([0, 0.9, 1.8, 2.7, 3.6], 3.6, 0),
        ([100], 0, 1),  # the other machine's clock is ahead
    ],
)
def test_the_pause_ends_with_quiet_or_at_the_cap(
    written: list[float], now: float, pause: float
) -> None:
    waited = batch.measure_gather_wait(
        [at(each) for each in written], GATHER, NOON + timedelta(seconds=now)
    )
    assert waited == timedelta(seconds=pause)


def test_a_command_is_not_held_up() -> None:
    assert batch.measure_gather_wait([Message("/help")], GATHER, NOON) == timedelta(0)


def test_lines_are_joined_and_quotes_marked() -> None:
    content = batch.build_content(
        [Message(" hello "), Message("and this?", quoted_text="one\ntwo")]
    )
    assert content.text == "hello\n> one\n> two\nand this?"


def test_what_cant_be_seen_is_told_in_its_place() -> None:
    messages = [Message("look:"), Message(kind=Kind.IMAGE), Message("a map", Kind.DOCUMENT)]
    assert batch.build_content(messages).text.splitlines() == [
        "look:",
        "[a picture was sent; you can't see it]",
        "[a document was sent; you can't see it]",
        "a map",
    ]


@pytest.mark.parametrize("text", ["", "  \n"])
def test_nothing_in_words_is_nothing_to_ask(text: str) -> None:
    assert not batch.build_content([Message(text), Message(kind=Kind.STICKER, quoted_text="hi")])


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.TEXT])
def test_there_is_a_true_sentence_for_every_kind(kind: Kind) -> None:
    assert batch.build_excuse([Message(kind=kind)]).startswith("I can't ")


def test_the_same_excuse_is_made_once() -> None:
    pictures = [Message(kind=Kind.IMAGE)] * 3
    assert batch.build_excuse([*pictures, Message(kind=Kind.VOICE)]).count("\n") == 1


def test_in_a_group_everybody_gets_an_answer_of_their_own() -> None:
    said = [Message(text, person_id=who) for text, who in (("a", 1), ("b", 1), ("c", 2), ("d", 1))]
    assert batch.take(said, is_opening) == said[:2]
    assert batch.take(said[2:], is_opening) == said[2:3]
