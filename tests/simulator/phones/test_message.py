"""What a phone shows."""

import re

import pytest

from simulator.phones.content import Content
from simulator.phones.message import Entry, Matcher, Message

HELLO = Message("M1", "+1555", "Hello", 1.0)


@pytest.mark.parametrize(
    ("what", "matches"),
    [
        (None, True),
        ("Hello", True),
        ("Hell", False),
        (re.compile("ell"), True),
        (re.compile("^ell"), False),
        (lambda message: message.id == "M1", True),
        (lambda message: 0, False),
    ],
)
def test_what_a_script_waits_for(what: Matcher, matches: bool) -> None:
    assert HELLO.matches(what) is matches


def test_made_of_its_content() -> None:
    what = Content("reaction", "👍", "M0")
    made = Message.of(what, "M2", "+1555", None, chat="1@g.us", at=2.0, from_me=True, device=3)
    assert (made.kind, made.text, made.quoted_id, made.chat) == ("reaction", "👍", "M0", "1@g.us")
    assert (made.at, made.from_me, made.from_device) == (2.0, True, 3)


def test_a_line_of_the_transcript() -> None:
    assert str(Entry(1.0, "Ana", "text", "Hi", "M1")) == "Ana text 'Hi' M1"
    assert str(Entry(1.0, "Ana", "typing")) == "Ana typing"
