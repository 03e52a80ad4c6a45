"""What an agent reads, as a value."""

from core.messages.content import Content, Part

PICTURE = Part("image/jpeg", b"...", "[a picture]")


def test_only_content_with_something_in_it_is_true() -> None:
    assert not Content("") and Content("hi") and Content("", (PICTURE,))


def test_in_words_a_part_is_its_description() -> None:
    assert Content("What is this?", (PICTURE,)).as_text == "What is this?\n[a picture]"
    assert Content("", (PICTURE, PICTURE)).as_text == "[a picture]\n[a picture]"
    assert Content("hi").as_text == "hi"


def test_nobody_logs_what_was_sent() -> None:
    assert "b'...'" not in repr(Content("", (PICTURE,)))
