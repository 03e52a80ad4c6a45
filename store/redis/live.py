"""What is true right now, in Redis: link status, heartbeats, requests, nudges.

Everything here may vanish, and all but the fence's counter does so by itself: SQL remembers, Redis
nudges. A dead worker must show as unknown, not as yesterday's "connected". Processes of two
versions may read each other: what one does not know is skipped.
"""

import json
import os
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar, get_args

from redis import Redis

from core.link import End, Phase, Status
from core.phone import Phone
from core.version import VERSION
from store.redis import process_memory

STATUS_TTL = 15  # seconds; the worker repeats it every 5
HEARTBEAT_TTL = 15
REQUEST_TTL = 30  # an older click is not carried out any more
NUDGE_TTL = 60  # the sender looks by itself much oftener
PARTIAL_TTL = 60  # an answer that is being written is repeated before that

STATUS = "djinn:link"
_REQUESTS = "djinn:requests"
_OUTBOX = "djinn:outbox"
_PARTIAL = "djinn:partial:"
_FENCE = "djinn:fence"

Role = Literal["web", "worker", "connection", "jobs"]
ROLES: tuple[Role, ...] = get_args(Role)
Wish = Literal["link", "code", "cancel", "unlink", "take_over"]
T = TypeVar("T")


@dataclass(frozen=True)
class Request:
    """What the panel or the API wants of the worker."""

    id: str  # names the attempt in the status
    wish: Wish
    phone: str | None
    asked_at: float  # by Redis's clock, since two machines may differ


@dataclass(frozen=True)
class Heartbeat:
    """The sign of life that each process writes to Redis every few seconds."""

    id: str  # drawn anew at each start of the process
    host: str
    pid: int
    started_at: float  # Unix seconds
    version: str = ""  # of the product
    memory: int = 0  # process memory, bytes
    holder: bool = False  # worker: it holds the WhatsApp lock
    held_since: float | None = None  # Unix seconds
    fence: int | None = None  # the lock's token
    connected: bool = False  # worker: WhatsApp is reachable
    settings_version: int | None = None  # connection: which settings it goes by
    running: int = 0  # jobs: turns at work


def make_heartbeat(process_id: str, started_at: float, **facts: Any) -> Heartbeat:
    """The heartbeat of the process that calls this."""
    known = {"version": VERSION, "memory": process_memory.measure_resident(), **facts}
    return Heartbeat(process_id, socket.gethostname(), os.getpid(), started_at, **known)


class Live:
    """Every use of Redis outside RQ, the lock and the log. Threads may share it."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis

    # The link, as the worker sees it -------------------------------------------------------

    def publish(self, status: Status) -> None:
        self.redis.set(STATUS, _dump(asdict(status)), ex=STATUS_TTL)

    def read_status(self) -> Status | None:
        """None when no worker has said anything for `STATUS_TTL` seconds."""
        raw = self.redis.get(STATUS)
        return _parse_status(json.loads(raw)) if isinstance(raw, bytes | str) else None

    # Requests from the panel and the API to the worker ------------------------------------

    def request(self, wish: Wish, phone: Phone | None = None) -> str:
        """Ask the worker for something; returns the attempt's id. It does not wait."""
        request = Request(secrets.token_hex(8), wish, phone, self._read_time())
        with self.redis.pipeline() as pipeline:
            pipeline.lpush(_REQUESTS, _dump(asdict(request)))
            pipeline.expire(_REQUESTS, REQUEST_TTL)
            pipeline.execute()
        return request.id

    def take_request(self, timeout: float) -> Request | None:
        """Wait up to `timeout` seconds. Requests that went stale are dropped. Each is handed out
        once: a worker that dies over it does not leave it to the next."""
        item = self.redis.brpop([_REQUESTS], timeout=timeout)
        if not item:
            return None
        request = _parse(Request, json.loads(item[1]))
        return request if self._read_time() - request.asked_at < REQUEST_TTL else None

    # Nudges ----------------------------------------------------------------------------------

    def nudge_outbox(self) -> None:
        """There is something to send. One token is enough, however often it is said."""
        with self.redis.pipeline() as pipeline:
            pipeline.lpush(_OUTBOX, 1)
            pipeline.ltrim(_OUTBOX, 0, 0)
            pipeline.expire(_OUTBOX, NUDGE_TTL)
            pipeline.execute()

    def wait_for_outbox_nudge(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for a nudge."""
        return self.redis.brpop([_OUTBOX], timeout=timeout) is not None

    # Answers that are being written ------------------------------------------------------------

    def write_partial(self, turn_id: int, text: str) -> None:
        """What this turn's answer is so far."""
        self.redis.set(f"{_PARTIAL}{turn_id}", text, ex=PARTIAL_TTL)

    def read_partial(self, turn_id: int) -> str:
        """Empty while nothing has been written."""
        raw = self.redis.get(f"{_PARTIAL}{turn_id}")
        return raw.decode() if isinstance(raw, bytes) else raw or ""

    # Heartbeats --------------------------------------------------------------------------------

    def record_heartbeat(self, role: Role, heartbeat: Heartbeat) -> None:
        self.redis.set(f"djinn:{role}:{heartbeat.id}", _dump(asdict(heartbeat)), ex=HEARTBEAT_TTL)

    def remove_heartbeat(self, role: Role, process_id: str) -> None:
        self.redis.delete(f"djinn:{role}:{process_id}")

    def list_heartbeats(self, role: Role) -> Sequence[Heartbeat]:
        """Of every process of this role that runs, the oldest first."""
        return self._read_heartbeats(f"djinn:{role}:*")[role]

    def list_all_heartbeats(self) -> Mapping[Role, Sequence[Heartbeat]]:
        """The same for all roles, in one round trip to Redis."""
        return self._read_heartbeats("djinn:*:*")

    def _read_heartbeats(self, pattern: str) -> Mapping[Role, Sequence[Heartbeat]]:
        found: dict[Role, list[Heartbeat]] = {role: [] for role in ROLES}
        role_of = {key: _find_role(key) for key in self.redis.scan_iter(match=pattern, count=1000)}
        keys = [key for key, role in role_of.items() if role]
        for key, raw in zip(keys, self.redis.mget(keys) if keys else (), strict=True):
            role = role_of[key]
            if raw and role:
                found[role].append(_parse(Heartbeat, json.loads(raw)))
        return {
            role: sorted(heartbeats, key=lambda heartbeat: heartbeat.started_at)
            for role, heartbeats in found.items()
        }

    # Fence tokens ------------------------------------------------------------------------------

    def next_fence(self) -> int:
        """Higher than any before, as far as Redis remembers; `store.link` knows better."""
        return int(self.redis.incr(_FENCE))

    def _read_time(self) -> float:
        seconds, microseconds = self.redis.time()
        return float(seconds + microseconds / 1e6)


def _find_role(key: bytes | str) -> Role | None:
    """The role whose heartbeat is kept under this key, None if the key is for something else."""
    name = (key.decode() if isinstance(key, bytes) else key).split(":")[1]
    return next((role for role in ROLES if role == name), None)


def _dump(value: Mapping[str, Any]) -> str:
    return json.dumps(value, default=lambda instant: instant.isoformat())


def _parse(cls: type[T], raw: Mapping[str, Any]) -> T:
    names = cls.__dataclass_fields__  # type: ignore[attr-defined]
    return cls(**{name: value for name, value in raw.items() if name in names})


def _parse_status(raw: Mapping[str, Any]) -> Status:
    """Texts become what they were, except None."""
    kinds: Mapping[str, Callable[[str], Any]] = {
        "phase": Phase,
        "end": End,
        "phone": Phone,
        "expires_at": datetime.fromisoformat,
        "retry_at": datetime.fromisoformat,
    }
    made = {name: kinds[name](value) for name, value in raw.items() if name in kinds and value}
    return _parse(Status, {**raw, **made})
