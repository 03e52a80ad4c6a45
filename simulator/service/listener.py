"""The door of the simulator: a CONNECT proxy, a TLS server and a websocket on one loopback port.

Whatever host a client asks the proxy for, it gets this process: the tunnel is turned into TLS with
a certificate of a private authority. Inside is a websocket that carries WhatsApp's byte stream, or,
for the media host, plain HTTP.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Protocol

import trustme
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from simulator.service.media_host import HOST as MEDIA_HOST
from simulator.service.media_host import MediaHost, MediaSocket

HOSTS = ("web.whatsapp.com", MEDIA_HOST)
MAX_REQUEST = 8192


class Peer(Protocol):
    """What the websocket hands its bytes to; called in the event loop's thread."""

    def bytes_received(self, data: bytes) -> None: ...

    def socket_closed(self) -> None: ...


class Socket(asyncio.Protocol):
    """A websocket on one TLS connection: `send` bytes, `close` politely or `cut` at once."""

    def __init__(self, listener: "Listener"):
        self._listener = listener
        self._websocket = ServerProtocol(max_size=None)
        self._transport: asyncio.Transport | None = None
        self._peer = listener.make_peer(self)
        self._flush_is_due = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._listener.add(transport)
        self._flush()  # the upgrade request may have come together with the TLS handshake

    def data_received(self, data: bytes) -> None:
        self._websocket.receive_data(data)
        for event in self._websocket.events_received():
            if isinstance(event, Request):
                self._websocket.send_response(self._websocket.accept(event))
            elif isinstance(event, Frame) and event.opcode in (Opcode.BINARY, Opcode.CONT):
                self._peer.bytes_received(bytes(event.data))
        self._flush()

    def send(self, data: bytes) -> None:
        """Send one binary message; nothing happens on a closed socket."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._websocket.state is not State.OPEN:
            return  # the client has said goodbye
        self._websocket.send_binary(data)
        if not self._flush_is_due:  # one write for all that is sent in this turn of the loop
            self._flush_is_due = True
            asyncio.get_running_loop().call_soon(self._flush)

    def close(self) -> None:
        """Close after what was sent has left."""
        self._flush()
        if self._transport:
            self._transport.close()

    def cut(self) -> None:
        """Drop the connection as a broken network would."""
        if self._transport:
            self._transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        if self._transport:
            self._listener.remove(self._transport)
        self._transport = None
        self._peer.socket_closed()

    def _flush(self) -> None:
        self._flush_is_due = False
        if self._transport is None:
            return
        chunks = self._websocket.data_to_send()
        self._transport.write(b"".join(chunks))
        if b"" in chunks:  # the websocket's sign for the end
            self._transport.close()


class Listener:
    """Listens on 127.0.0.1; `make_peer` is called for each websocket.

    While `refuses()` is true new connections are turned away; those that exist go on.
    """

    def __init__(
        self, make_peer: Callable[[Socket], Peer], media: MediaHost, refuses: Callable[[], bool]
    ):
        self.make_peer, self.refuses = make_peer, refuses
        self._media = media
        self.port = 0
        self.authority = trustme.CA()
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(*HOSTS).configure_cert(self._tls)
        self._server: asyncio.Server | None = None
        self._transports: set[asyncio.BaseTransport] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()

    @property
    def proxy_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen: on a free port the first time, on the same one ever after."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Proxy(self), "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening, cut every connection and wait until they are gone."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for transport in list(self._transports):
            transport.abort()  # type: ignore[attr-defined]
        while self._transports:
            self._empty.clear()
            await self._empty.wait()

    def add(self, transport: asyncio.BaseTransport) -> None:
        self._transports.add(transport)

    def remove(self, transport: asyncio.BaseTransport) -> None:
        self._transports.discard(transport)
        self._empty.set()

    def tunnel(self, transport: asyncio.Transport, host: str) -> None:
        """Turn an accepted CONNECT into TLS with a websocket, or the media host, inside."""
        inside = MediaSocket(self, self._media) if host == MEDIA_HOST else Socket(self)
        task = asyncio.ensure_future(self._upgrade(transport, inside))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _upgrade(self, transport: asyncio.Transport, socket: asyncio.Protocol) -> None:
        loop = asyncio.get_running_loop()
        try:
            secure = await loop.start_tls(transport, socket, self._tls, server_side=True)
        except (OSError, asyncio.CancelledError):
            transport.abort()
            self.remove(transport)
            return
        self.remove(transport)
        if secure is None or secure.is_closing():
            transport.abort()
            return
        socket.connection_made(secure)


class _Proxy(asyncio.Protocol):
    """Reads one CONNECT request."""

    def __init__(self, listener: Listener):
        self._listener = listener
        self._request = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._listener.add(transport)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._request += data
        if b"\r\n\r\n" not in self._request:
            if len(self._request) > MAX_REQUEST:
                self._transport.abort()
            return
        if self._listener.refuses() or not self._request.startswith(b"CONNECT "):
            self._transport.write(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")
            self._transport.close()
            return
        self._transport.pause_reading()
        self._transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        host = self._request.split(maxsplit=2)[1].rpartition(b":")[0]
        self._listener.tunnel(self._transport, host.decode("ascii", "replace"))

    def connection_lost(self, error: Exception | None) -> None:
        if self._transport:
            self._listener.remove(self._transport)
