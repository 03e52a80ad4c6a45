"""The double ratchet of Signal protocol version 3: one session state with one other device.

A state changes only when a message was proved genuine: a forged or damaged one changes nothing.
Source: Signal's specifications of X3DH and the double ratchet, with libsignal's labels and limits.
"""

import hmac
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from simulator.crypto.curve import KEY_TYPE, KeyPair, hkdf
from simulator.crypto.protofields import decode_fields, encode_fields

VERSION = b"\x33"
MAC_SIZE = 8
BLOCK = 16
MAX_SKIPPED = 2000  # message keys kept for messages that are still on their way
MAX_CHAINS = 5  # the other side's older ratchet keys


class Undecryptable(Exception):
    """The message can't be decrypted with what is known."""


class DuplicateMessage(Undecryptable):
    """The message's key was used before."""


@dataclass(slots=True)
class Chain:
    """One direction of a session, up to the next step of the ratchet."""

    key: bytes
    counter: int = 0  # of the message whose key comes next
    # Seeds of messages that have not come yet, by counter: they may have been overtaken.
    skipped: dict[int, bytes] = field(default_factory=dict)

    def next_seed(self) -> bytes:
        seed = hmac.digest(self.key, b"\x01", "sha256")
        self.key = hmac.digest(self.key, b"\x02", "sha256")
        self.counter += 1
        return seed


class SignalMessage(NamedTuple):
    """A parsed ratchet message."""

    ratchet_key: bytes
    counter: int
    previous_counter: int
    ciphertext: bytes
    signed: bytes  # what the MAC covers
    mac: bytes

    @classmethod
    def parse(cls, data: bytes) -> "SignalMessage":
        """Raises Undecryptable for anything that is no version 3 message."""
        if len(data) < 1 + MAC_SIZE or data[:1] != VERSION:
            raise Undecryptable("not a Signal message of version 3")
        try:
            fields = decode_fields(data[1:-MAC_SIZE])
            key, text = fields[1], fields[4]
        except (ValueError, KeyError) as error:
            raise Undecryptable(f"malformed Signal message: {error}") from error
        if not isinstance(key, bytes) or len(key) != 33 or not isinstance(text, bytes):
            raise Undecryptable("malformed Signal message")
        counter, previous = (int(fields.get(n, 0)) for n in (2, 3))
        return cls(key[1:], counter, previous, text, data[:-MAC_SIZE], data[-MAC_SIZE:])


class SessionState:
    """Both chains with one other device. `base_key` tells sessions of the same pair apart."""

    def __init__(
        self,
        own_identity: bytes,
        their_identity: bytes,
        base_key: bytes,
        random: Callable[[int], bytes] = os.urandom,
    ):
        self.own_identity, self.their_identity = own_identity, their_identity
        self.base_key, self._random = base_key, random
        self.root_key = b""
        self.ratchet = KeyPair(random(32))
        self.sending: Chain | None = None
        self.receiving: dict[bytes, Chain] = {}
        self.previous_counter = 0

    def start_sending(self, root_key: bytes, chain_key: bytes, their_ratchet: bytes) -> None:
        """The side that starts: it has the other's signed prekey for its first ratchet step."""
        self.receiving[their_ratchet] = Chain(chain_key)
        self.root_key, sending = _step(root_key, self.ratchet.agree(their_ratchet))
        self.sending = Chain(sending)

    def start_receiving(self, root_key: bytes, chain_key: bytes, own_ratchet: KeyPair) -> None:
        """The side that is written to: its signed prekey is its first ratchet key."""
        self.root_key, self.ratchet, self.sending = root_key, own_ratchet, Chain(chain_key)

    def encrypt(self, plaintext: bytes) -> bytes:
        """The next message of the sending chain."""
        assert self.sending is not None
        counter = self.sending.counter
        cipher_key, mac_key, iv = _message_keys(self.sending.next_seed())
        body = VERSION + encode_fields(
            (1, KEY_TYPE + self.ratchet.public),
            (2, counter),
            (3, self.previous_counter),
            (4, aes_cbc_encrypt(cipher_key, iv, plaintext)),
        )
        return body + _mac(mac_key, self.own_identity, self.their_identity, body)

    def decrypt(self, message: SignalMessage) -> bytes:
        """The plaintext; raises Undecryptable and then leaves the state as it was."""
        chain = self.receiving.get(message.ratchet_key)
        turn = None if chain else self._turn(message.ratchet_key)
        chain = chain or turn[2]  # type: ignore[index]
        ahead, seed = seek(chain, message.counter)
        plaintext = self._open(message, seed)
        chain.key, chain.counter = ahead.key, ahead.counter
        chain.skipped = ahead.skipped
        if turn:
            self._commit(message.ratchet_key, *turn)
        return plaintext

    def _turn(self, their_ratchet: bytes) -> tuple[bytes, KeyPair, Chain, Chain]:
        """What a new ratchet key of theirs leads to: root, own next key, both chains."""
        try:
            root, receiving = _step(self.root_key, self.ratchet.agree(their_ratchet))
            own = KeyPair(self._random(32))
            root, sending = _step(root, own.agree(their_ratchet))
        except ValueError as error:
            raise Undecryptable("bad ratchet key") from error
        return root, own, Chain(receiving), Chain(sending)

    def _commit(
        self, their_ratchet: bytes, root: bytes, own: KeyPair, receiving: Chain, sending: Chain
    ) -> None:
        self.previous_counter = max((self.sending.counter if self.sending else 0) - 1, 0)
        self.root_key, self.ratchet, self.sending = root, own, sending
        self.receiving[their_ratchet] = receiving
        while len(self.receiving) > MAX_CHAINS:
            del self.receiving[next(iter(self.receiving))]

    def _open(self, message: SignalMessage, seed: bytes) -> bytes:
        cipher_key, mac_key, iv = _message_keys(seed)
        expected = _mac(mac_key, self.their_identity, self.own_identity, message.signed)
        if not hmac.compare_digest(expected, message.mac):
            raise Undecryptable("the MAC does not fit")
        return aes_cbc_decrypt(cipher_key, iv, message.ciphertext)


def seek(chain: Chain, counter: int) -> tuple[Chain, bytes]:
    """The chain as it is after message `counter`, and the seed of that message's keys."""
    if counter < chain.counter:
        if counter not in chain.skipped:
            raise DuplicateMessage(f"message {counter} was received before")
        rest = {n: seed for n, seed in chain.skipped.items() if n != counter}
        return Chain(chain.key, chain.counter, rest), chain.skipped[counter]
    if counter - chain.counter > MAX_SKIPPED:
        raise Undecryptable("too many messages are missing")
    ahead = Chain(chain.key, chain.counter, chain.skipped)
    if counter > chain.counter:
        ahead.skipped = dict(chain.skipped)
    while ahead.counter < counter:
        number = ahead.counter
        ahead.skipped[number] = ahead.next_seed()
    while len(ahead.skipped) > MAX_SKIPPED:
        del ahead.skipped[next(iter(ahead.skipped))]
    return ahead, ahead.next_seed()


def _step(root_key: bytes, secret: bytes) -> tuple[bytes, bytes]:
    keys = hkdf(secret, 64, salt=root_key, info=b"WhisperRatchet")
    return keys[:32], keys[32:]


def _message_keys(seed: bytes) -> tuple[bytes, bytes, bytes]:
    keys = hkdf(seed, 80, info=b"WhisperMessageKeys")
    return keys[:32], keys[32:64], keys[64:]


def _mac(key: bytes, sender: bytes, receiver: bytes, body: bytes) -> bytes:
    covered = KEY_TYPE + sender + KEY_TYPE + receiver + body
    return hmac.digest(key, covered, "sha256")[:MAC_SIZE]


def aes_cbc_encrypt(key: bytes, iv: bytes, plaintext: bytes) -> bytes:
    """AES-CBC with PKCS #7 padding."""
    fill = BLOCK - len(plaintext) % BLOCK
    cipher = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return cipher.update(plaintext + bytes((fill,)) * fill) + cipher.finalize()


def aes_cbc_decrypt(key: bytes, iv: bytes, ciphertext: bytes) -> bytes:
    """Raises Undecryptable when length or padding are wrong."""
    if not ciphertext or len(ciphertext) % BLOCK:
        raise Undecryptable("not a whole number of blocks")
    cipher = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    padded = cipher.update(ciphertext) + cipher.finalize()
    if not 1 <= padded[-1] <= BLOCK:
        raise Undecryptable("bad padding")
    return padded[: -padded[-1]]
