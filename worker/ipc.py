"""What the supervisor and the connection process say to each other: JSON, a line each.

The library writes to the process's stdout by itself, so events travel on a pipe of their own. The
end of the supervisor's pipe tells the connection that its supervisor is gone.
"""

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class Note:
    """One line: what happened, or what is to be done."""

    name: str
    facts: dict[str, Any] = field(default_factory=dict)

    def line(self) -> bytes:
        return json.dumps([self.name, self.facts]).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Self:
        name, facts = json.loads(line)
        return cls(name, facts)


class Mouth:
    """The writing end. Threads may share it; a reader that is gone is not an error here."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor
        self._lock = threading.Lock()

    def say(self, name: str, **facts: Any) -> bool:
        """False when nobody listens any more."""
        line = Note(name, facts).line()
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
        """Nothing more will be said. The reader hears the end."""
        with self._lock:
            descriptor, self._descriptor = self._descriptor, None
            if descriptor is not None:
                os.close(descriptor)


def listen(descriptor: int) -> Iterator[Note]:
    """Every note, until the other side closes its end. A process that was killed may have left
    half a line."""
    with os.fdopen(descriptor, "rb", closefd=False) as stream:
        for line in stream:
            if line.endswith(b"\n"):
                yield Note.read(line)
