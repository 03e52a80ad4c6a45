"""What the owner may write, in the panel and by hand."""

import pytest

from app.chat.forms import MessageForm
from app.conversations.message_field import TEXT_MAX
from tests.app.filling import fill


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("Hello", None),
        ("x" * TEXT_MAX, None),
        ("", "Write something first."),
        (" \r\n ", "Write something first."),
        ("x" * (TEXT_MAX + 1), "That is too long: at most 20,000 characters."),
    ],
)
def test_something_and_not_too_much(text: str, error: str | None) -> None:
    assert fill(MessageForm, text=text)[1] == ({"text": [error]} if error else {})


def test_lines_end_as_everywhere() -> None:
    assert fill(MessageForm, text=" a\r\nb \r\n")[0].text.data == "a\nb"
