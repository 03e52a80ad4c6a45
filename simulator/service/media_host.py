"""The host that keeps encrypted files: linked devices reach it over HTTPS, phones directly.

Source: whatsmeow's upload.go and download.go: POST /mms/KIND/TOKEN?auth=&token= where TOKEN is the
URL-safe base64 of the encrypted file's SHA-256, answered with JSON; GET of the direct path.
"""

import asyncio
import base64
import json
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

import h11

from simulator.clockwork import Clockwork
from simulator.crypto.curve import sha256
from simulator.faults import Faults

HOST = "mmg.whatsapp.net"
GONE = 410


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file is to be found."""

    url: str
    direct_path: str


class MediaHost:
    """All files, by the path of their address. Lives in the event loop's thread."""

    def __init__(self, faults: Faults, clockwork: Clockwork):
        self._faults, self._clockwork = faults, clockwork
        self._files: dict[str, bytes] = {}
        self._expired: set[str] = set()
        self._tickets: set[str] = set()

    def ticket(self) -> str:
        """A token with which a client may upload (`auth` in the address)."""
        ticket = self._clockwork.stanza_id()
        self._tickets.add(ticket)
        return ticket

    def keep(self, sealed: bytes) -> Place:
        """Keep an encrypted file."""
        name = self._clockwork.random(12).hex()
        path = f"/v/t62.7118-24/{name}"
        self._files[path] = sealed
        # Clients add parameters with "&" and so need a "?" here.
        direct = f"{path}?ccb=11-4&oe={self._clockwork.seconds() + 14 * 86400:X}"
        return Place(f"https://{HOST}{direct}&mms3=true", direct)

    def fetch(self, direct_path: str) -> bytes | None:
        """An encrypted file, or None when it is not there any more."""
        path = urlsplit(direct_path).path
        return None if path in self._expired else self._files.get(path)

    def expire(self, direct_path: str) -> None:
        """The file is deleted from here, as after some weeks. Raises LookupError for no file."""
        path = urlsplit(direct_path).path
        if path not in self._files:
            raise LookupError(f"there is no file at {direct_path}")
        self._expired.add(path)
        self._files[path] = b""

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, bytes]:
        """A client's request: the HTTP status and content for it."""
        if method == "POST":
            return self._upload(target, body)
        if method != "GET":
            return 405, b""
        if self._faults.refuse_downloads:
            return self._faults.refuse_downloads, b""
        path = urlsplit(target).path
        if path in self._expired:
            return GONE, b""
        if path not in self._files:
            return 404, b""
        return 200, self._faults.maybe_corrupt("media", self._files[path])

    def _upload(self, target: str, body: bytes) -> tuple[int, bytes]:
        if self._faults.refuse_uploads:
            return self._faults.refuse_uploads, b""
        address = urlsplit(target)
        auth = parse_qs(address.query).get("auth", [""])[0]
        token = base64.urlsafe_b64encode(sha256(body)).rstrip(b"=").decode()
        if auth not in self._tickets:
            return 401, b""
        if not address.path.startswith("/mms/") or token not in address.path:
            return 400, b""
        place = self.keep(body)
        return 200, json.dumps({"url": place.url, "direct_path": place.direct_path}).encode()


class Transports(Protocol):
    """Keeps account of the open connections, so that all can be cut."""

    def add(self, transport: asyncio.BaseTransport) -> None: ...

    def remove(self, transport: asyncio.BaseTransport) -> None: ...


class MediaSocket(asyncio.Protocol):
    """HTTP on one TLS connection to the media host."""

    def __init__(self, transports: Transports, host: MediaHost):
        self._transports, self._host = transports, host
        self._http = h11.Connection(h11.SERVER)
        self._transport: asyncio.Transport | None = None
        self._request: h11.Request | None = None
        self._body = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._transports.add(transport)
        self.data_received(b"")  # the request may have come together with the TLS handshake

    def connection_lost(self, error: Exception | None) -> None:
        if self._transport:
            self._transports.remove(self._transport)

    def data_received(self, data: bytes) -> None:
        if data:
            self._http.receive_data(data)
        if self._transport is None:
            return
        try:
            while self._next():
                pass
        except h11.RemoteProtocolError:
            self._transport.close()

    def _next(self) -> bool:
        """Take one event; whether there may be more."""
        event = self._http.next_event()
        if isinstance(event, h11.Request):
            self._request, self._body = event, bytearray()
        elif isinstance(event, h11.Data):
            self._body += event.data
        elif isinstance(event, h11.EndOfMessage):
            return self._respond()
        elif isinstance(event, h11.ConnectionClosed):
            assert self._transport is not None
            self._transport.close()
            return False
        return event is not h11.NEED_DATA and event is not h11.PAUSED

    def _respond(self) -> bool:
        assert self._transport is not None and self._request is not None
        method, target = self._request.method.decode(), self._request.target.decode()
        status, body = self._host.answer(method, target, bytes(self._body))
        headers = [("content-length", str(len(body))), ("content-type", "application/octet-stream")]
        for event in (
            h11.Response(status_code=status, headers=headers),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self._transport.write(self._http.send(event) or b"")
        if self._http.our_state is not h11.DONE:
            self._transport.close()
            return False
        self._http.start_next_cycle()
        return True
