"""What phones and their WhatsApp remember from one start of a demo to the next.

A pickle in the demo's own folder, written when the demo ends in order, read once, and only by the
code that wrote it: it holds the simulator's objects as they are. Sockets and waiting tasks are left
out: devices that were connected connect again.
"""

import asyncio
import hashlib
import io
import itertools
import pickle
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from config import ROOT
from demo.world.world import World
from simulator.faults import Faults
from simulator.phones.recent import Recent
from simulator.service.account import CodeRequest
from simulator.service.changes import Changes
from simulator.service.connection import Connection
from simulator.service.server import Server
from simulator.simulator import Simulator

DIGEST_SIZE = 32
# What exists anew in each process: the new one takes the old one's place.
_PARTS = {Simulator: "simulator", Server: "server", Faults: "faults"}
_GONE = (Connection, CodeRequest, asyncio.Future, asyncio.Handle)


def _hash_code() -> bytes:
    """The hash of the simulator's code: what other code has written is not read."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "simulator").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.digest()


DIGEST = _hash_code()  # now: the files may change while a demo runs


class Unkeepable(Exception):
    """The phones hold something that can't be written down."""


def can_be_restored(path: Path) -> bool:
    return path.exists() and path.read_bytes()[:DIGEST_SIZE] == DIGEST


def save(world: World, path: Path) -> None:
    """Write everything to the file. Call it when the product's processes have ended.
    Raises `Unkeepable`."""
    server = world.simulator.server
    memory = {
        "phones": world.simulator.phones,
        "accounts": server.accounts,
        "groups": server.groups,
        "media": server.media,
        "read": world.read,
    }
    out = io.BytesIO()
    try:
        _Writer(out, pickle.HIGHEST_PROTOCOL).dump(memory)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise Unkeepable(f"The phones can't be kept: {error}") from error
    path.touch(0o600)
    path.write_bytes(DIGEST + out.getvalue())


def restore(world: World, path: Path) -> None:
    """Read what `save` has written; call it before any client connects. Deletes the file: when this
    demo crashes the next one starts over, since phones whose keys are older than those of their
    linked devices can't decrypt what these send."""
    content = path.read_bytes()[DIGEST_SIZE:]
    path.unlink()
    memory = _Reader(io.BytesIO(content), world.simulator).load()
    world.simulator.phones[:] = memory["phones"]
    world.read |= memory["read"]
    server = world.simulator.server
    for account in memory["accounts"].values():
        server.add(account)
    server.groups.update(memory["groups"])
    vars(server.media).update(vars(memory["media"]))  # the door holds on to the new one


class _Writer(pickle.Pickler):
    def persistent_id(self, obj: object) -> str | None:
        if isinstance(obj, _GONE):
            return "nothing"
        return _PARTS.get(type(obj))

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, X25519PrivateKey):
            return X25519PrivateKey.from_private_bytes, (obj.private_bytes_raw(),)
        if isinstance(obj, Changes):
            return Changes, ()
        if isinstance(obj, Recent):
            return _recent, (vars(obj)["_size"], dict(obj))
        if isinstance(obj, itertools.count):  # not picklable in newer Pythons
            return itertools.count, (int(repr(obj).removeprefix("count(").rstrip(")")),)
        return NotImplemented


class _Reader(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, simulator: Simulator) -> None:
        super().__init__(file)
        server = simulator.server
        self._parts = {"simulator": simulator, "server": server, "faults": simulator.faults}

    def persistent_load(self, name: str) -> object:
        return self._parts.get(name)


def _recent(size: int, items: dict[Any, Any]) -> Recent[Any, Any]:
    made: Recent[Any, Any] = Recent(size)
    made.update(items)
    return made
