"""The pipes between the supervisor and the connection process: events as JSON, a line each.

The library writes to the process's stdout by itself, so its events travel on a pipe of their own.
The end of the supervisor's pipe tells the connection that its supervisor is gone.
"""

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class PipeEvent:
    """One line: what happened, or what is to be done."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)

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

    def send(self, name: str, **arguments: Any) -> bool:
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
