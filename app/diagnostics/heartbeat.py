"""The heartbeat of a process of the panel."""

import atexit
import os
import secrets
import threading
import time
from contextlib import suppress

from redis import RedisError

from config import Config
from store.redis import valkey
from store.redis.live import Live, make_heartbeat

SECONDS = 5.0


class HeartbeatThread:
    """Writes the heartbeat every `SECONDS` until the process ends.

    A server may load the application before it forks: then each child writes its own, and the
    parent, which serves no requests, does not.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._ended = threading.Event()

    def start(self) -> None:
        os.register_at_fork(after_in_parent=self.stop, after_in_child=self._begin)
        atexit.register(self.stop)
        self._begin()

    def stop(self) -> None:
        """End the thread and take the heartbeat back, once. What the thread is just
        writing would outlive the process, so it is waited for."""
        if not self._ended.is_set():
            self._ended.set()
            self._thread.join(SECONDS)
            with suppress(RedisError):
                self._live.remove_heartbeat("web", self._id)

    def _begin(self) -> None:
        self._live = Live(valkey.connect(self._config.redis))
        self._ended = threading.Event()
        self._id, self._started_at = secrets.token_hex(8), time.time()
        self._thread = threading.Thread(
            target=self._run, args=(self._ended,), name="heartbeat", daemon=True
        )
        self._thread.start()

    def _run(self, ended: threading.Event) -> None:
        while not ended.is_set():
            with suppress(RedisError):
                self._live.record_heartbeat("web", make_heartbeat(self._id, self._started_at))
            ended.wait(SECONDS)
