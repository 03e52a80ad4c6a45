"""What the library hands over, in our words."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.messages.message import Inbound, Kind, Place
from store.chats import messages
from store.sql.engine import Database
from tests.worker.connection.events import ACCOUNT, ALICE, ALICE_LID, event, undecryptable
from tests.worker.connection.library import e2e
from worker.connection.inbound import _KINDS, _SILENT, is_only_a_key, parse, parse_undecryptable

Message = e2e.Message
FIELDS = {field.name for field in Message.DESCRIPTOR.fields}
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def read(message: Any = None, *where: str, **about: Any) -> Inbound:
    return parse(event(message, *where, **about), ACCOUNT)


def text(words: str) -> Any:
    return Message(conversation=words)


def wrapped(field: str, inside: Any) -> Any:
    return Message(**{field: e2e.FutureProofMessage(message=inside)})


def about_message(message_id: str) -> Any:
    """A key as reactions, edits and deletions carry it."""
    return type(e2e.ReactionMessage().key)(ID=message_id, fromMe=False)


def edited(words: str) -> Any:
    return Message(
        protocolMessage=e2e.ProtocolMessage(
            type=14, key=about_message("OLD"), editedMessage=text(words)
        )
    )


# What it is --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "kind", "words"),
    [
        (text("hi"), Kind.TEXT, "hi"),
        (Message(extendedTextMessage=e2e.ExtendedTextMessage(text="see x")), Kind.TEXT, "see x"),
        (Message(imageMessage=e2e.ImageMessage(caption="me")), Kind.IMAGE, "me"),
        (Message(videoMessage=e2e.VideoMessage(caption="us")), Kind.VIDEO, "us"),
        (Message(ptvMessage=e2e.VideoMessage()), Kind.VIDEO, ""),
        (Message(audioMessage=e2e.AudioMessage(PTT=True)), Kind.VOICE, ""),
        (Message(audioMessage=e2e.AudioMessage()), Kind.AUDIO, ""),
        (Message(documentMessage=e2e.DocumentMessage(caption="bill")), Kind.DOCUMENT, "bill"),
        (Message(stickerMessage=e2e.StickerMessage()), Kind.STICKER, ""),
        (Message(locationMessage=e2e.LocationMessage()), Kind.LOCATION, ""),
        (Message(liveLocationMessage=e2e.LiveLocationMessage()), Kind.LOCATION, ""),
        (Message(contactMessage=e2e.ContactMessage(displayName="Bob")), Kind.CONTACT, ""),
        (Message(contactsArrayMessage=e2e.ContactsArrayMessage()), Kind.CONTACT, ""),
        (Message(pollCreationMessage=e2e.PollCreationMessage(name="?")), Kind.POLL, ""),
        (Message(pollCreationMessageV3=e2e.PollCreationMessage(name="?")), Kind.POLL, ""),
        (Message(encReactionMessage=e2e.EncReactionMessage()), Kind.REACTION, ""),
        (Message(pollUpdateMessage=e2e.PollUpdateMessage()), Kind.PROTOCOL, ""),
        (Message(protocolMessage=e2e.ProtocolMessage(type=6)), Kind.PROTOCOL, ""),
        (Message(eventMessage=e2e.EventMessage(name="party")), Kind.OTHER, ""),
        (Message(), Kind.PROTOCOL, ""),
    ],
)
def test_every_kind_is_told_apart(message, kind, words):
    inbound = read(message)
    assert (inbound.kind, inbound.text, inbound.target_id) == (kind, words, None)


def test_every_field_that_is_asked_for_exists():
    """`HasField` of a name that an upgrade has taken away raises."""
    assert {name for name, _ in _KINDS} | _SILENT <= FIELDS


@pytest.mark.parametrize("field", sorted(_SILENT))
def test_what_says_nothing_is_not_a_remark(field):
    message = Message()
    getattr(message, field).SetInParent()
    assert read(message).kind is Kind.PROTOCOL


def test_keys_that_come_along_do_not_hide_the_words():
    keys = e2e.SenderKeyDistributionMessage(groupID="g")
    secret = e2e.MessageContextInfo(messageSecret=b"s" * 32)
    message = Message(senderKeyDistributionMessage=keys, messageContextInfo=secret)
    assert read(message).kind is Kind.PROTOCOL
    message.conversation = "hi"
    assert (read(message).kind, read(message).text) == (Kind.TEXT, "hi")


WRAPPERS = [
    field.name
    for field in Message.DESCRIPTOR.fields
    if field.message_type and field.message_type.name == "FutureProofMessage"
]


@pytest.mark.parametrize("field", WRAPPERS)
def test_wrappers_are_taken_off(field):
    inbound = read(wrapped(field, text("inside")))
    assert (inbound.kind, inbound.text) == (Kind.TEXT, "inside")


def test_wrappers_in_wrappers_are_taken_off():
    message = Message(imageMessage=e2e.ImageMessage(caption="once"))
    inbound = read(wrapped("ephemeralMessage", wrapped("viewOnceMessageV2", message)))
    assert (inbound.kind, inbound.text) == (Kind.IMAGE, "once")


# About another message ---------------------------------------------------------------------------


def test_a_reaction_names_its_message():
    reaction = e2e.ReactionMessage(key=about_message("OLD"), text="👍")
    inbound = read(Message(reactionMessage=reaction))
    assert (inbound.kind, inbound.text, inbound.target_id) == (Kind.REACTION, "👍", "OLD")


@pytest.mark.parametrize("wrap", [lambda m: m, lambda m: wrapped("editedMessage", m)])
def test_an_edit_has_the_new_words(wrap):
    inbound = read(wrap(edited("better")))
    assert (inbound.kind, inbound.text, inbound.target_id) == (Kind.EDIT, "better", "OLD")


def test_a_deletion_names_its_message():
    protocol = e2e.ProtocolMessage(type=0, key=about_message("OLD"))
    inbound = read(Message(protocolMessage=protocol))
    assert (inbound.kind, inbound.text, inbound.target_id) == (Kind.DELETE, "", "OLD")


def test_a_deletion_of_nothing_is_nothing():
    assert read(Message(protocolMessage=e2e.ProtocolMessage(type=0))).kind is Kind.PROTOCOL


QUOTING = {
    "extendedTextMessage": lambda context: e2e.ExtendedTextMessage(text="yes", contextInfo=context),
    "imageMessage": lambda context: e2e.ImageMessage(contextInfo=context),
    "audioMessage": lambda context: e2e.AudioMessage(contextInfo=context),
    "stickerMessage": lambda context: e2e.StickerMessage(contextInfo=context),
    "locationMessage": lambda context: e2e.LocationMessage(contextInfo=context),
}


@pytest.mark.parametrize("field", QUOTING)
def test_a_quote_comes_along_with_any_kind(field):
    context = e2e.ContextInfo(stanzaID="OLD", quotedMessage=text("shall we?"))
    inbound = read(Message(**{field: QUOTING[field](context)}))
    assert (inbound.quoted_id, inbound.quoted_text) == ("OLD", "shall we?")


@pytest.mark.parametrize(
    ("quoted", "words"),
    [
        (wrapped("ephemeralMessage", text("gone soon")), "gone soon"),
        (Message(imageMessage=e2e.ImageMessage(caption="look")), "[a picture] look"),
        (Message(audioMessage=e2e.AudioMessage(PTT=True)), "[a voice note]"),
        (Message(), None),
    ],
)
def test_what_was_quoted_is_read_as_any_message(quoted, words):
    context = e2e.ContextInfo(stanzaID="OLD", quotedMessage=quoted)
    reply = e2e.ExtendedTextMessage(text="yes", contextInfo=context)
    inbound = read(wrapped("ephemeralMessage", Message(extendedTextMessage=reply)))
    assert (inbound.text, inbound.quoted_id, inbound.quoted_text) == ("yes", "OLD", words)


def test_a_context_without_a_quote_is_none():
    context = e2e.ContextInfo(isForwarded=True)
    message = Message(extendedTextMessage=e2e.ExtendedTextMessage(text="x", contextInfo=context))
    assert read(message).quoted_id is None


# Who wrote, and where ----------------------------------------------------------------------------


def test_somebody_with_a_number():
    inbound = read(text("hi"), ALICE, alt=ALICE_LID)
    assert (inbound.chat, inbound.sender, inbound.place) == (ALICE, ALICE, Place.DIRECT)
    assert (inbound.phone, inbound.lid, inbound.push_name) == ("+15550000001", ALICE_LID, "Alice")
    assert (inbound.account, inbound.message_id) == (ACCOUNT, "3EB0A1")
    assert inbound.sent_at == NOW
    assert Message.FromString(inbound.raw).conversation == "hi"


def test_somebody_hidden_whose_number_came_along():
    inbound = read(text("hi"), ALICE_LID, alt=ALICE)
    assert (inbound.chat, inbound.place) == (ALICE_LID, Place.DIRECT)
    assert (inbound.phone, inbound.lid) == ("+15550000001", ALICE_LID)


def test_somebody_hidden_whose_number_is_unknown():
    """The digits of a hidden id are never a phone number."""
    inbound = read(text("hi"), ALICE_LID)
    assert (inbound.phone, inbound.lid) == (None, ALICE_LID)


def test_the_device_is_no_part_of_an_address():
    inbound = read(text("hi"), ALICE, "15550000001:7@s.whatsapp.net")
    assert (inbound.sender, inbound.phone) == (ALICE, "+15550000001")


@pytest.mark.parametrize(
    ("chat", "place"),
    [
        ("120363000000000001@g.us", Place.GROUP),
        ("status@broadcast", Place.STATUS),
        ("1700000000@broadcast", Place.OTHER),
        ("120363000000000002@newsletter", Place.OTHER),
        ("", Place.OTHER),
    ],
)
def test_other_places_than_a_direct_chat(chat, place):
    inbound = read(text("hi"), chat, ALICE)
    assert (inbound.place, inbound.sender, inbound.phone) == (place, ALICE, "+15550000001")


@pytest.mark.parametrize(
    ("chat", "alt", "phone", "lid"),
    [
        (ALICE, "", "+15550000001", None),
        (ALICE_LID, ALICE, "+15550000001", ALICE_LID),
        ("120363000000000001@g.us", "", None, None),
    ],
)
def test_our_own_messages_tell_to_whom_they_went(chat, alt, phone, lid):
    about = {"from_me": True, "recipient_alt": alt}
    inbound = read(text("hi"), chat, f"{ACCOUNT}@s.whatsapp.net", **about)
    assert (inbound.from_me, inbound.phone, inbound.lid, inbound.chat) == (True, phone, lid, chat)


def test_a_message_that_could_not_be_read():
    """The copy that is sent again comes under the same id and must not count as a duplicate."""
    inbound = parse_undecryptable(undecryptable(ALICE_LID, alt=ALICE), ACCOUNT)
    assert (inbound.kind, inbound.text, inbound.phone) == (Kind.UNDECRYPTABLE, "", "+15550000001")
    assert inbound.message_id != read(text("hi"), ALICE_LID, alt=ALICE).message_id


# Odd content -------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent_at", [-(2**63), -62135596800000, 0, 2**63 - 1])
def test_no_date_is_too_odd(sent_at):
    assert read(text("hi"), sent_at=sent_at).sent_at.tzinfo is UTC


def odd() -> Any:
    long = "x" * 3000 + "\0"
    context = e2e.ContextInfo(stanzaID=long, quotedMessage=text("q\0"))
    reply = e2e.ExtendedTextMessage(text="a\0b", contextInfo=context)
    user = "1" * 300 + "\0"
    return event(
        Message(extendedTextMessage=reply),
        f"{user}@lid",
        alt=f"{user}@s.whatsapp.net",
        message_id=long,
        push_name=long,
        sent_at=2**62,
    )


@pytest.mark.parametrize(
    "inbound",
    [
        parse(odd(), ACCOUNT),
        parse_undecryptable(undecryptable(message_id="x" * 3000), ACCOUNT),
        read(Message(reactionMessage=e2e.ReactionMessage(key=about_message("y" * 999), text="\0"))),
    ],
)
def test_whatever_is_sent_can_be_stored(inbound: Inbound, database: Database):
    """Else one message from anybody would hold up everybody's."""
    with database.write() as connection:
        messages.receive(connection, inbound, NOW)
    with database.read() as connection:
        assert messages.list_undecided(connection)[0].inbound == inbound


def filled(draw: Any, message: Any, depth: int) -> Any:
    """Fill some of the fields of a protobuf, and some of theirs."""
    for field in draw(st.lists(st.sampled_from(list(message.DESCRIPTOR.fields)), max_size=3)):
        if field.message_type is None:
            if field.type == field.TYPE_STRING and not field.is_repeated:
                setattr(message, field.name, draw(st.text(max_size=5)))
            elif field.type == field.TYPE_ENUM and not field.is_repeated:
                value = draw(st.sampled_from([v.number for v in field.enum_type.values]))
                setattr(message, field.name, value)
        elif not field.is_repeated and depth:
            part = getattr(message, field.name)
            part.SetInParent()
            filled(draw, part, depth - 1)
    return message


@st.composite
def any_message(draw: Any) -> Any:
    return filled(draw, Message(), 4)


@settings(max_examples=200, deadline=None)
@given(any_message())
def test_nothing_is_too_odd_to_be_read(message):
    inbound = parse(event(message), ACCOUNT)
    assert inbound.kind in Kind
    assert "\0" not in inbound.text


# In a group --------------------------------------------------------------------------------------

GROUP = "120363000000000001@g.us"
OUR_LID = "100000000000009"


def in_group(message: Any, **about: Any) -> Inbound:
    return parse(event(message, GROUP, ALICE, **about), ACCOUNT, OUR_LID)


def extended(words: str, **context: Any) -> Any:
    about = e2e.ContextInfo(**context)
    return Message(extendedTextMessage=e2e.ExtendedTextMessage(text=words, contextInfo=about))


@pytest.mark.parametrize(
    "jid", [f"{ACCOUNT}@s.whatsapp.net", f"{ACCOUNT}:3@s.whatsapp.net", f"{OUR_LID}@lid"]
)
def test_whoever_mentions_or_quotes_us_speaks_to_us(jid):
    user = jid.partition("@")[0].partition(":")[0]
    mentioned = in_group(extended(f"@{user} what now?", mentionedJID=[ALICE, jid]))
    assert (mentioned.is_to_us, mentioned.text, mentioned.place) == (
        True,
        "what now?",
        Place.GROUP,
    )
    quoting = extended("and then?", stanzaID="OLD", participant=jid)
    assert in_group(quoting).is_to_us and in_group(quoting).quoted_id == "OLD"


@pytest.mark.parametrize(
    "message",
    [
        text(f"@{ACCOUNT} is what I typed by hand"),
        extended("hi", mentionedJID=[ALICE]),
        extended("hi", stanzaID="OLD", participant=ALICE),
        extended("hi", participant=f"{ACCOUNT}@s.whatsapp.net"),
        extended("hi", mentionedJID=["", "@", "@lid"]),
    ],
)
def test_others_do_not(message):
    assert not in_group(message).is_to_us
    assert in_group(message).text in (message.conversation, message.extendedTextMessage.text)


def test_without_a_hidden_id_nobody_is_taken_for_it():
    assert not parse(event(extended("hi", mentionedJID=["@lid"]), GROUP, ALICE), ACCOUNT).is_to_us


def test_a_caption_or_an_edit_may_mention_us():
    context = e2e.ContextInfo(mentionedJID=[f"{OUR_LID}@lid"])
    words = f"@{OUR_LID} what is this?"
    picture = Message(imageMessage=e2e.ImageMessage(caption=words, contextInfo=context))
    assert in_group(picture).is_to_us and in_group(picture).text == "what is this?"
    edit = edited("")
    edit.protocolMessage.editedMessage.CopyFrom(extended(words, mentionedJID=[f"{OUR_LID}@lid"]))
    assert (in_group(edit).is_to_us, in_group(edit).text) == (True, "what is this?")


def test_in_a_direct_chat_nothing_is_taken_out():
    mention = extended(f"@{ACCOUNT} hi", mentionedJID=[f"{ACCOUNT}@s.whatsapp.net"])
    assert (read(mention).is_to_us, read(mention).text) == (False, f"@{ACCOUNT} hi")


def test_a_key_alone_is_no_message():
    """The words follow under the same id."""
    keys = e2e.SenderKeyDistributionMessage(groupID="g")
    secret = e2e.MessageContextInfo(messageSecret=b"s" * 32)
    alone = Message(senderKeyDistributionMessage=keys, messageContextInfo=secret)
    assert is_only_a_key(event(alone, GROUP, ALICE))
    alone.conversation = "hi"
    assert not is_only_a_key(event(alone, GROUP, ALICE))
    assert not is_only_a_key(event(text("hi"), GROUP, ALICE))
    assert not is_only_a_key(event(Message(), GROUP, ALICE))
