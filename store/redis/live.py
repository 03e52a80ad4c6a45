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
from store.redis import process_memory as memory

STATUS_TTL = 15  # seconds; the worker repeats it every 5
HEARTBEAT_TTL = 15
REQUEST_TTL = 30  # a click that nobody took within this time is not carried out any more
NUDGE_TTL = 60  # the sender looks by itself much oftener
PARTIAL_TTL = 60  # an answer that is being written is told again before that

_STATUS = "djinn:link"
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
    """What the panel or the API wants of the worker. `id` names the attempt in the status;
    `asked_at` is Redis's time, since two machines may differ."""

    id: str
    wish: Wish
    phone: str | None
    asked_at: float


@dataclass(frozen=True)
class Beat:
    """A sign of life of one process. `holder` is true for the worker that holds the lock, since
    `held_since`; `memory` is in bytes."""

    id: str
    host: str
    pid: int
    started_at: float
    version: str = ""
    memory: int = 0
    holder: bool = False
    held_since: float | None = None
    fence: int | None = None
    connected: bool = False
    settings_version: int | None = None
    running: int = 0  # jobs: turns at work


def sign(beat_id: str, started_at: float, **facts: Any) -> Beat:
    """A sign of life of the process that calls this."""
    known = {"version": VERSION, "memory": memory.resident(), **facts}
    return Beat(beat_id, socket.gethostname(), os.getpid(), started_at, **known)


class Live:
    """Every use of Redis outside RQ, the lock and the log. Threads may share it."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis

    # The link, as the worker sees it -------------------------------------------------------

    def publish(self, status: Status) -> None:
        self.redis.set(_STATUS, _dump(asdict(status)), ex=STATUS_TTL)

    def status(self) -> Status | None:
        """None when no worker has said anything for `STATUS_TTL` seconds."""
        raw = self.redis.get(_STATUS)
        return _status(json.loads(raw)) if isinstance(raw, bytes | str) else None

    # Requests from the panel and the API to the worker ------------------------------------

    def request(self, wish: Wish, phone: Phone | None = None) -> str:
        """Ask the worker for something; returns the attempt's id. It does not wait."""
        request = Request(secrets.token_hex(8), wish, phone, self._time())
        with self.redis.pipeline() as pipeline:
            pipeline.lpush(_REQUESTS, _dump(asdict(request)))
            pipeline.expire(_REQUESTS, REQUEST_TTL)
            pipeline.execute()
        return request.id

    def next_request(self, timeout: float) -> Request | None:
        """Wait up to `timeout` seconds. Requests that went stale are dropped. Each is handed out
        once: a worker that dies over it does not leave it to the next."""
        item = self.redis.brpop([_REQUESTS], timeout=timeout)
        if not item:
            return None
        request = _read(Request, json.loads(item[1]))
        return request if self._time() - request.asked_at < REQUEST_TTL else None

    # Nudges ----------------------------------------------------------------------------------

    def nudge_outbox(self) -> None:
        """There is something to send. One token is enough, however often it is said."""
        with self.redis.pipeline() as pipeline:
            pipeline.lpush(_OUTBOX, 1)
            pipeline.ltrim(_OUTBOX, 0, 0)
            pipeline.expire(_OUTBOX, NUDGE_TTL)
            pipeline.execute()

    def outbox_nudged(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for a nudge."""
        return self.redis.brpop([_OUTBOX], timeout=timeout) is not None

    # Answers that are being written ------------------------------------------------------------

    def show_partial(self, turn_id: int, text: str) -> None:
        """What this turn's answer is so far."""
        self.redis.set(f"{_PARTIAL}{turn_id}", text, ex=PARTIAL_TTL)

    def partial(self, turn_id: int) -> str:
        """Empty while nothing has been written."""
        raw = self.redis.get(f"{_PARTIAL}{turn_id}")
        return raw.decode() if isinstance(raw, bytes) else raw or ""

    # Signs of life -----------------------------------------------------------------------------

    def beat(self, role: Role, beat: Beat) -> None:
        self.redis.set(f"djinn:{role}:{beat.id}", _dump(asdict(beat)), ex=HEARTBEAT_TTL)

    def gone(self, role: Role, beat_id: str) -> None:
        self.redis.delete(f"djinn:{role}:{beat_id}")

    def alive(self, role: Role) -> Sequence[Beat]:
        """Every process of this role that gave a sign of life lately, the oldest first."""
        return self._beats(f"djinn:{role}:*")[role]

    def everyone(self) -> Mapping[Role, Sequence[Beat]]:
        """The same for all roles, in one look."""
        return self._beats("djinn:*:*")

    def _beats(self, pattern: str) -> Mapping[Role, Sequence[Beat]]:
        found: dict[Role, list[Beat]] = {role: [] for role in ROLES}
        role_of = {key: _role(key) for key in self.redis.scan_iter(match=pattern, count=1000)}
        keys = [key for key, role in role_of.items() if role]
        for key, raw in zip(keys, self.redis.mget(keys) if keys else (), strict=True):
            role = role_of[key]
            if raw and role:
                found[role].append(_read(Beat, json.loads(raw)))
        return {
            role: sorted(beats, key=lambda beat: beat.started_at) for role, beats in found.items()
        }

    # Fence tokens ------------------------------------------------------------------------------

    def next_fence(self) -> int:
        """Higher than any before, as far as Redis remembers; `store.link` knows better."""
        return int(self.redis.incr(_FENCE))

    def _time(self) -> float:
        seconds, microseconds = self.redis.time()
        return float(seconds + microseconds / 1e6)


def _role(key: bytes | str) -> Role | None:
    """Whose sign of life is kept under this key, None if it is something else."""
    name = (key.decode() if isinstance(key, bytes) else key).split(":")[1]
    return next((role for role in ROLES if role == name), None)


def _dump(value: Mapping[str, Any]) -> str:
    return json.dumps(value, default=lambda instant: instant.isoformat())


def _read(cls: type[T], raw: Mapping[str, Any]) -> T:
    names = cls.__dataclass_fields__  # type: ignore[attr-defined]
    return cls(**{name: value for name, value in raw.items() if name in names})


def _status(raw: Mapping[str, Any]) -> Status:
    """Texts become what they were, except None."""
    kinds: Mapping[str, Callable[[str], Any]] = {
        "phase": Phase,
        "end": End,
        "phone": Phone,
        "expires_at": datetime.fromisoformat,
        "retry_at": datetime.fromisoformat,
    }
    made = {name: kinds[name](value) for name, value in raw.items() if name in kinds and value}
    return _read(Status, {**raw, **made})
