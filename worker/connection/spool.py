"""Where messages go when the database refuses them: a file next to the session.

WhatsApp believes these messages delivered, so they must be somewhere before the callback returns.
A message that no database will ever take is put aside, or it would hold up all that follow.
"""

import base64
import json
import os
import threading
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.exc import DataError

from core.messages.message import Inbound, Kind, Place
from core.phone import Phone

log = structlog.get_logger("[WhatsAppBridge]")


class Spool:
    """One file, a line a message. `add` runs in the library's callback, `replay` in another
    thread of the same process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.refused = path.with_suffix(f".refused{path.suffix}")
        self._lock = threading.Lock()

    def add(self, inbound: Inbound) -> None:
        """Append and force it to the disk. Raises OSError when even that fails."""
        values = asdict(inbound) | {
            "raw": base64.b64encode(inbound.raw).decode(),
            "sent_at": inbound.sent_at.isoformat(),
        }
        with self._lock:
            _append(self._path, json.dumps(values).encode())

    def replay(self, store: Callable[[Inbound], Any]) -> int:
        """Hand every spooled message to `store`, in order, then empty the file. Returns how many
        were taken.

        When `store` raises, the file stays as it is: storing a message twice does no harm.
        """
        with self._lock:
            try:
                lines = self._path.read_bytes().splitlines()
            except FileNotFoundError:
                return 0
            taken = sum(self._take(line, store) for line in lines)
            self._path.unlink()
        return taken

    def _take(self, line: bytes, store: Callable[[Inbound], Any]) -> bool:
        inbound = _read(line)
        if inbound is None:
            return False
        try:
            store(inbound)
        except DataError as error:
            log.error("A message can't be stored and is put aside", error=str(error.orig))
            _append(self.refused, line)
            return False
        return True


def _append(path: Path, line: bytes) -> None:
    """Begins a new line, too: the one before may have been cut short."""
    data = b"\n" + line + b"\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        while data:
            data = data[os.write(descriptor, data) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(line: bytes) -> Inbound | None:
    """None for a line that a crash cut short: its message was never acknowledged as spooled."""
    try:
        values = json.loads(line)
    except ValueError:
        return None
    values["raw"] = base64.b64decode(values["raw"])
    values["sent_at"] = datetime.fromisoformat(values["sent_at"])
    values["place"], values["kind"] = Place(values["place"]), Kind(values["kind"])
    values["phone"] = Phone(values["phone"]) if values["phone"] else None
    return Inbound(**values)
