"""A linked device that does as little as it can, so that what is measured is the simulator.

It runs in a process of its own and talks to the bench through a pipe: it sends its keys and gets an
`Errand`.
"""

import socket
import ssl
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection

from simulator.crypto.curve import KeyPair
from simulator.crypto.e2ee import Bundle, Keyring, Sealed, pad, unpad
from simulator.wire.jid import PHONE_SERVER, Jid
from simulator.wire.node import Node, node
from simulator.wire.noise import FrameBuffer, frame
from simulator.wire.protobufs import e2e, wa6
from simulator.wire.wabinary import decode, encode
from tests.simulator.noise_client import PROLOGUE, NoiseClient

HOST = "web.whatsapp.com"
UPGRADE = (
    f"GET /ws/chat HTTP/1.1\r\nHost: {HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
ANSWER = "An answer of some length, as people and agents write them to each other."
WARM_UP = 2  # rounds until both sides know the session and no message carries keys any more
PREKEYS = 200


@dataclass(frozen=True)
class Errand:
    """What for, where to and as whom: `rounds` answers to each of `people` or, with `echo`,
    `rounds` plain frames of `size` bytes of which `window` are under way."""

    what: str
    rounds: int
    people: int
    port: int = 0
    authority: str = ""
    number: str = ""
    window: int = 50
    size: int = 200


def run(pipe: Connection) -> None:
    """The client's process."""
    static, keyring = KeyPair(), Keyring()
    pipe.send((static.public, [keyring.bundle() for _ in range(PREKEYS)]))
    errand: Errand = pipe.recv()
    line = Line(errand, static)
    if errand.what == "echo":
        pipe.send("connected")
        pipe.recv()
        _echo(line, errand)
        pipe.send("done")
    else:
        Client(line, keyring, errand).answer()
    pipe.recv()  # hold the connection until the bench has seen the end of it


def _echo(line: "Line", errand: Errand) -> None:
    sent, arrived = errand.window, 0
    line.send([bytes(errand.size)] * errand.window)
    for frames in line.received():
        arrived += len(frames)
        line.send(frames[: errand.rounds - sent])
        sent += len(frames)
        if arrived >= errand.rounds:
            break


class Client:
    """A device with Signal sessions. In a `burst` its answers are encrypted before they are due; in
    a `dialogue` when they are due, so that each message turns the ratchet."""

    def __init__(self, line: "Line", keyring: Keyring, errand: Errand):
        self._line, self._keyring, self._errand = line, keyring, errand
        self._own_phone = Jid(errand.number, PHONE_SERVER)
        self._heard: defaultdict[Jid, int] = defaultdict(int)
        self._ready: defaultdict[Jid, deque[Node]] = defaultdict(deque)
        self._answers = 0

    def answer(self) -> None:
        """Answer until everybody has heard as many answers as there are to be."""
        total = (WARM_UP + self._errand.rounds) * self._errand.people
        for frames in self._line.received():
            self._line.send([out for data in frames for out in self._reply(decode(data))])
            if self._answers >= total:
                break

    def _reply(self, stanza: Node) -> Iterator[bytes]:
        origin, stanza_id = stanza.jid("from"), stanza.text("id")
        if stanza.tag == "receipt":
            yield encode(node("ack", class_="receipt", id=stanza_id, to=origin))
        elif stanza.tag == "message" and origin:
            yield encode(node("receipt", id=stanza_id, to=origin))
            if origin == self._own_phone:
                self._open(stanza)
            else:
                yield self._answer(stanza, origin)

    def _answer(self, stanza: Node, person: Jid) -> bytes:
        """The copy for the account's own phone is always made now: it has to be in order."""
        message = e2e.Message(conversation=ANSWER)
        copy = e2e.DeviceSentMessage(destinationJID=str(person), message=message)
        parts = [
            self._sealed_answer(stanza, person, message),
            self._part(self._own_phone, e2e.Message(deviceSentMessage=copy)),
        ]
        self._answers += 1
        attrs = {"id": f"3EB0{self._answers:016X}", "type": "text"}
        return encode(node("message", node("participants", *parts), to=person, **attrs))

    def _sealed_answer(self, stanza: Node, person: Jid, message: "e2e.Message") -> Node:
        if ready := self._ready[person]:
            return ready.popleft()
        self._open(stanza)
        self._heard[person] += 1
        part = self._part(person, message)
        if self._errand.what == "burst" and self._heard[person] == WARM_UP:
            ready.extend(self._part(person, message) for _ in range(self._errand.rounds))
        return part

    def _open(self, stanza: Node) -> None:
        enc = stanza.child("enc")
        assert enc is not None
        sealed = Sealed(enc.text("type"), enc.data)
        unpad(self._keyring.decrypt(stanza.jid("from"), sealed))

    def _part(self, phone: Jid, message: "e2e.Message") -> Node:
        text = pad(message.SerializeToString())
        sealed = self._keyring.encrypt(phone, text, _no_bundle)
        return node("to", node("enc", sealed.data, v=2, type=sealed.type), jid=phone)


def _no_bundle() -> Bundle:
    raise LookupError("every phone has written before")


class Line:
    """Proxy, TLS, websocket and Noise: frames in, frames out. Blocks."""

    def __init__(self, errand: Errand, static: KeyPair):
        self._socket = _connect(errand)
        self._websocket, self._frames = bytearray(), FrameBuffer()
        noise = NoiseClient(static)
        self._send_raw(PROLOGUE + frame(noise.hello()))
        payload = wa6.ClientPayload(username=int(errand.number or 0), device=1)
        hello = self._next_frames()[0]
        last, _, self._transport = noise.finish(hello, payload.SerializeToString())
        self._send_raw(frame(last))

    def send(self, frames: Iterable[bytes]) -> None:
        """Each frame in a websocket message of its own, as clients do; all in one write."""
        sealed = (frame(self._transport.encrypt(body)) for body in frames)
        if data := b"".join(map(_message, sealed)):
            self._socket.sendall(data)

    def received(self) -> Iterator[list[bytes]]:
        """Frames as they come, until the other side ends it."""
        while frames := self._next_frames():
            yield [self._transport.decrypt(body) for body in frames]

    def _next_frames(self) -> list[bytes]:
        while data := self._socket.recv(1 << 18):
            self._websocket += data
            frames = [f for body in _messages(self._websocket) for f in self._frames.feed(body)]
            if frames:
                return frames
        return []

    def _send_raw(self, data: bytes) -> None:
        self._socket.sendall(_message(data))


def _connect(errand: Errand) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", errand.port))
    plain.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
    assert b" 200 " in plain.recv(4096)
    context = ssl.create_default_context(cafile=errand.authority)
    secure = context.wrap_socket(plain, server_hostname=HOST)
    secure.sendall(UPGRADE.encode())
    assert b" 101 " in secure.recv(4096)
    return secure


def _message(data: bytes) -> bytes:
    """A binary websocket message. Clients have to mask; with zeros the data stays as it is."""
    size = len(data)
    length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return b"\x82" + length + bytes(4) + data


def _messages(buffer: bytearray) -> Iterator[bytes]:
    """The complete messages of a server at the start of `buffer`, which are taken out of it."""
    while len(buffer) >= 4:
        size, start = buffer[1], 2
        if size == 126:
            size, start = int.from_bytes(buffer[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(buffer[2:10], "big"), 10
        if len(buffer) < start + size:
            return
        yield bytes(buffer[start : start + size])
        del buffer[: start + size]
