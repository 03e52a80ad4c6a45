"""Files that travel beside messages: encrypted with a key that only the message carries.

Source: whatsmeow's upload.go, download.go and mediaretry.go, and the client's acceptance: 112 bytes
of HKDF with the kind's label give IV, cipher key, MAC key and a reference key; AES-CBC, then ten
bytes of HMAC-SHA256 over IV and ciphertext.
"""

import hmac
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from simulator.crypto.curve import hkdf, sha256
from simulator.crypto.ratchet import Undecryptable, aes_cbc_decrypt, aes_cbc_encrypt
from simulator.wire.protobufs import e2e, retry

MAC_SIZE = 10
RETRY_LABEL = b"WhatsApp Media Retry Notification"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file."""

    label: bytes  # in the key derivation
    name: str  # in the host's addresses


HISTORY = Kind(b"WhatsApp History Keys", "md-msg-hist")
KINDS = {
    "imageMessage": Kind(b"WhatsApp Image Keys", "image"),
    "stickerMessage": Kind(b"WhatsApp Image Keys", "image"),
    "videoMessage": Kind(b"WhatsApp Video Keys", "video"),
    "audioMessage": Kind(b"WhatsApp Audio Keys", "audio"),
    "documentMessage": Kind(b"WhatsApp Document Keys", "document"),
}


class BadMedia(Exception):
    """The file is not what the message says."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """An encrypted file with what a message has to say about it."""

    data: bytes
    key: bytes
    plain_hash: bytes
    plain_size: int

    def fields(self) -> dict[str, Any]:
        """The fields that all protobuf messages with a file share, but for its address."""
        return {
            "mediaKey": self.key,
            "fileSHA256": self.plain_hash,
            "fileEncSHA256": sha256(self.data),
            "fileLength": self.plain_size,
        }


def seal(data: bytes, kind: Kind, key: bytes) -> Sealed:
    """Encrypt a file under a fresh `key` of 32 bytes."""
    iv, cipher_key, mac_key = _keys(key, kind)
    sealed = aes_cbc_encrypt(cipher_key, iv, data)
    mac = hmac.digest(mac_key, iv + sealed, "sha256")[:MAC_SIZE]
    return Sealed(sealed + mac, key, sha256(data), len(data))


def open_sealed(sealed: bytes, kind: Kind, about: Any) -> bytes:
    """The file; `about` is the part of the message that describes it. Raises BadMedia."""
    if sha256(sealed) != about.fileEncSHA256:
        raise BadMedia("the encrypted file has another hash")
    iv, cipher_key, mac_key = _keys(about.mediaKey, kind)
    body, mac = sealed[:-MAC_SIZE], sealed[-MAC_SIZE:]
    if not hmac.compare_digest(hmac.digest(mac_key, iv + body, "sha256")[:MAC_SIZE], mac):
        raise BadMedia("the file's MAC does not fit")
    try:
        data = aes_cbc_decrypt(cipher_key, iv, body)
    except Undecryptable as error:
        raise BadMedia(str(error)) from error
    if sha256(data) != about.fileSHA256:
        raise BadMedia("the file has another hash")
    return data


def part(message: "e2e.Message") -> tuple[Kind, Any] | None:
    """The kind of file that a message carries and the part that describes it."""
    for name, kind in KINDS.items():
        if message.HasField(name):
            return kind, getattr(message, name)
    return None


def seal_retry(key: bytes, message_id: str, direct_path: str, iv: bytes) -> bytes:
    """What the phone tells a linked device when it has uploaded a file again."""
    notification = retry.MediaRetryNotification(
        stanzaID=message_id,
        directPath=direct_path,
        result=retry.MediaRetryNotification.SUCCESS,
    )
    return _retry_cipher(key).encrypt(iv, notification.SerializeToString(), message_id.encode())


def is_retry_request(key: bytes, message_id: str, iv: bytes, sealed: bytes) -> bool:
    """Whether a linked device that knows the file's key asks for it."""
    try:
        plain = _retry_cipher(key).decrypt(iv, sealed, message_id.encode())
    except (InvalidTag, ValueError):
        return False
    return bool(retry.ServerErrorReceipt.FromString(plain).stanzaID == message_id)


def _retry_cipher(key: bytes) -> AESGCM:
    return AESGCM(hkdf(key, 32, info=RETRY_LABEL))


def _keys(key: bytes, kind: Kind) -> tuple[bytes, bytes, bytes]:
    expanded = hkdf(key, 112, info=kind.label)
    return expanded[:16], expanded[16:48], expanded[48:80]
