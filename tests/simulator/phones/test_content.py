"""What people put into messages, and how a phone reads it."""

import pytest

from simulator.phones import attachments, content
from simulator.phones.content import Content, read, unwrap
from simulator.wire.protobufs import e2e

KEY = content.key("15550000001@s.whatsapp.net", "M1", from_me=True)
CASES = [
    (content.text("Hello"), Content("text", "Hello")),
    (content.text("Hi", content.quote("M0", "a@b", "old")), Content("text", "Hi", "M0")),
    (content.text("Hi", mentioned="a@lid"), Content("text", "Hi")),
    (content.reaction(KEY, "👍"), Content("reaction", "👍", "M1")),
    (content.reaction(KEY, ""), Content("reaction", "", "M1")),
    (content.edit(KEY, "new"), Content("edit", "new", "M1")),
    (content.delete(KEY), Content("delete", "", "M1")),
    (attachments.poll("Tea?", ["yes"], b"", True, None), Content("pollCreationMessage", "Tea?")),
    (attachments.document({}, "a.pdf", "x/y", "see", None), Content("documentMessage", "see")),
    (attachments.document({}, "a.pdf", "x/y", "", None), Content("documentMessage", "a.pdf")),
    (attachments.contact("Ada", "+1555", None), Content("contactMessage", "Ada")),
    (e2e.Message(), Content("empty")),
]


@pytest.mark.parametrize(("message", "seen"), CASES)
def test_a_message_as_a_person_sees_it(message: "e2e.Message", seen: Content) -> None:
    assert read(message) == seen
    wrapped = e2e.Message(ephemeralMessage=e2e.FutureProofMessage(message=message))
    assert read(wrapped) == seen


def test_a_mention_names_its_address() -> None:
    context = content.text("Hi", mentioned="a@lid").extendedTextMessage.contextInfo
    assert list(context.mentionedJID) == ["a@lid"]


def test_wrappers_come_off_however_many() -> None:
    message = content.text("Hello")
    for name in ("viewOnceMessage", "ephemeralMessage", "viewOnceMessageV2"):
        message = e2e.Message(**{name: e2e.FutureProofMessage(message=message)})
    assert unwrap(message).conversation == "Hello"


def test_in_a_group_a_key_says_who_wrote() -> None:
    key = content.key("1@g.us", "M2", from_me=False, author="a@lid")
    assert (key.remoteJID, key.ID, key.fromMe, key.participant) == ("1@g.us", "M2", False, "a@lid")
