"""What is asked for again: messages that could not be decrypted, files that are gone.

Source: whatsmeow's retry.go and mediaretry.go, and what the client sends and accepts.
"""

from typing import TYPE_CHECKING

from simulator.crypto.e2ee import Bundle, PreKey
from simulator.phones import media
from simulator.phones.outgoing import send_to_device
from simulator.service.account import Companion
from simulator.service.handlers import bundle_content
from simulator.wire.node import Node, node

if TYPE_CHECKING:
    from simulator.phones.handset import Handset

MAX_RETRIES = 5
NOT_ON_PHONE = 2  # why a file is not uploaded again


def ask_again(handset: "Handset", companion: Companion, stanza: Node) -> None:
    """A retry receipt; from the second time on, or without a session, it carries our keys."""
    message_id = stanza.text("id")
    handset.retries[message_id] += 1
    count = handset.retries[message_id]
    if count >= MAX_RETRIES:
        return
    about = {"id": message_id, "t": stanza.text("t")}
    chat = stanza.jid("recipient")  # set on the copies that a linked device sends its own phone
    bundle = handset.keyring.bundle()
    parts = [
        node("retry", count=count, v=1, **about),
        node("registration", bundle.registration_id.to_bytes(4, "big")),
    ]
    if count > 1 or not handset.keyring.knows(companion.address):
        parts.append(node("keys", *bundle_content(bundle)[1:]))
    origin = handset.answering(stanza)
    companion.deliver(node("receipt", *parts, type="retry", recipient=chat, **origin, **about))


def send_again(handset: "Handset", receipt: Node) -> None:
    companion = handset.server.companion(receipt.jid("from"))
    outgoing = handset.sent.get(receipt.text("id"))
    retry = receipt.child("retry")
    if companion is None or outgoing is None or retry is None:
        return
    if (keys := receipt.child("keys")) is not None:
        handset.keyring.start(companion.address, _read_bundle(receipt, keys))
    send_to_device(handset, companion, outgoing, int(retry.text("count", "1")))


def upload_again(handset: "Handset", receipt: Node) -> None:
    """A linked device could not download a file; source: whatsmeow's mediaretry.go."""
    message_id, asked = receipt.text("id"), receipt.child("rmr")
    companion = handset.server.companion(receipt.jid("from"))
    request, iv = receipt.child("encrypt", "enc_p"), receipt.child("encrypt", "enc_iv")
    if companion is None or asked is None or request is None or iv is None:
        return
    key = handset.phone.media_key(message_id)
    file = handset.files.get(message_id)
    if file is None or not media.is_retry_request(key, message_id, iv.data, request.data):
        parts = [node("error", code=NOT_ON_PHONE)]
    else:
        place, nonce = handset.server.media.keep(file), handset.clockwork.random(12)
        sealed = media.seal_retry(key, message_id, place.direct_path, nonce)
        parts = [node("encrypt", node("enc_p", sealed), node("enc_iv", nonce))]
    companion.deliver(
        handset.server.notification(
            "mediaretry", *parts, node("rmr", **asked.attrs), about=message_id
        )
    )


def _read_bundle(receipt: Node, keys: Node) -> Bundle:
    def data(*path: str) -> bytes:
        child = keys.child(*path)
        return child.data if child else b""

    def prekey(tag: str) -> PreKey:
        return PreKey(int.from_bytes(data(tag, "id"), "big"), data(tag, "value"))

    registration = receipt.child("registration")
    return Bundle(
        int.from_bytes(registration.data if registration else b"", "big"),
        data("identity"),
        prekey("skey"),
        data("skey", "signature"),
        prekey("key") if keys.child("key") else None,
    )
