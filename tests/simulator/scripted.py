"""A linked device in this process, without sockets: what it receives is there when a call returns.

It speaks the protocol with the simulator's own Noise, binary XML and Signal, so it proves nothing
about them; the real clients do. It is for what they can't do: runs that repeat byte for byte, and
requests that they never make.
"""

import base64
import hmac
from typing import Any

from simulator import Phone, Simulator
from simulator.clockwork import SYSTEM, Clockwork
from simulator.crypto.curve import KeyPair
from simulator.crypto.e2ee import Keyring, Sealed, unpad
from simulator.service.connection import Connection
from simulator.service.handlers import key_content
from simulator.service.linking import DEVICE_SIGNATURE
from simulator.wire.jid import SERVER, Jid
from simulator.wire.node import Node, node
from simulator.wire.noise import FrameBuffer, Transport, frame
from simulator.wire.protobufs import adv, companion, e2e, wa6
from simulator.wire.wabinary import decode, encode
from tests.simulator.noise_client import PROLOGUE, NoiseClient

PREKEYS = 5


class Scripted:
    """One device: `link` it, then look at `received` and `messages`, and `send` stanzas."""

    def __init__(self, sim: Simulator, clockwork: Clockwork = SYSTEM):
        self.sim, self.clockwork = sim, clockwork
        self.static, self.keyring = KeyPair(clockwork.random(32)), Keyring(clockwork)
        self.secret = clockwork.random(32)
        self.refs: list[str] = []
        self.jid: Jid | None = None
        self.received: list[Node] = []
        self.messages: dict[str, Any] = {}  # decrypted, by id

    @property
    def qr(self) -> str:
        keys = (self.static.public, self.keyring.identity.public, self.secret)
        fields = [self.refs[0], *(base64.b64encode(key).decode() for key in keys), "1"]
        return "https://wa.me/settings/linked_devices#" + ",".join(fields)

    def connect(self) -> None:
        self._buffer = FrameBuffer()
        self._transport: Transport | None = None
        self._handshake = NoiseClient(self.static)
        self.connection: Connection = self.sim.server.accept(self)  # type: ignore[arg-type]
        self.connection.bytes_received(PROLOGUE + frame(self._handshake.hello()))

    async def link(self, owner: Phone) -> None:
        self.connect()
        await owner.scan(self.qr)

    # What a socket has to have

    def send(self, data: bytes) -> None:
        """Bytes from the service."""
        for body in self._buffer.feed(data):
            if self._transport is not None:
                self._stanza(decode(self._transport.decrypt(body)))
            else:
                last, _, transport = self._handshake.finish(body, self._payload())
                self._transport = transport
                self.connection.bytes_received(frame(last))

    def close(self) -> None:
        """The service hangs up: come back if it was to log in after linking."""
        self.connection.socket_closed()
        if self.jid and self.received[-1].text("code") == "515":
            self.connect()

    cut = close

    # Inside

    def says(self, stanza: Node) -> None:
        """Send a stanza to the service."""
        assert self._transport
        self.connection.bytes_received(frame(self._transport.encrypt(encode(stanza))))

    def _payload(self) -> bytes:
        if self.jid:
            payload = wa6.ClientPayload(username=int(self.jid.user), device=self.jid.device)
            return bytes(payload.SerializeToString())
        bundle = self.keyring.bundle()
        data = wa6.ClientPayload.DevicePairingRegistrationData(
            eRegid=bundle.registration_id.to_bytes(4, "big"),
            eIdent=bundle.identity,
            eSkeyID=bundle.signed_prekey.id.to_bytes(3, "big"),
            eSkeyVal=bundle.signed_prekey.public,
            eSkeySig=bundle.signature,
            deviceProps=companion.DeviceProps(os="Scripted").SerializeToString(),
        )
        return bytes(wa6.ClientPayload(devicePairingData=data).SerializeToString())

    def _stanza(self, stanza: Node) -> None:
        self.received.append(stanza)
        if stanza.child("pair-device"):
            refs = (stanza.child("pair-device") or stanza).all("ref")
            self.refs = [ref.data.decode() for ref in refs]
        elif success := stanza.child("pair-success"):
            self._answer_pairing(stanza, success)
        elif stanza.tag == "success":
            self._upload_prekeys()
        elif stanza.tag == "message":
            self._message(stanza)
        elif stanza.tag in ("receipt", "notification"):
            kind = stanza.text("type") or None
            self.says(node("ack", class_=stanza.tag, id=stanza.text("id"), to=SERVER, type=kind))

    def _answer_pairing(self, iq: Node, success: Node) -> None:
        container = adv.ADVSignedDeviceIdentityHMAC.FromString(
            (success.child("device-identity") or success).data
        )
        assert hmac.digest(self.secret, container.details, "sha256") == container.HMAC
        signed = adv.ADVSignedDeviceIdentity.FromString(container.details)
        identity = self.keyring.identity.public
        message = DEVICE_SIGNATURE + signed.details + identity + signed.accountSignatureKey
        signed.deviceSignature = self.keyring.sign(message)
        self.jid = (success.child("device") or success).jid("jid")
        answer = node("device-identity", signed.SerializeToString())
        sign = node("pair-device-sign", answer)
        self.says(node("iq", sign, type="result", id=iq.text("id"), to=SERVER))

    def _upload_prekeys(self) -> None:
        bundles = [self.keyring.bundle() for _ in range(PREKEYS)]
        keys = [node("key", *key_content(bundle.prekey)) for bundle in bundles if bundle.prekey]
        self.says(
            node("iq", node("list", *keys), xmlns="encrypt", type="set", id="keys", to=SERVER)
        )

    def _message(self, stanza: Node) -> None:
        enc = stanza.child("enc")
        assert enc
        sender = stanza.jid("from"), stanza.jid("participant")
        text = self.keyring.decrypt(sender, Sealed(enc.text("type"), enc.data))
        self.messages[stanza.text("id")] = e2e.Message.FromString(unpad(text))
        self.says(node("receipt", id=stanza.text("id"), to=stanza.jid("from")))
