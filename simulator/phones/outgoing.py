"""Messages on their way to linked devices: each is encrypted for the device and addressed to it.

Sources: whatsmeow's send.go, and what the client accepts.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.crypto.e2ee import pad
from simulator.phones import content, media
from simulator.service.account import Companion
from simulator.wire.jid import GROUP_SERVER, STATUS, Jid
from simulator.wire.node import Node, node
from simulator.wire.protobufs import e2e

if TYPE_CHECKING:
    from simulator.phones.handset import Handset

MEDIA_KINDS = {*media.KINDS, "locationMessage", "contactMessage"}


@dataclass
class Outgoing:
    """A message as it was sent, kept since devices may ask for it again."""

    message: Any  # waE2E.Message
    chat: Jid  # a group, status, or the person it is for
    id: str
    attrs: dict[str, str] = field(default_factory=dict)  # more of the stanza: edit, category
    file: bytes | None = None  # what the message refers to, encrypted
    for_group: bytes | None = None  # the one ciphertext for all members

    @property
    def in_group(self) -> bool:
        return self.chat.server == GROUP_SERVER


def send_to_device(
    handset: "Handset", companion: Companion, outgoing: Outgoing, count: int | None = None
) -> None:
    """Encrypt a message for one linked device, of any account, and deliver it.

    `count`: how often the device has asked for it again, if this is why it is sent.
    """
    mine = companion.account is handset.account
    if outgoing.in_group:
        parts = _encrypt_for_group(handset, companion, outgoing, count)
    else:
        parts = [_encrypt_for_device(handset, companion, _message_for(mine, outgoing), count)]
    origin = _origin_to_self(handset, outgoing) if mine else _origin(handset, outgoing)
    attrs = {
        "id": outgoing.id,
        "type": _stanza_type(outgoing.message),
        "t": handset.clockwork.seconds(),
        "notify": handset.name,
        **origin,
        **outgoing.attrs,
    }
    companion.deliver(node("message", *parts, **attrs))


def _message_for(mine: bool, outgoing: Outgoing) -> Any:
    """A device of the sender's own account gets a copy that names the chat (waE2E)."""
    if not mine or "category" in outgoing.attrs:
        return outgoing.message
    copy = e2e.DeviceSentMessage(destinationJID=str(outgoing.chat), message=outgoing.message)
    return e2e.Message(deviceSentMessage=copy)


def _encrypt_for_device(
    handset: "Handset", companion: Companion, message: Any, count: int | None
) -> Node:
    """The encrypted part of a message stanza that one device alone can read."""
    text = pad(message.SerializeToString(), handset.clockwork)
    sealed = handset.keyring.encrypt(companion.address, text, companion.bundle)
    data = handset.server.faults.maybe_corrupt("to_client", sealed.data)
    return node("enc", data, v=2, type=sealed.type, count=count)


def _encrypt_for_group(
    handset: "Handset", companion: Companion, outgoing: Outgoing, count: int | None
) -> list[Node]:
    """The key if the device lacks it, and the ciphertext for all; a repetition is pairwise."""
    if count is not None:
        handset.group_keys.introduce_again(outgoing.chat, companion.address)
        return [_encrypt_for_device(handset, companion, outgoing.message, count)]
    introduction = handset.group_keys.introduction(outgoing.chat, companion.address)
    parts = [_encrypt_for_device(handset, companion, introduction, None)] if introduction else []
    if outgoing.for_group is None or introduction:
        text = pad(outgoing.message.SerializeToString(), handset.clockwork)
        outgoing.for_group = handset.group_keys.encrypt(outgoing.chat, text)
    data = handset.server.faults.maybe_corrupt("to_client", outgoing.for_group)
    return [*parts, node("enc", data, v=2, type="skmsg")]


def _origin(handset: "Handset", outgoing: Outgoing) -> dict[str, Jid | str]:
    """Where a message comes from, as another account's device sees it."""
    if outgoing.in_group or outgoing.chat == STATUS:
        mode = "pn" if handset.addressing == "pn" else "lid"
        sender = {"participant": handset.jid, **_alternative(handset, "participant")}
        return {"from_": outgoing.chat, "addressing_mode": mode, **sender}
    return {"from_": handset.jid, **_alternative(handset, "sender")}


def _origin_to_self(handset: "Handset", outgoing: Outgoing) -> dict[str, Jid | str]:
    """Where a message comes from, as a device of the sender's own account sees it."""
    if "category" in outgoing.attrs:
        return {"from_": handset.account.jid}
    if outgoing.in_group:
        return _origin(handset, outgoing)
    return {"from_": handset.account.jid, "recipient": outgoing.chat}


def _alternative(handset: "Handset", who: str) -> dict[str, Jid | str]:
    """The sender's other address: the LID beside the number, or the number beside the LID."""
    if handset.addressing == "pn":
        return {f"{who}_lid": handset.account.lid}
    return {f"{who}_pn": handset.account.jid} if handset.addressing == "lid" else {}


def _stanza_type(message: Any) -> str:
    """The `type` that a message's stanza shows to the service."""
    kind = content.read(message).kind
    if kind in ("text", "reaction"):
        return kind
    if kind.startswith("pollCreation"):
        return "poll"
    return "media" if kind in MEDIA_KINDS else "text"
