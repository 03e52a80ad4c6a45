"""A client's side of the Noise handshake, written from the same state machine as the server's."""

from simulator.crypto.curve import KeyPair
from simulator.wire.noise import SymmetricState, Transport
from simulator.wire.protobufs import wa6

PROLOGUE = b"WA\x06\x03"


class NoiseClient:
    """The initiator of one handshake, with the key that the service knows a device by."""

    def __init__(self, static: KeyPair | None = None) -> None:
        self.ephemeral, self.static = KeyPair(), static or KeyPair()
        self.state = SymmetricState(PROLOGUE)

    def hello(self) -> bytes:
        self.state.mix_hash(self.ephemeral.public)
        hello = wa6.HandshakeMessage.ClientHello(ephemeral=self.ephemeral.public)
        return wa6.HandshakeMessage(clientHello=hello).SerializeToString()

    def finish(self, frame: bytes, payload: bytes) -> tuple[bytes, bytes, Transport]:
        """The last frame, the server's certificate chain and the transport."""
        hello = wa6.HandshakeMessage.FromString(frame).serverHello
        state = self.state
        state.mix_hash(hello.ephemeral)
        state.mix_key(self.ephemeral.agree(hello.ephemeral))
        state.mix_key(self.ephemeral.agree(state.decrypt(hello.static)))
        chain = state.decrypt(hello.payload)
        static = state.encrypt(self.static.public)
        state.mix_key(self.static.agree(hello.ephemeral))
        last = wa6.HandshakeMessage.ClientFinish(static=static, payload=state.encrypt(payload))
        return (
            wa6.HandshakeMessage(clientFinish=last).SerializeToString(),
            chain,
            Transport(*state.split()),
        )
