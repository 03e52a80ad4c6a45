"""Sender keys: one ciphertext for a whole group, readable for those who were given the key.

Source: Signal's sender keys as libsignal writes them (SenderKeyMessage and
SenderKeyDistributionMessage, version 3, "WhisperGroup"), and the client's acceptance.
"""

from dataclasses import dataclass

from simulator.clockwork import Clockwork
from simulator.crypto.curve import KEY_TYPE, KeyPair, hkdf, is_signed_by
from simulator.crypto.protofields import decode_fields, encode_fields
from simulator.crypto.ratchet import (
    VERSION,
    Chain,
    Undecryptable,
    aes_cbc_decrypt,
    aes_cbc_encrypt,
    seek,
)

SIGNATURE_SIZE = 64


class SenderKey:
    """The key with which one device writes to one group."""

    def __init__(self, clockwork: Clockwork):
        self._clockwork = clockwork
        self._id = clockwork.number(1 << 31)
        self._chain = Chain(clockwork.random(32))
        self._signing = KeyPair(clockwork.random(32))

    def distribution(self) -> bytes:
        """What a member needs to read the messages from now on."""
        return VERSION + encode_fields(
            (1, self._id),
            (2, self._chain.counter),
            (3, self._chain.key),
            (4, KEY_TYPE + self._signing.public),
        )

    def encrypt(self, plaintext: bytes) -> bytes:
        """The next message to the group."""
        number = self._chain.counter
        iv, cipher_key = _message_keys(self._chain.next_seed())
        body = VERSION + encode_fields(
            (1, self._id), (2, number), (3, aes_cbc_encrypt(cipher_key, iv, plaintext))
        )
        return body + self._signing.sign(body, self._clockwork.random(64))


@dataclass(slots=True)
class ReceivedKey:
    """Another device's key for one group, as it was handed to us."""

    id: int
    chain: Chain
    signing: bytes

    @classmethod
    def parse(cls, distribution: bytes) -> "ReceivedKey":
        """Raises Undecryptable for anything that is no distribution message."""
        fields = _fields(distribution)
        key, signing = fields.get(3), fields.get(4)
        if not isinstance(key, bytes) or not isinstance(signing, bytes) or len(signing) != 33:
            raise Undecryptable("malformed sender key")
        return cls(int(fields.get(1, 0)), Chain(key, int(fields.get(2, 0))), signing[1:])

    def decrypt(self, message: bytes) -> bytes:
        """The plaintext. Raises Undecryptable and then changes nothing."""
        body, signature = message[:-SIGNATURE_SIZE], message[-SIGNATURE_SIZE:]
        fields = _fields(body)
        text = fields.get(3)
        if not isinstance(text, bytes) or fields.get(1) != self.id:
            raise Undecryptable("a message under another sender key")
        if not is_signed_by(self.signing, body, signature):
            raise Undecryptable("the group message is not signed by its sender")
        ahead, seed = seek(self.chain, int(fields.get(2, 0)))
        iv, cipher_key = _message_keys(seed)
        plaintext = aes_cbc_decrypt(cipher_key, iv, text)
        self.chain = ahead
        return plaintext


def _fields(data: bytes) -> dict[int, int | bytes]:
    try:
        if data[:1] != VERSION:
            raise ValueError("another version")
        return decode_fields(data[1:])
    except ValueError as error:
        raise Undecryptable(f"malformed group message: {error}") from error


def _message_keys(seed: bytes) -> tuple[bytes, bytes]:
    keys = hkdf(seed, 48, info=b"WhisperGroup")
    return keys[:16], keys[16:]
