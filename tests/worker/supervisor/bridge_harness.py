"""A bridge whose connection processes are held by the test: it hears what they are made to say."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from core.link import End, Link, Phase, Status
from core.phone import Phone
from store import link as link_store
from store.redis.live import Request, Wish
from store.sql import tables
from store.sql.engine import Database
from tests.worker.world import START
from worker.ipc import PipeEvent
from worker.supervisor.bridge import Bridge
from worker.supervisor.connection_process import OnEvent
from worker.supervisor.session import Session

NUMBER = Phone("+15550001000")
DEVICE = "DjinnBot"


class Process:
    """A connection process that does nothing by itself."""

    pid = 1

    def __init__(
        self, tower: "BridgeHarness", mode: str, fence: int, phone: Phone | None, on_event: OnEvent
    ):
        self.mode, self.fence, self.phone = mode, fence, phone
        self.heard_at = tower.time
        self.told: list[str] = []
        self.ended: str | None = None  # how
        self._tower, self._on_event = tower, on_event
        if mode != "resume":
            tower.leave_session()  # the library makes its file before anything else

    def send(self, name: str) -> bool:
        self.told.append(name)
        return self.ended is None

    def end(self) -> None:
        self._exit("in order", 0)

    def kill(self) -> None:
        self._exit("killed", -9)

    def _exit(self, how: str, code: int) -> None:
        if not self.ended:
            self.ended = how
            self.says("exited", code=code)

    def says(self, name: str, **facts: Any) -> None:
        self.heard_at = self._tower.time
        self._on_event(self, PipeEvent(name, facts))  # type: ignore[arg-type]


class BridgeHarness:
    def __init__(self, database: Database, session: Session) -> None:
        self.database, self.session = database, session
        self.time = 1000.0  # seconds, monotonic
        self.said: list[Status] = []
        self.inbox: list[Callable[[], None]] = []
        self.processes: list[Process] = []
        self.redis_fence = 0
        session.prepare()
        self.bridge = Bridge(
            database,
            session,
            say=self.said.append,
            post=self.inbox.append,
            next_fence=lambda: self.redis_fence,
            spawn=self._spawn,  # type: ignore[arg-type]
            clock=lambda: self.time,
        )

    def _spawn(self, *, mode: str, fence: int, phone: Phone | None, on_event: OnEvent) -> Process:
        assert not self.running, "two connection processes at once"
        self.processes.append(Process(self, mode, fence, phone, on_event))
        return self.processes[-1]

    # What it has --------------------------------------------------------------------------------

    @property
    def status(self) -> Status:
        return self.bridge.status

    @property
    def process(self) -> Process:
        return self.processes[-1]

    @property
    def running(self) -> Process | None:
        alive = [each for each in self.processes if not each.ended]
        return alive[0] if alive else None

    def link(self) -> Link:
        with self.database.read() as connection:
            return link_store.load(connection)

    def rows(self, table: Any) -> Sequence[Mapping[str, Any]]:
        with self.database.read() as connection:
            return connection.execute(select(table).order_by(table.c.id)).mappings().all()

    def audit(self) -> list[str]:
        return [row["action"] for row in self.rows(tables.audit)]

    # What happens to it -------------------------------------------------------------------------

    def hears(self, name: str, **facts: Any) -> Status:
        """The newest process says something, and it is listened to."""
        self.process.says(name, **facts)
        return self.work()

    def work(self) -> Status:
        while self.inbox:
            self.inbox.pop(0)()
        return self.status

    def asked(self, wish: Wish, phone: Phone | None = None) -> Status:
        self.bridge.handle(Request(f"attempt-{len(self.said)}", wish, phone, 0.0))
        return self.work()

    def passes(self, seconds: float, *, alive: bool = True) -> Status:
        """Time goes by; the process gives signs of life, unless it does not."""
        self.time += seconds
        if alive and self.running:
            self.running.heard_at = self.time
        self.bridge.tick()
        return self.work()

    def heartbeat(
        self, *, online: bool = True, sending_for: float = 0.0, version: int = 1
    ) -> Status:
        return self.hears(
            "heartbeat", online=online, sending_for=sending_for, settings_version=version
        )

    # How far it is ------------------------------------------------------------------------------

    def leave_session(self) -> None:
        (self.session.folder / "session.db").touch()

    def linked(self, phone: Phone = NUMBER) -> "BridgeHarness":
        """SQL and the session say that we are linked."""
        self.leave_session()
        with self.database.write() as connection:
            link_store.record_link(connection, phone, DEVICE, START)
        return self

    def ended(self, end: End) -> "BridgeHarness":
        with self.database.write() as connection:
            link_store.record_end(connection, end, START)
        return self

    def begun(self) -> "BridgeHarness":
        self.bridge.begin()
        return self

    def online(self) -> "BridgeHarness":
        self.linked().begun()
        self.hears("connected", phone=str(NUMBER), device_name=DEVICE)
        return self

    def showing_qr(self) -> "BridgeHarness":
        self.begun().asked("link")
        self.hears("qr", payload="secret", number=1, seconds=60)
        return self

    def finishing(self) -> "BridgeHarness":
        self.showing_qr().hears("finishing")
        return self

    def paired(self) -> "BridgeHarness":
        self.finishing().hears("paired", phone=str(NUMBER), device_name=DEVICE)
        return self


def is_offline(status: Status) -> bool:
    """Linked, not connected, and it will be tried again."""
    return status.phase is Phase.LINKED and not status.connected and bool(status.retry_at)
