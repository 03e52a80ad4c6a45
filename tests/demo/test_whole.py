"""`python -m demo`: everything started by one command, used over its pages, stopped and gone on
with."""

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

from config import Config
from core.admission.allowlist import Pattern
from demo.world.people import GUESTS, OWNER
from store import allowlist
from store.redis import valkey
from store.redis.live import Live
from store.sql.engine import Database
from tests.services.processes import Spawned, Spawner
from tests.waiting import PATIENCE, until

ALICE, SHOP = GUESTS[0].number, OWNER.number


class Visitor:
    """Somebody with the printed address, who watches the page's stream."""

    def __init__(self, process: Spawned) -> None:
        address = re.search(r"http://localhost:(\d+)(/enter/\S+)", process.output())
        assert address
        self._port, self._cookie = int(address[1]), ""
        self._cookie = (self._ask("GET", address[2]).getheader("Set-Cookie") or "").split(";")[0]
        self._stream = self._ask("GET", "/stream")
        self.sees: dict[str, Any] = {}

    def do(self, verb: str, **order: object) -> None:
        answer = self._ask("POST", f"/do/{verb}", json.dumps(order))
        assert answer.status == 204, answer.read()

    def waits(self, what: Callable[[dict[str, Any]], Any], name: str) -> None:
        """Follow the stream until `what` is true of all that it has told."""
        deadline = time.monotonic() + PATIENCE
        while not (self.sees and what(self.sees)):
            assert time.monotonic() < deadline, f"waited {PATIENCE:g} s for {name}: {self.sees}"
            line = self._stream.readline()
            assert line, "the stream has ended"
            if line.startswith(b"data:"):
                self.sees |= json.loads(line.removeprefix(b"data:")).get("set", {})

    def leaves(self) -> None:
        self._stream.close()

    def _ask(self, method: str, path: str, body: str | None = None) -> HTTPResponse:
        connection = HTTPConnection("localhost", self._port, timeout=PATIENCE)
        headers = {"Cookie": self._cookie, "Content-Type": "application/json"}
        connection.request(method, path, body, headers | {"Connection": "close"})
        return connection.getresponse()


def heard(state: dict[str, Any], text: str) -> bool:
    """Whether Alice's phone has an answer from the linked device with this in it."""
    return any(
        name.startswith(f"message:{ALICE}:") and not shown["mine"] and text in shown["text"]
        for name, shown in state.items()
    )


def test_a_demo_from_its_start_to_its_second_start(spawn: Spawner, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    first = started(spawn, folder)
    visitor = Visitor(first)
    allow(folder)
    link(visitor, folder)
    visitor.do("say", phone=ALICE, to=SHOP, text="Hello from the first start")
    visitor.waits(lambda state: heard(state, "Hello from the first start"), "an answer")
    assert visitor.sees["answered"] is True
    visitor.leaves()
    assert stopped(first) == 0

    second = started(spawn, folder)
    visitor = Visitor(second)
    visitor.waits(connected, "the connection")
    assert heard(visitor.sees, "Hello from the first start")
    visitor.do("say", phone=ALICE, to=SHOP, text="And the second")
    visitor.waits(lambda state: heard(state, "And the second"), "an answer after the restart")
    visitor.leaves()
    refused = demo(spawn, folder)
    assert refused.wait() == 1 and "runs on" in refused.output()
    assert stopped(second) == 0
    assert "Traceback" not in first.output() + second.output()


def demo(spawn: Spawner, folder: Path) -> Spawned:
    # What the tests set for the product is taken away by the demo itself. 0: any free port.
    ports = ("--port", spawn.environment["PORT"], "--phones", "0")
    return spawn("-m", "demo", "--folder", str(folder), *ports)


def started(spawn: Spawner, folder: Path) -> Spawned:
    process = demo(spawn, folder)
    process.wait_for("The panel: http://localhost:", PATIENCE * 2)
    return process


def stopped(process: Spawned) -> int:
    process.popen.terminate()
    return process.wait()


def allow(folder: Path) -> None:
    """What a person does on the allowlist's page."""
    database = Database(Config.from_env({"DATA_DIR": str(folder / "data")}).database)
    with database.write() as connection:
        allowlist.add(connection, Pattern.parse(ALICE), "Alice", None, datetime.now(UTC))
    database.close()


def link(visitor: Visitor, folder: Path) -> None:
    """“Link device” in the panel, “Scan the QR code” on the phone."""
    config = Config.from_env({"DATA_DIR": str(folder / "data")})
    with valkey.connect(config.redis) as redis:
        live = Live(redis)
        until(lambda: [b for b in live.list_heartbeats("worker") if b.holder], "the worker")
        live.request("link")
    visitor.waits(lambda state: state["panel"]["qr"], "a QR code")
    visitor.do("scan", phone=SHOP)
    visitor.waits(connected, "a linked device")


def connected(state: dict[str, Any]) -> bool:
    return any(device["connected"] for device in state[f"phone:{SHOP}"]["devices"])
