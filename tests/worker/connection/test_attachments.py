"""What there is to know of a picture or a place, from protobufs that anybody may have made."""

import json
from typing import Any

import pytest
from hypothesis import given, settings

from tests.worker.connection.events import ACCOUNT, event, undecryptable
from tests.worker.connection.library import e2e
from tests.worker.connection.test_inbound import any_message
from worker.connection import attachments
from worker.connection.inbound import parse, parse_undecryptable

Message = e2e.Message
VCARD = """BEGIN:VCARD
VERSION:3.0
FN:Bob Example
TEL;type=CELL;waid=15550003001:+1 555 000 3001
item1.TEL:+1 555 000 3002
EMAIL:bob@example.com
END:VCARD"""


def read(**content: Any) -> Any:
    return parse(event(Message(**content)), ACCOUNT).facts


@pytest.mark.parametrize(
    ("content", "known"),
    [
        (
            {"imageMessage": e2e.ImageMessage(mimetype="image/png", fileLength=9, width=3)},
            {"type": "image/png", "bytes": 9, "width": 3},
        ),
        (
            {"videoMessage": e2e.VideoMessage(seconds=4, gifPlayback=True)},
            {"seconds": 4, "gif": True},
        ),
        ({"ptvMessage": e2e.VideoMessage(seconds=4)}, {"seconds": 4, "round": True}),
        ({"audioMessage": e2e.AudioMessage(PTT=True, seconds=7)}, {"seconds": 7}),
        (
            {"documentMessage": e2e.DocumentMessage(fileName="bill.pdf", pageCount=2)},
            {"name": "bill.pdf", "pages": 2},
        ),
        ({"stickerMessage": e2e.StickerMessage(isAnimated=True)}, {"animated": True}),
        (
            {"locationMessage": e2e.LocationMessage(degreesLatitude=1.5, name="X")},
            {"latitude": 1.5, "longitude": 0.0, "name": "X"},
        ),
        (
            {"liveLocationMessage": e2e.LiveLocationMessage(degreesLatitude=1, degreesLongitude=2)},
            {"latitude": 1.0, "longitude": 2.0, "live": True},
        ),
        (
            {"contactMessage": e2e.ContactMessage(displayName="Bob", vcard=VCARD)},
            {"contacts": [{"name": "Bob", "phones": ["+1 555 000 3001", "+1 555 000 3002"]}]},
        ),
        (
            {"contactMessage": e2e.ContactMessage(vcard=VCARD.replace("\n", "\r\n"))},
            {
                "contacts": [
                    {"name": "Bob Example", "phones": ["+1 555 000 3001", "+1 555 000 3002"]}
                ]
            },
        ),
        ({"conversation": "hi"}, None),
    ],
)
def test_facts(content, known):
    assert read(**content) == known


@pytest.mark.parametrize("version", ["", "V2", "V3", "V5", "V6"])
def test_a_poll_of_any_version(version):
    options = [e2e.PollCreationMessage.Option(optionName=name) for name in ("Mon", "Tue", "")]
    poll = e2e.PollCreationMessage(name="When?", options=options)
    known = read(**{f"pollCreationMessage{version}": poll})
    assert known == {"question": "When?", "options": ["Mon", "Tue"]}


def test_what_may_be_viewed_once():
    picture = Message(imageMessage=e2e.ImageMessage(caption="look"))
    inbound = parse(event(picture, view_once=True), ACCOUNT)
    assert inbound.facts == {"view_once": True} and inbound.text == "look"
    lost = parse_undecryptable(undecryptable(unavailable=True), ACCOUNT)
    assert lost.facts == {"unavailable": True} and lost.kind == "other"


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(float("nan"), 1), (1, float("inf")), (91, 0), (0, -181)]
)
def test_a_place_that_is_nowhere(latitude, longitude):
    place = e2e.LocationMessage(degreesLatitude=latitude, degreesLongitude=longitude, name="X")
    assert read(locationMessage=place) == {"name": "X"}


def test_long_things_are_cut():
    options = [e2e.PollCreationMessage.Option(optionName="o" * 999)] * 99
    poll = read(pollCreationMessage=e2e.PollCreationMessage(name="q\0" * 999, options=options))
    assert len(poll["question"]) <= attachments.TEXT and len(poll["options"]) == attachments.OPTIONS
    cards = [e2e.ContactMessage(vcard="TEL:1\n" * 999)] * 99
    several = read(contactsArrayMessage=e2e.ContactsArrayMessage(contacts=cards))
    assert len(several["contacts"]) == attachments.CONTACTS
    assert len(several["contacts"][0]["phones"]) == attachments.NUMBERS


@settings(max_examples=100, deadline=None)
@given(any_message())
def test_whatever_comes_can_be_stored_as_json(message):
    inbound = parse(event(message), ACCOUNT)
    assert "\\u0000" not in json.dumps(inbound.facts, allow_nan=False)
