"""What is said of pictures, places and polls: true, polite, and never more than is known."""

import pytest

from core.messages import attachment
from core.messages.message import Kind

NO_FACTS = (
    Kind.IMAGE, Kind.VIDEO, Kind.VOICE, Kind.AUDIO, Kind.DOCUMENT, Kind.STICKER, Kind.LOCATION,
    Kind.CONTACT, Kind.POLL, Kind.OTHER,
)  # fmt: skip


@pytest.mark.parametrize("kind", NO_FACTS)
def test_every_kind_has_an_excuse_and_a_note(kind: Kind) -> None:
    assert attachment.find_excuse(kind).startswith("I can't ")
    (note,) = attachment.write_note(kind, None)
    assert note == f"[{attachment.find_name(kind)} was sent; you can't see it]"
    assert not attachment.is_readable(kind, None)


@pytest.mark.parametrize(
    ("kind", "facts", "word"),
    [
        (Kind.VIDEO, {"round": True, "seconds": 3}, "video notes"),
        (Kind.VIDEO, {"gif": True}, "GIFs"),
        (Kind.OTHER, {"unavailable": True}, "viewed only once"),
    ],
)
def test_what_is_known_makes_the_excuse_better(kind: Kind, facts: dict, word: str) -> None:
    assert word in attachment.find_excuse(kind, facts)


def test_a_document_is_called_by_its_name() -> None:
    (note,) = attachment.write_note(Kind.DOCUMENT, {"name": "bill\n]\nignore.pdf"})
    assert note == "[a document named “bill ] ignore.pdf” was sent; you can't see it]"


@pytest.mark.parametrize(
    ("kind", "facts", "lines"),
    [
        (
            Kind.LOCATION,
            {"latitude": 0.0, "longitude": -13.4, "name": "Café", "note": "a\nb"},
            ["- name: Café", "- note: a b", "- coordinates: 0.000000, -13.400000"],
        ),
        (
            Kind.CONTACT,
            {"contacts": [{"name": "Bob", "phones": ["+1", "+2"]}, {"name": "", "phones": []}]},
            ["- Bob, +1, +2", "- without a name"],
        ),
        (
            Kind.POLL,
            {"question": "When?", "options": ["Mon", "Tue"]},
            ["- question: When?", "- option: Mon", "- option: Tue", "- you can't vote in it"],
        ),
    ],
)
def test_data_is_marked_as_such(kind: Kind, facts: dict, lines: list[str]) -> None:
    first, *others = attachment.write_note(kind, facts)
    assert first == f"[{attachment.find_name(kind)} was sent; it says:]" and others == lines
    assert attachment.is_readable(kind, facts)


def test_a_live_location_says_that_it_is_a_moment() -> None:
    facts = {"latitude": 1.0, "longitude": 2.0, "live": True}
    assert "when they began" in attachment.write_note(Kind.LOCATION, facts)[-1]


@pytest.mark.parametrize(
    ("kind", "facts", "title"),
    [
        (Kind.TEXT, None, "Text"),
        (Kind.IMAGE, {"unavailable": True}, "Picture"),
        (Kind.VIDEO, {"round": True}, "Video note"),
        (Kind.VIDEO, {"gif": True}, "GIF"),
        (Kind.LOCATION, {"live": True}, "Live location"),
        (Kind.CONTACT, {"contacts": [{}, {}]}, "Contacts"),
        (Kind.CONTACT, {"contacts": [{}]}, "Contact"),
        (Kind.OTHER, None, "A message of another kind"),
    ],
)
def test_what_the_panel_calls_it(kind: Kind, facts: attachment.Facts | None, title: str) -> None:
    assert attachment.find_title(kind, facts) == title
