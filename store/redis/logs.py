"""The end of the log, of all processes on all machines, in Redis: for the panel to show.

A convenience beside standard output, where the whole log goes: what can't be written in time is
left out.
"""

import json
import logging
import os
import queue
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from redis import Redis, RedisError

LINES, ERRORS = 1000, 100  # how many are kept; errors stay longer than what was said around them
KEPT_SECONDS = 7 * 24 * 3600
TEXT, TRACE = 2000, 6000  # characters of an event or a field, and of the end of a traceback

_LINES, _ERRORS = "djinn:log", "djinn:errors"
_WAITING = 1000  # records that wait for Redis; those beyond are left out
_BATCH = 100
_RETRY = 1.0  # seconds
_REST = 5.0  # seconds that the end of a process may take to write the rest, while Redis answers
_LOOK = 0.05  # seconds
_ANSWER = 2.0  # seconds that Redis may take


@dataclass(frozen=True)
class LogLine:
    """A log line of one process."""

    at: datetime
    process: str
    host: str
    pid: int
    level: str
    event: str
    is_ours: bool = True  # not a library's
    logger: str = ""
    template: str = ""  # a library's text before its values were put in; empty without values
    fields: Mapping[str, Any] = field(default_factory=dict)
    exception: str = ""

    @classmethod
    def read(cls, raw: bytes | str) -> Self:
        known = {k: v for k, v in json.loads(raw).items() if k in cls.__dataclass_fields__}
        return cls(**{**known, "at": datetime.fromtimestamp(known["at"], UTC)})


def read_latest(redis: Redis, limit: int = LINES) -> Sequence[LogLine]:
    """The latest first."""
    return _read(redis, _LINES, limit)


def read_errors(redis: Redis, limit: int = ERRORS) -> Sequence[LogLine]:
    """The latest of those that say that something went wrong, the latest first."""
    return _read(redis, _ERRORS, limit)


class Tail(logging.Handler):
    """Writes records to Redis from a thread of its own: the caller does not wait, whatever Redis
    does. It needs a formatter that makes a JSON object of a record, with `level`, `event` and
    `exception`; other names in it are fields."""

    def __init__(self, url: str, process: str) -> None:
        super().__init__(logging.INFO)
        self._url = url
        self._process = process
        self._who = {"process": process, "host": socket.gethostname()}
        self._pid = 0
        self._ident = 0
        self._is_away = False

    def emit(self, record: logging.LogRecord) -> None:
        """Hand the record to the thread. What that thread itself logs is left out, else there would
        be no end."""
        if self._pid != os.getpid():
            self._begin()
        if threading.get_ident() != self._ident and self._records.qsize() < _WAITING:
            self._records.put(record)

    def flush(self) -> None:
        """At the end of the process: give what waits a moment to leave."""
        if self._pid != os.getpid():
            return
        written, latest = threading.Event(), time.monotonic() + _REST
        self._records.put(written)
        while not (self._is_away or written.wait(_LOOK) or time.monotonic() > latest):
            pass

    def _begin(self) -> None:
        """Start the thread, in each process anew: threads do not survive a fork. SimpleQueue, since
        a signal's handler may log in the middle of another `put` of the same thread."""
        self._pid = os.getpid()
        self._records: queue.SimpleQueue[logging.LogRecord | threading.Event] = queue.SimpleQueue()
        with suppress(RuntimeError):  # the interpreter is ending
            threading.Thread(target=self._write_all, name="log", daemon=True).start()

    def _write_all(self) -> None:
        self._ident = threading.get_ident()
        timeouts = {"socket_timeout": _ANSWER, "socket_connect_timeout": _ANSWER}
        with Redis.from_url(self._url, **timeouts) as redis:
            while True:
                self._write(redis, self._batch())

    def _batch(self) -> Sequence[logging.LogRecord | threading.Event]:
        found = [self._records.get()]
        with suppress(queue.Empty):
            while len(found) < _BATCH:
                found.append(self._records.get_nowait())
        return found

    def _write(self, redis: Redis, batch: Sequence[logging.LogRecord | threading.Event]) -> None:
        """Tries until it works; the queue fills while it waits, and what is beyond is left out."""
        records = [record for record in batch if isinstance(record, logging.LogRecord)]
        lines = [(record.levelno, line) for record in records if (line := self._line(record))]
        bad = [line for level, line in lines if level >= logging.ERROR]
        while True:
            try:
                _push(redis, _LINES, [line for _, line in lines], LINES)
                _push(redis, _ERRORS, bad, ERRORS)
                break
            except RedisError:
                self._is_away = True
                time.sleep(_RETRY)
        self._is_away = False
        for written in batch:
            if isinstance(written, threading.Event):
                written.set()

    def _line(self, record: logging.LogRecord) -> str | None:
        """None for what can't be formatted; standard output has complained of it already."""
        try:
            said = json.loads(self.format(record))
        except Exception:
            return None
        is_ours = isinstance(record.msg, dict)
        line = {
            **self._who,
            "pid": self._pid,
            "at": record.created,
            "logger": record.name,
            "is_ours": is_ours,
            "level": said.pop("level", ""),
            "event": str(said.pop("event", ""))[:TEXT],
            "template": "" if is_ours or not record.args else str(record.msg)[:TEXT],
            "exception": str(said.pop("exception", ""))[-TRACE:],
            "fields": {
                name: value if isinstance(value, bool | int | float | None) else str(value)[:TEXT]
                for name, value in said.items()
            },
        }
        return json.dumps(line, ensure_ascii=False)


def _push(redis: Redis, key: str, lines: Sequence[str], kept: int) -> None:
    if not lines:
        return
    with redis.pipeline() as pipeline:
        pipeline.lpush(key, *lines)
        pipeline.ltrim(key, 0, kept - 1)
        pipeline.expire(key, KEPT_SECONDS)
        pipeline.execute()


def _read(redis: Redis, key: str, limit: int) -> Sequence[LogLine]:
    found = redis.lrange(key, 0, limit - 1)
    return [LogLine.read(raw) for raw in found]
