"""The pipes between the supervisor and the connection process: events as JSON, a line each.

The library writes to the process's stdout by itself, so its events travel on a pipe of their own.
The end of the supervisor's pipe tells the connection that its supervisor is gone.
"""

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self


class Report(StrEnum):
    """What the supervisor hears of a connection process. The arguments that come with a report are
    those of the supervisor's handler for it."""

    QR = "qr"  # a code to scan
    CODE = "code"  # a code to type on the phone
    FINISHING = "finishing"  # the phone has accepted
    PAIRED = "paired"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"  # the library tries again by itself
    HEARTBEAT = "heartbeat"
    UNLINKED = "unlinked"  # as it was ordered to
    ENDED = "ended"  # the library says that it is over, and why
    DRAINED = "drained"  # what the library still held is stored; the process leaves
    EXITED = "exited"  # by the supervisor's own handle of the process


class Order(StrEnum):
    """What the supervisor asks of a connection process."""

    UNLINK = "unlink"
    STOP = "stop"


@dataclass(frozen=True)
class PipeEvent:
    """One line: what happened, or what is to be done."""

    name: str  # a Report or an Order; another version's may be unknown
    arguments: dict[str, Any] = field(default_factory=dict)  # as JSON can carry them

    def to_line(self) -> bytes:
        return json.dumps([self.name, self.arguments]).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Self:
        name, arguments = json.loads(line)
        return cls(name, arguments)


class PipeWriter:
    """The writing end. Threads may share it; a reader that is gone is not an error here."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor
        self._lock = threading.Lock()

    def send(self, name: Report | Order, **arguments: Any) -> bool:
        """False when the other side does not read any more."""
        line = PipeEvent(name, arguments).to_line()
        with self._lock:
            if self._descriptor is None:
                return False
            try:
                while line:
                    line = line[os.write(self._descriptor, line) :]
            except OSError:
                return False
        return True

    def close(self) -> None:
        """Nothing more will be sent. The reader comes to the end."""
        with self._lock:
            descriptor, self._descriptor = self._descriptor, None
            if descriptor is not None:
                os.close(descriptor)


def read_events(descriptor: int) -> Iterator[PipeEvent]:
    """Every event, until the other side closes its end. A process that was killed may have left
    half a line."""
    with os.fdopen(descriptor, "rb", closefd=False) as stream:
        for line in stream:
            if line.endswith(b"\n"):
                yield PipeEvent.from_line(line)
