"""One client's connection: Noise and frames below, stanzas above."""

import asyncio
import logging
from typing import TYPE_CHECKING

from simulator.service.listener import Socket
from simulator.wire.delay import Delay
from simulator.wire.node import Node, node
from simulator.wire.noise import (
    PROLOGUE_SIZE,
    FrameBuffer,
    ServerHandshake,
    ServerIdentity,
    Transport,
    frame,
)
from simulator.wire.protobufs import wa6
from simulator.wire.wabinary import decode, encode

if TYPE_CHECKING:
    from simulator.service.account import Companion
    from simulator.service.server import Server

log = logging.getLogger(__name__)

# A client that sees the socket close together with a stream error may miss the error.
LAST_WORDS = 0.15


class Connection:
    """From the handshake to the end. Lives in the event loop's thread."""

    def __init__(self, server: "Server", identity: ServerIdentity, socket: Socket):
        self._server, self._identity, self._socket = server, identity, socket
        self._buffer = FrameBuffer(PROLOGUE_SIZE)
        self._handshake: ServerHandshake | None = None
        self._transport: Transport | None = None
        self.payload: wa6.ClientPayload | None = None
        self.noise_key = b""
        self.companion: Companion | None = None
        self.refs: list[str] = []  # what the QR codes of an unlinked client carry
        self.open = True
        self._outward, self._inward = Delay(), Delay()

    def bytes_received(self, data: bytes) -> None:
        try:
            for body in self._buffer.feed(data):
                self._frame_received(body)
        except Exception as error:
            log.exception("a client's bytes could not be handled")
            self._server.errors.append(error)
            self.cut()

    def socket_closed(self) -> None:
        self.open = False
        self._outward.clear()
        self._inward.clear()
        self._server.drop_connection(self)

    def send(self, stanza: Node) -> None:
        """Send a stanza; nothing happens once the connection is closed."""
        self._outward.put(self._server.faults.latency, lambda: self._send(stanza))

    def _send(self, stanza: Node) -> None:
        if not self.open or self._transport is None:
            return
        self._server.record("out", self, stanza)
        self._socket.send(frame(self._transport.encrypt(encode(stanza))))

    def end(self, last: Node) -> None:
        """Send `last` (a stream error or failure) and close a moment later."""
        self.send(last)
        wait = LAST_WORDS + self._server.faults.latency
        asyncio.get_running_loop().call_later(wait, self._socket.close)

    def fail(self, reason: int, **attrs: str | int | None) -> None:
        """Refuse a login."""
        self.end(node("failure", reason=reason, **attrs))

    def cut(self) -> None:
        self._socket.cut()

    def _frame_received(self, body: bytes) -> None:
        if self._transport is not None:
            stanza = decode(self._transport.decrypt(body))
            self._inward.put(self._server.faults.latency, lambda: self._handle_stanza(stanza))
        elif self._handshake is None:
            self._handshake = ServerHandshake(self._identity, self._buffer.prologue)
            self._socket.send(frame(self._handshake.hello(body)))
        else:
            self.payload, self.noise_key, self._transport = self._handshake.finish(body)
            self._server.open_connection(self)

    def _handle_stanza(self, stanza: Node) -> None:
        self._server.record("in", self, stanza)
        self._server.handle_stanza(self, stanza)
