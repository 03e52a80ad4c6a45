"""What people put into messages, to and from the protocol's `waE2E.Message`."""

from typing import Any, NamedTuple

from simulator.wire.protobufs import common, e2e

WRAPPERS = (
    "ephemeralMessage",
    "viewOnceMessage",
    "viewOnceMessageV2",
    "documentWithCaptionMessage",
    "editedMessage",
)


class Content(NamedTuple):
    """A message as a person sees it."""

    kind: str  # text, reaction, edit, delete, or for anything else the protobuf field's name
    text: str = ""
    target: str | None = None  # the message that a reaction, edit, delete or quote is about


def text(
    body: str, quoted: "e2e.ContextInfo | None" = None, mentioned: str | None = None
) -> "e2e.Message":
    """A text message, as phones send it: plain, or extended when it quotes or mentions a JID."""
    if quoted is None and mentioned is None:
        return e2e.Message(conversation=body)
    context = quoted or e2e.ContextInfo()
    if mentioned:
        context.mentionedJID.append(mentioned)
    return e2e.Message(
        extendedTextMessage=e2e.ExtendedTextMessage(text=body, contextInfo=context),
    )


def quote(message_id: str, author: str, body: str) -> "e2e.ContextInfo":
    """The reference to a message that another one answers; `author` is a JID."""
    return e2e.ContextInfo(
        stanzaID=message_id, participant=author, quotedMessage=e2e.Message(conversation=body)
    )


def reaction(key: "common.MessageKey", emoji: str) -> "e2e.Message":
    """A reaction; an empty emoji takes it back."""
    return e2e.Message(reactionMessage=e2e.ReactionMessage(key=key, text=emoji))


def edit(key: "common.MessageKey", body: str) -> "e2e.Message":
    """The new text of an own message, wrapped as phones do."""
    protocol = e2e.ProtocolMessage(
        key=key, type=e2e.ProtocolMessage.MESSAGE_EDIT, editedMessage=text(body)
    )
    inner = e2e.Message(protocolMessage=protocol)
    return e2e.Message(editedMessage=e2e.FutureProofMessage(message=inner))


def delete(key: "common.MessageKey") -> "e2e.Message":
    """Delete an own message for everyone."""
    protocol = e2e.ProtocolMessage(key=key, type=e2e.ProtocolMessage.REVOKE)
    return e2e.Message(protocolMessage=protocol)


def key(
    chat: str, message_id: str, *, from_me: bool, author: str | None = None
) -> "common.MessageKey":
    """The reference to a message in `chat`, a JID; in a group `author` is who wrote it."""
    return common.MessageKey(remoteJID=chat, fromMe=from_me, ID=message_id, participant=author)


def unwrap(message: Any) -> Any:
    """The message inside the wrappers that only say how to show it."""
    for _ in range(len(WRAPPERS)):
        wrapper = next((name for name in WRAPPERS if message.HasField(name)), None)
        if wrapper is None:
            break
        message = getattr(message, wrapper).message
    return message


def read(message: Any) -> Content:
    """A decrypted message as a person sees it."""
    if message.HasField("conversation"):  # most are that, and in no wrapper
        return Content("text", message.conversation)
    message = unwrap(message)
    if message.HasField("conversation"):
        return Content("text", message.conversation)
    if message.HasField("extendedTextMessage"):
        extended = message.extendedTextMessage
        return Content("text", extended.text, extended.contextInfo.stanzaID or None)
    if message.HasField("reactionMessage"):
        return Content("reaction", message.reactionMessage.text, message.reactionMessage.key.ID)
    if message.HasField("protocolMessage"):
        return _read_protocol(message.protocolMessage)
    return _read_other(message)


def _read_protocol(protocol: Any) -> Content:
    if protocol.type == e2e.ProtocolMessage.MESSAGE_EDIT:
        return Content("edit", read(protocol.editedMessage).text, protocol.key.ID)
    if protocol.type == e2e.ProtocolMessage.REVOKE:
        return Content("delete", "", protocol.key.ID)
    return Content(e2e.ProtocolMessage.Type.Name(protocol.type).lower())


def _read_other(message: Any) -> Content:
    for field, value in message.ListFields():
        if field.name not in ("messageContextInfo", "senderKeyDistributionMessage"):
            quoted = getattr(value, "contextInfo", None)
            target = quoted.stanzaID or None if quoted is not None else None
            # The words that come with a picture, a file, a place, a card or a poll.
            names = ("caption", "name", "displayName", "fileName")
            words = (getattr(value, name, "") for name in names)
            return Content(field.name, next(filter(None, words), ""), target)
    return Content("empty")
