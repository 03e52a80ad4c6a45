"""The door where WhatsApp's words become ours: a library event in, an `Inbound` out.

Works on the event's protobuf fields without importing the library. Field facts: neonize 0.5.2,
`Neonize.proto` and `waE2E.proto` of the installed package, tried against the simulator.

The sender decides what is in these fields. So nothing here raises on odd content, and
what comes out fits every database: no NUL, which PostgreSQL refuses, and no id without an end.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from core.admission import group
from core.errors import InvalidPhone
from core.messages import attachment
from core.messages.message import Inbound, Kind, Place
from core.phone import Phone
from worker.connection import attachments

PHONE_SERVER = "s.whatsapp.net"
LID_SERVER = "lid"

ID_LENGTH = 200  # as the columns are wide
ADDRESS_LENGTH = 100

# waE2E.Message's fields, in the order in which they decide what a message is.
_KINDS = (
    ("imageMessage", Kind.IMAGE),
    ("videoMessage", Kind.VIDEO),
    ("ptvMessage", Kind.VIDEO),
    ("documentMessage", Kind.DOCUMENT),
    ("stickerMessage", Kind.STICKER),
    ("locationMessage", Kind.LOCATION),
    ("liveLocationMessage", Kind.LOCATION),
    ("contactMessage", Kind.CONTACT),
    ("contactsArrayMessage", Kind.CONTACT),
    ("pollCreationMessage", Kind.POLL),
    ("pollCreationMessageV2", Kind.POLL),
    ("pollCreationMessageV3", Kind.POLL),
    ("pollCreationMessageV5", Kind.POLL),
    ("pollCreationMessageV6", Kind.POLL),
    ("reactionMessage", Kind.REACTION),
    ("encReactionMessage", Kind.REACTION),
)
# Nothing is said with these: keys, votes, pins, calls, the cover of an album whose pictures
# follow one by one, changes that only the sender's other devices can read.
_SILENT = frozenset(
    {
        "messageContextInfo",
        "senderKeyDistributionMessage",
        "fastRatchetKeySenderKeyDistributionMessage",
        "groupRootKeyShare",
        "rootSecretDistributeMessage",
        "pollUpdateMessage",
        "pollAddOptionMessage",
        "pollResultSnapshotMessage",
        "pollResultSnapshotMessageV3",
        "encEventResponseMessage",
        "keepInChatMessage",
        "pinInChatMessage",
        "stickerSyncRmrMessage",
        "albumMessage",
        "call",
        "callLogMesssage",
        "scheduledCallEditMessage",
        "messageHistoryBundle",
        "messageHistoryNotice",
        "placeholderMessage",
        "secretEncryptedMessage",
        "statusNotificationMessage",
    }
)
_KEY_PARTS = {"messageContextInfo", "senderKeyDistributionMessage"}
_CAPTIONED = ("imageMessage", "videoMessage", "documentMessage", "liveLocationMessage")
_WRAPPERS = ("FutureProofMessage", "DeviceSentMessage")
_REVOKE, _EDIT = 0, 14  # waE2E.ProtocolMessage.Type


def format_address(jid: Any) -> str:
    """A WhatsApp address as text, without the device: what core and store keep and hand back."""
    return _clean(f"{jid.User}@{jid.Server}", ADDRESS_LENGTH)


def find_phone(*jids: Any) -> Phone | None:
    """The first of these addresses that is a phone number."""
    for jid in jids:
        if jid.Server == PHONE_SERVER and jid.User:
            with suppress(InvalidPhone):
                return Phone.from_digits(jid.User)
    return None


def is_only_a_key(event: Any) -> bool:
    """Whether this is nothing but the key to a message in a group. The library hands the two parts
    of one message over one after the other, under the same id: the key must not take the place of
    what is said."""
    named = {descriptor.name for descriptor, _ in event.Message.ListFields()}
    return "senderKeyDistributionMessage" in named and named <= _KEY_PARTS


def parse(event: Any, account: str, lid: str = "") -> Inbound:
    """A message event as the rest of the product knows it. Pure; never raises on odd content.

    `account` are our number's digits, `lid` those of our hidden id: both may be mentioned.
    """
    message = _unwrap_message(event.Message)
    kind, text, target = _read_content(message)
    quoted_id, quoted_text = _find_quote(message)
    envelope = _read_envelope(event.Info, account)
    is_in_group = envelope["place"] is Place.GROUP
    ours = {account, lid} - {""} if is_in_group else set()
    is_to_us = is_in_group and _is_to(ours, message)
    return Inbound(
        **envelope,
        message_id=_clean(event.Info.ID, ID_LENGTH),
        kind=kind,
        text=_clean(group.without_mentions(text, ours) if is_to_us else text),
        is_to_us=is_to_us,
        quoted_id=quoted_id and _clean(quoted_id, ID_LENGTH),
        quoted_text=quoted_text and _clean(quoted_text),
        target_id=target and _clean(target, ID_LENGTH),
        facts=attachments.read_facts(message, view_once=_is_view_once(event)),
        raw=event.Message.SerializeToString(),
    )


def parse_undecryptable(event: Any, account: str) -> Inbound:
    """A message that could not be read: who sent it, and that there was one. What WhatsApp keeps
    from linked devices (`IsUnavailable`: to be viewed once) never comes again, so that is a remark
    like others."""
    mark = "/undecryptable"
    return Inbound(
        **_read_envelope(event.Info, account),
        # The phone is asked to send it again under the same id: that copy must not be a duplicate.
        message_id=_clean(event.Info.ID, ID_LENGTH - len(mark)) + mark,
        kind=Kind.OTHER if event.IsUnavailable else Kind.UNDECRYPTABLE,
        text="",
        facts={"unavailable": True} if event.IsUnavailable else None,
    )


def _read_envelope(info: Any, account: str) -> dict[str, Any]:
    """All but the content: who wrote where, and when."""
    source = info.MessageSource
    who = _list_person_addresses(source)
    return {
        "account": account,
        "chat": format_address(source.Chat),
        "sender": format_address(source.Sender),
        "place": _find_place(source.Chat),
        "sent_at": read_time(info.Timestamp),
        "from_me": source.IsFromMe,
        "phone": find_phone(*who),
        "lid": _find_lid(*who),
        "push_name": _clean(info.Pushname, ID_LENGTH),
    }


def _list_person_addresses(source: Any) -> tuple[Any, ...]:
    """The addresses of the sender; of the reader, if our own phone has sent it."""
    if not source.IsFromMe:
        return (source.Sender, source.SenderAlt)
    return (source.Chat, source.RecipientAlt) if _find_place(source.Chat) is Place.DIRECT else ()


def _is_view_once(event: Any) -> bool:
    return bool(event.IsViewOnce or event.IsViewOnceV2 or event.IsViewOnceV2Extension)


def _read_content(message: Any) -> tuple[Kind, str, str | None]:
    """What it is, its text or caption, and the id of the message it is about, if any."""
    if message.conversation:
        return Kind.TEXT, message.conversation, None
    if message.HasField("extendedTextMessage"):
        return Kind.TEXT, message.extendedTextMessage.text, None
    if message.HasField("protocolMessage"):
        return _read_protocol(message.protocolMessage)
    if message.HasField("audioMessage"):
        return (Kind.VOICE if message.audioMessage.PTT else Kind.AUDIO), "", None
    for field, kind in _KINDS:
        if message.HasField(field):
            target = message.reactionMessage.key.ID if field == "reactionMessage" else ""
            return kind, _read_caption(message, field), target or None
    is_silent = all(descriptor.name in _SILENT for descriptor, _ in message.ListFields())
    return (Kind.PROTOCOL if is_silent else Kind.OTHER), "", None


def _unwrap_message(message: Any) -> Any:
    """What is inside wrappers such as “disappearing”, “view once” or “edited”. The library takes
    off the common ones, but not those inside a quote. Parsing has limited how deep they go."""
    while inside := _find_inner(message):
        message = inside
    return message


def _find_inner(message: Any) -> Any:
    for descriptor, part in message.ListFields():
        kind = descriptor.message_type
        if kind is not None and kind.name in _WRAPPERS and part.HasField("message"):
            return part.message
    return None


def _read_protocol(protocol: Any) -> tuple[Kind, str, str | None]:
    if protocol.type == _REVOKE and protocol.key.ID:
        return Kind.DELETE, "", protocol.key.ID
    if protocol.type == _EDIT:
        _, text, _ = _read_content(_unwrap_message(protocol.editedMessage))
        return Kind.EDIT, text, protocol.key.ID or None
    return Kind.PROTOCOL, "", None


def _read_caption(message: Any, field: str) -> str:
    part = getattr(message, field)
    if field == "reactionMessage":
        return str(part.text)
    return str(part.caption) if field in _CAPTIONED else ""


def _find_quote(message: Any) -> tuple[str | None, str | None]:
    """The id and the text of the message this one answers."""
    for context in _list_contexts(message):
        if context.stanzaID:
            return context.stanzaID, _read_quoted(_unwrap_message(context.quotedMessage)) or None
    return None, None


def _is_to(ours: set[str], message: Any) -> bool:
    """Whether it mentions us, or answers a message of ours. An edit does if its new text does."""
    if message.HasField("protocolMessage"):
        message = _unwrap_message(message.protocolMessage.editedMessage)
    return any(
        _read_user(jid) in ours
        for context in _list_contexts(message)
        for jid in (*context.mentionedJID, context.participant if context.stanzaID else "")
    )


def _list_contexts(message: Any) -> Iterator[Any]:
    """What a message says of its surroundings, in whichever of its parts."""
    for descriptor, part in message.ListFields():
        if descriptor.message_type is None or descriptor.is_repeated:
            continue
        if "contextInfo" in part.DESCRIPTOR.fields_by_name and part.HasField("contextInfo"):
            yield part.contextInfo


def _read_user(jid: str) -> str:
    """Who it is, whichever of their devices: the address is text here."""
    return re.split("[@:.]", jid, maxsplit=1)[0]


def _read_quoted(message: Any) -> str:
    """What was quoted, in words: also a picture has to be called something."""
    kind, text, _ = _read_content(message)
    if kind in (Kind.TEXT, Kind.EDIT, Kind.PROTOCOL, Kind.DELETE, Kind.REACTION):
        return text
    return f"[{attachment.find_name(kind, attachments.read_facts(message))}] {text}".rstrip()


def _find_place(chat: Any) -> Place:
    if chat.Server in (PHONE_SERVER, LID_SERVER):
        return Place.DIRECT
    if chat.Server == "g.us":
        return Place.GROUP
    if (chat.User, chat.Server) == ("status", "broadcast"):
        return Place.STATUS
    return Place.OTHER


def _find_lid(*jids: Any) -> str | None:
    return next(
        (format_address(jid) for jid in jids if jid.Server == LID_SERVER and jid.User), None
    )


def read_time(milliseconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)  # a moment that no calendar has


def _clean(text: str, length: int | None = None) -> str:
    return text.replace("\0", "\ufffd")[:length]
