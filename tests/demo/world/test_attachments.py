"""What a message holds besides text."""

from typing import Any

import pytest

from demo.world.attachments import describe, read_file
from simulator import Message
from simulator.phones import attachments, content
from simulator.wire.protobufs import e2e


def message(raw: Any, kind: str = "other") -> Message:
    return Message("M1", "+1555", "", 0.0, kind=kind, raw=raw)


@pytest.mark.parametrize(
    ("raw", "kind", "label"),
    [
        (attachments.picture({}, "image/png", "look", None), "picture", "📷 Photo"),
        (attachments.video({}, "video/mp4", "", 3, None), "video", "🎥 Video"),
        (attachments.voice({}, "audio/ogg", 2, None), "audio", "🎤 Voice message"),
        (e2e.Message(audioMessage=e2e.AudioMessage()), "audio", "🎵 Audio"),
        (attachments.document({}, "a.pdf", "x/y", "see", None), "document", "📄 a.pdf"),
        (attachments.sticker({}, "image/webp", None), "sticker", "💟 Sticker"),
        (attachments.location(1.5, 2.25, "", "Street", None), "location", "📍 Location"),
        (attachments.contact("Ada", "+15550000001", None), "contact", "👤 Ada"),
        (attachments.poll("Tea?", ["yes", "no"], b"", False, None), "poll", "📊 Tea?"),
    ],
)
def test_each_kind_has_its_drawing(raw: Any, kind: str, label: str) -> None:
    found = describe(message(raw))
    assert found and (found["kind"], found["label"]) == (kind, label)


def test_what_comes_with_it() -> None:
    assert (
        describe(message(attachments.picture({}, "image/png", "look", None)))["caption"] == "look"
    )  # type: ignore[index]
    place = describe(message(attachments.location(1.5, 2.25, "Here", "Street", None)))
    assert place and (place["where"], place["address"]) == ("1.5000, 2.2500", "Street")
    card = describe(message(attachments.contact("Ada", "+15550000001", None)))
    assert card and card["numbers"] == ["+15550000001"]
    poll = describe(message(attachments.poll("Tea?", ["yes", "no"], b"", False, None)))
    assert poll and poll["options"] == ["yes", "no"]


def test_plain_text_is_nothing_more_and_what_is_unknown_says_so() -> None:
    assert describe(message(content.text("Hi"), "text")) is None
    assert describe(message(None)) is None
    odd = describe(message(e2e.Message(), "odd"))
    assert odd == {"kind": "other", "label": "Something this phone can't show (odd)"}


def test_the_file_of_a_message() -> None:
    assert read_file(message(attachments.document({}, "a.pdf", "x/y", "", None))) == (
        "x/y",
        "a.pdf",
    )
    assert read_file(message(attachments.picture({}, "image/png", "", None))) == ("image/png", "")
    with pytest.raises(LookupError):
        read_file(message(content.text("Hi")))
