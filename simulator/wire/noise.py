"""The server's side of Noise_XX_25519_AESGCM_SHA256, as WhatsApp uses it.

Synchronous and without sockets: frames go in, frames come out.
"""

import time

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from simulator.clockwork import SYSTEM, Clockwork
from simulator.crypto.curve import KeyPair, hkdf, sha256
from simulator.wire.protobufs import cert, wa6

PATTERN = b"Noise_XX_25519_AESGCM_SHA256\0\0\0\0"
PROLOGUE_SIZE = 4  # "WA", 6, version of the dictionary
YEAR = 365 * 24 * 3600


class ServerIdentity:
    """The root key that clients are made to trust, and the chain from it to the server's key."""

    def __init__(self, clockwork: Clockwork = SYSTEM) -> None:
        self.clockwork = clockwork
        self.root, self.static, intermediate = (KeyPair(clockwork.random(32)) for _ in range(3))
        self.chain = cert.CertChain(
            intermediate=_certificate(self.root, intermediate.public, serial=1, issuer=0),
            leaf=_certificate(intermediate, self.static.public, serial=2, issuer=1),
        ).SerializeToString()

    @property
    def root_key(self) -> bytes:
        return self.root.public


def _certificate(
    issuer_key: KeyPair, key: bytes, *, serial: int, issuer: int
) -> "cert.CertChain.NoiseCertificate":
    now = int(time.time())  # the client's clock decides, so a rehearsed one is of no use here
    details = cert.CertChain.NoiseCertificate.Details(
        serial=serial, issuerSerial=issuer, key=key, notBefore=now - YEAR, notAfter=now + YEAR
    ).SerializeToString()
    return cert.CertChain.NoiseCertificate(details=details, signature=issuer_key.sign(details))


class Transport:
    """The two ciphers of an established connection, each with its own counter."""

    def __init__(self, write_key: bytes, read_key: bytes):
        self._write, self._read = AESGCM(write_key), AESGCM(read_key)
        self._written = self._read_count = 0

    def encrypt(self, plaintext: bytes) -> bytes:
        self._written += 1
        return self._write.encrypt(_nonce(self._written - 1), plaintext, None)

    def decrypt(self, ciphertext: bytes) -> bytes:
        """Raises cryptography.exceptions.InvalidTag if it was changed or out of order."""
        self._read_count += 1
        return self._read.decrypt(_nonce(self._read_count - 1), ciphertext, None)


def _nonce(counter: int) -> bytes:
    return bytes(8) + counter.to_bytes(4, "big")


class SymmetricState:
    """The running hash, chaining key and cipher of a handshake, for either side."""

    def __init__(self, prologue: bytes):
        self.hash = self.chaining_key = self.key = PATTERN
        self.counter = 0
        self.mix_hash(prologue)

    def mix_hash(self, data: bytes) -> None:
        self.hash = sha256(self.hash + data)

    def mix_key(self, secret: bytes) -> None:
        mixed = hkdf(secret, 64, salt=self.chaining_key)
        self.chaining_key, self.key, self.counter = mixed[:32], mixed[32:], 0

    def encrypt(self, plaintext: bytes) -> bytes:
        sealed = AESGCM(self.key).encrypt(_nonce(self.counter), plaintext, self.hash)
        self.counter += 1
        self.mix_hash(sealed)
        return sealed

    def decrypt(self, sealed: bytes) -> bytes:
        plaintext = AESGCM(self.key).decrypt(_nonce(self.counter), sealed, self.hash)
        self.counter += 1
        self.mix_hash(sealed)
        return plaintext

    def split(self) -> tuple[bytes, bytes]:
        """The keys client-to-server and server-to-client."""
        keys = hkdf(b"", 64, salt=self.chaining_key)
        return keys[:32], keys[32:]


class ServerHandshake:
    """One client's handshake: `hello` answers its first frame, `finish` takes its second."""

    def __init__(self, identity: ServerIdentity, prologue: bytes):
        self._identity = identity
        self._ephemeral = KeyPair(identity.clockwork.random(32))
        self._state = SymmetricState(prologue)

    def hello(self, frame: bytes) -> bytes:
        """The ServerHello for a ClientHello frame."""
        hello = wa6.HandshakeMessage.FromString(frame).clientHello
        state = self._state
        state.mix_hash(hello.ephemeral)
        state.mix_hash(self._ephemeral.public)
        state.mix_key(self._ephemeral.agree(hello.ephemeral))
        static = state.encrypt(self._identity.static.public)
        state.mix_key(self._identity.static.agree(hello.ephemeral))
        answer = wa6.HandshakeMessage.ServerHello(
            ephemeral=self._ephemeral.public,
            static=static,
            payload=state.encrypt(self._identity.chain),
        )
        return bytes(wa6.HandshakeMessage(serverHello=answer).SerializeToString())

    def finish(self, frame: bytes) -> tuple["wa6.ClientPayload", bytes, Transport]:
        """The client's payload, its static public key and the ciphers to go on with."""
        last = wa6.HandshakeMessage.FromString(frame).clientFinish
        static = self._state.decrypt(last.static)
        self._state.mix_key(self._ephemeral.agree(static))
        payload = wa6.ClientPayload.FromString(self._state.decrypt(last.payload))
        read_key, write_key = self._state.split()
        return payload, static, Transport(write_key, read_key)


class FrameBuffer:
    """Cuts a byte stream into frames: three bytes of length, big-endian, then the body."""

    def __init__(self, prologue_size: int = 0):
        self._buffer = bytearray()
        self._prologue_size = prologue_size
        self.prologue = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that are complete now."""
        self._buffer += data
        if len(self.prologue) < self._prologue_size and not self._take_prologue():
            return []
        frames, at = [], 0
        while (end := self._end_of_frame(at)) is not None:
            frames.append(bytes(self._buffer[at + 3 : end]))
            at = end
        del self._buffer[:at]
        return frames

    def _take_prologue(self) -> bool:
        missing = self._prologue_size - len(self.prologue)
        self.prologue += bytes(self._buffer[:missing])
        del self._buffer[:missing]
        return len(self.prologue) == self._prologue_size

    def _end_of_frame(self, at: int) -> int | None:
        """Where the frame that begins at `at` ends, if it is there to its end."""
        available = len(self._buffer)
        if available < at + 3:
            return None
        end = at + 3 + int.from_bytes(self._buffer[at : at + 3], "big")
        return end if end <= available else None


def frame(body: bytes) -> bytes:
    """One frame for the wire."""
    return len(body).to_bytes(3, "big") + body
