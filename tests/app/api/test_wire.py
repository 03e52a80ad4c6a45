"""What the API's bodies may hold."""

import pytest

from tests.app.api.outbox import HELLO, SEND, list_outbox
from tests.app.api.program import Api


def test_the_longest_message(connected: Api) -> None:
    connected.post(SEND, HELLO | {"message": "🏗" * 65_536})
    sentence = connected.refused(422, "POST", SEND, HELLO | {"message": "x" * 65_537})
    assert sentence == "message: String should have at most 65536 characters."


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"message": ""}, "message: There is nothing to send."),
        ({"message": " \n\t "}, "message: There is nothing to send."),
        ({"message": "a\0b"}, "message: The character U+0000 can't be sent."),
        ({"message": None}, "message must be a valid string."),
        ({"to": "0821234567"}, "to: Start with + and the country code"),
        ({"to": "120363000000000000@g.us"}, "to: Start with + and the country code"),
        ({"to": "+1555*"}, "to: “+1555*” has too few or too many digits."),
        ({"to": 15551234567}, "to must be a valid string."),
        ({"urgent": "yes"}, "urgent must be a valid boolean."),
        ({"urgent": None}, "urgent must be a valid boolean."),
    ],
)
def test_a_bad_message_is_refused(connected: Api, change: dict[str, object], words: str) -> None:
    assert words in connected.refused(422, "POST", SEND, HELLO | change)
    assert list_outbox(connected) == []


def test_a_message_without_its_parts(connected: Api) -> None:
    assert connected.refused(422, "POST", SEND, {}) == "to is required. message is required."
