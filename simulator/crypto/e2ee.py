"""End-to-end encryption of one device: its keys, and its sessions with other devices.

X3DH starts a session ("WhisperText"), the double ratchet carries it on. There may be several states
for one other device (both sides may start at once): the one that last decrypted a message is used.
"""

import itertools
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import NamedTuple

from simulator.clockwork import SYSTEM, Clockwork
from simulator.crypto.curve import KEY_TYPE, KeyPair, hkdf, is_signed_by
from simulator.crypto.protofields import decode_fields, encode_fields
from simulator.crypto.ratchet import VERSION, SessionState, SignalMessage, Undecryptable

MAX_STATES = 10


@dataclass(frozen=True, slots=True)
class PreKey:
    id: int
    public: bytes


@dataclass(frozen=True, slots=True)
class Bundle:
    """What one needs to write to a device for the first time."""

    registration_id: int
    identity: bytes
    signed_prekey: PreKey
    signature: bytes
    prekey: PreKey | None = None


class Sealed(NamedTuple):
    """An encrypted message."""

    type: str  # pkmsg until the other device has answered, then msg
    data: bytes


@dataclass(slots=True)
class _Session:
    state: SessionState
    announcement: tuple[tuple[int, int | bytes | None], ...] | None = None


class Keyring:
    """One device's identity, prekeys and sessions. Not for use by several threads at once."""

    def __init__(self, clockwork: Clockwork = SYSTEM) -> None:
        self._clockwork = clockwork
        self.identity = self._new_key()
        self.registration_id = clockwork.number(16380) + 1
        self._signed_prekey = self._new_key()
        self._signature = self.sign(KEY_TYPE + self._signed_prekey.public)
        self._prekeys: dict[int, KeyPair] = {}
        self._next_id = itertools.count(1)
        self._sessions: dict[Hashable, list[_Session]] = {}

    def bundle(self) -> Bundle:
        """Keys for one new session; each bundle carries a fresh one-time prekey."""
        number, key = next(self._next_id), self._new_key()
        self._prekeys[number] = key
        signed = self._signed_prekey.public
        return Bundle(
            self.registration_id,
            self.identity.public,
            PreKey(1, signed),
            self._signature,
            PreKey(number, key.public),
        )

    def sign(self, message: bytes) -> bytes:
        """The identity's signature, 64 bytes."""
        return self.identity.sign(message, self._clockwork.random(64))

    def knows(self, device: Hashable) -> bool:
        """Whether there is a session with `device`."""
        return device in self._sessions

    def forget(self, device: Hashable) -> None:
        """Drop all sessions with `device`."""
        self._sessions.pop(device, None)

    def encrypt(self, device: Hashable, text: bytes, fetch: Callable[[], Bundle]) -> Sealed:
        """Encrypt for `device`; `fetch` gives its keys when there is no session yet."""
        if device not in self._sessions:
            self.start(device, fetch())
        session = self._sessions[device][0]
        message = session.state.encrypt(text)
        if session.announcement is None:
            return Sealed("msg", message)
        return Sealed("pkmsg", VERSION + encode_fields(*session.announcement, (4, message)))

    def start(self, device: Hashable, theirs: Bundle) -> None:
        """Begin a session as the one who writes first. Raises ValueError for a bad signature."""
        signed = theirs.signed_prekey
        if not is_signed_by(theirs.identity, KEY_TYPE + signed.public, theirs.signature):
            raise ValueError("the signed prekey is not signed by its identity")
        base = self._new_key()
        secrets = [
            self.identity.agree(signed.public),
            base.agree(theirs.identity),
            base.agree(signed.public),
            *([base.agree(theirs.prekey.public)] if theirs.prekey else []),
        ]
        state = self._new_state(theirs.identity, base.public)
        state.start_sending(*_root_and_chain(secrets), signed.public)
        announcement = (
            (1, theirs.prekey.id if theirs.prekey else None),
            (2, KEY_TYPE + base.public),
            (3, KEY_TYPE + self.identity.public),
            (5, self.registration_id),
            (6, signed.id),
        )
        self._promote(device, _Session(state, announcement))

    def decrypt(self, device: Hashable, sealed: Sealed) -> bytes:
        """The plaintext from `device`. Raises Undecryptable and then changes nothing."""
        if sealed.type == "msg":
            return self._decrypt_with(device, self._sessions.get(device, []), sealed.data)
        if sealed.type != "pkmsg" or sealed.data[:1] != VERSION:
            raise Undecryptable(f"unknown kind of message: {sealed.type}")
        return self._decrypt_first(device, sealed.data)

    def _decrypt_with(self, device: Hashable, sessions: list[_Session], data: bytes) -> bytes:
        message = SignalMessage.parse(data)
        failure = Undecryptable("no session")
        for session in sessions:
            try:
                text = session.state.decrypt(message)
            except Undecryptable as error:
                failure = error if failure.args == ("no session",) else failure
                continue
            session.announcement = None
            self._promote(device, session)
            return text
        raise failure

    def _decrypt_first(self, device: Hashable, data: bytes) -> bytes:
        try:
            fields = decode_fields(data[1:])
            base, identity = bytes(fields[2])[1:], bytes(fields[3])[1:]
            message = bytes(fields[4])
        except (ValueError, KeyError, TypeError) as error:
            raise Undecryptable("malformed prekey message") from error
        known = [s for s in self._sessions.get(device, []) if s.state.base_key == base]
        if known:
            return self._decrypt_with(device, known, message)
        prekey_id = fields.get(1)
        session = _Session(self._answer(base, identity, prekey_id))
        text = self._decrypt_with(device, [session], message)
        if isinstance(prekey_id, int):
            self._prekeys.pop(prekey_id, None)
        return text

    def _answer(self, base: bytes, identity: bytes, prekey_id: object) -> SessionState:
        """The state of a session that the other device has started."""
        prekey = self._prekeys.get(prekey_id) if isinstance(prekey_id, int) else None
        if prekey_id is not None and prekey is None:
            raise Undecryptable(f"one-time prekey {prekey_id} is unknown or was used before")
        secrets = [
            self._signed_prekey.agree(identity),
            self.identity.agree(base),
            self._signed_prekey.agree(base),
            *([prekey.agree(base)] if prekey else []),
        ]
        state = self._new_state(identity, base)
        state.start_receiving(*_root_and_chain(secrets), self._signed_prekey)
        return state

    def _new_key(self) -> KeyPair:
        return KeyPair(self._clockwork.random(32))

    def _new_state(self, their_identity: bytes, base_key: bytes) -> SessionState:
        own, random = self.identity.public, self._clockwork.random
        return SessionState(own, their_identity, base_key, random)

    def _promote(self, device: Hashable, session: _Session) -> None:
        sessions = self._sessions.setdefault(device, [])
        if sessions and sessions[0] is session:
            return
        self._sessions[device] = [session, *(s for s in sessions if s is not session)][:MAX_STATES]


def _root_and_chain(secrets: list[bytes]) -> tuple[bytes, bytes]:
    keys = hkdf(b"\xff" * 32 + b"".join(secrets), 64, info=b"WhisperText")
    return keys[:32], keys[32:]


def pad(plaintext: bytes, clockwork: Clockwork = SYSTEM) -> bytes:
    """WhatsApp's padding inside the encryption: 1 to 15 bytes, each of them their count."""
    count = clockwork.random(1)[0] % 15 + 1
    return plaintext + bytes((count,)) * count


def unpad(padded: bytes) -> bytes:
    """Raises Undecryptable when the padding is not WhatsApp's."""
    count = padded[-1] if padded else 0
    if not 1 <= count <= len(padded) or padded[-count:] != bytes((count,)) * count:
        raise Undecryptable("bad message padding")
    return padded[:-count]
