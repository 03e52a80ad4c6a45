"""The whole product as processes, on a simulated WhatsApp: what a scenario holds in its hands."""

import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from redis import Redis
from sqlalchemy import select, update

from config import ROOT
from core.admission.allowlist import Pattern
from core.link import Link, Phase, Status
from core.settings import Settings
from core.states import MessageState
from simulator import Phone, Simulator
from store import allowlist
from store import link as link_store
from store import settings as settings_store
from store.redis import live
from store.redis.live import Live, Wish
from store.sql import tables
from store.sql.engine import Database
from tests.services.fake_llm import FakeLLM
from tests.services.processes import Spawned, Spawner
from tests.waiting import until_async
from worker.supervisor import lock

T = TypeVar("T")


class Product:
    """Starts the worker and the jobs against `sim`, and looks at what they leave behind."""

    def __init__(
        self, sim: Simulator, spawn: Spawner, database: Database, redis: Redis, env: dict[str, str]
    ) -> None:
        self.sim = sim
        self.env = env
        self.database = database
        self.live = Live(redis)
        self.auth_dir = Path(env["WHATSAPP_AUTH_DIR"])
        self._spawn = spawn
        self.owner = sim.add_phone("+15550001000", name="Shop")

    def use(self, llm: FakeLLM) -> None:
        """Every agent answers through this model server from now on."""
        agents = Path(self.env["DATA_DIR"]).parent / "agents"
        shutil.copytree(ROOT / "agents", agents)
        for config in agents.glob("*/config.yml"):
            config.write_text("model: custom/fake\n")
        self.env |= {"AGENTS_DIR": str(agents), "CUSTOM_LLM_BASE_URL": llm.url}

    # Processes -----------------------------------------------------------------------------------

    def worker(self, **env: str) -> Spawned:
        return self._spawn("-m", "worker.supervisor", env=self.sim.child_env(self.env | env))

    def jobs(self, **env: str) -> Spawned:
        return self._spawn("-m", "worker.jobs", env=self.env | env)

    # Linking -------------------------------------------------------------------------------------

    async def link(self, owner: Phone | None = None) -> None:
        """Link by QR, as the panel does it."""
        await self.ready()
        self.live.request("link")
        status = await self.status(lambda s: s.qr, "a QR code")
        assert status.qr
        await (owner or self.owner).scan(status.qr)
        await self.connected()

    async def ready(self) -> None:
        """A worker is there and takes requests."""
        await self.until(
            lambda: (
                any(b.holder for b in self.live.list_heartbeats("worker"))
                and self.live.read_status()
            ),
            "a worker that holds the lock",
        )

    async def connected(self) -> Status:
        return await self.status(lambda s: s.phase is Phase.LINKED and s.connected, "connected")

    async def status(self, wanted: Callable[[Status], Any], what: str) -> Status:
        def look() -> Status | None:
            status = self.live.read_status()
            return status if status and wanted(status) else None

        return await self.until(look, what)

    def request(self, wish: Wish) -> None:
        self.live.request(wish)

    def linked(self) -> Link:
        with self.database.read() as connection:
            return link_store.load(connection)

    def session_files(self) -> list[str]:
        return sorted(path.name for path in self.auth_dir.glob("session.db*"))

    # What a dead process leaves behind runs out by itself, after 15 to 30 seconds. These let it
    # run out now.

    def end_lock(self) -> None:
        self.live.redis.pexpire(lock.KEY, 1)

    def end_status(self) -> None:
        self.live.redis.pexpire(live.STATUS, 1)

    def end_leases(self) -> None:
        with self.database.write() as connection:
            connection.execute(update(tables.chats).values(lease_until=_now()))

    # The owner's decisions -----------------------------------------------------------------------

    def settings(self, **changes: Any) -> Settings:
        with self.database.write() as connection:
            current = settings_store.load(connection)
            return settings_store.save(connection, replace(current, **changes), _now())

    def allow(self, pattern: str, agent: str | None = None) -> None:
        with self.database.write() as connection:
            allowlist.add(connection, Pattern.parse(pattern), None, agent, _now())

    # What is left behind -------------------------------------------------------------------------

    def rows(self, table: Any, **where: Any) -> list[Mapping[str, Any]]:
        conditions = [table.c[name] == value for name, value in where.items()]
        statement = select(table).where(*conditions).order_by(table.c.id)
        with self.database.read() as connection:
            return [dict(row) for row in connection.execute(statement).mappings()]

    def messages(self, **where: Any) -> list[Mapping[str, Any]]:
        return self.rows(tables.messages, **where)

    async def stored(self, text: str, state: MessageState) -> Mapping[str, Any]:
        """The stored message with this text, once it is in this state."""

        def look() -> Mapping[str, Any] | None:
            found = self.messages(text=text, state=state)
            return found[0] if found else None

        return await self.until(look, f"message {text!r} to be {state}")

    async def printed(self, process: Spawned, text: str) -> None:
        """As `Spawned.wait_for`, while the simulator goes on."""
        await self.until(lambda: text in process.output(), f"{process.name} to print {text!r}")

    async def until(self, predicate: Callable[[], T | None], what: str) -> T:
        return await until_async(predicate, what)


def connection_pid(worker: Spawned) -> int | None:
    """The connection process that this worker has at the moment."""
    with suppress(FileNotFoundError, ProcessLookupError, ValueError):
        children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
        return int(children[0]) if children else None
    return None


def _now() -> datetime:
    return datetime.now(UTC)
