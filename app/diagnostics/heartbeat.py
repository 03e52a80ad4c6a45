"""The sign of life of a process of the panel."""

import atexit
import os
import secrets
import threading
import time
from contextlib import suppress

from redis import RedisError

from config import Config
from store.redis import valkey
from store.redis.live import Live, sign

SECONDS = 5.0


class Heart:
    """Beats on a thread of its own until the process ends.

    A server may load the application before it forks: then each child beats by itself, and the
    parent, which serves nobody, does not.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._rests = threading.Event()

    def start(self) -> None:
        os.register_at_fork(after_in_parent=self.stop, after_in_child=self._begin)
        atexit.register(self.stop)
        self._begin()

    def stop(self) -> None:
        """Say goodbye, once."""
        if not self._rests.is_set():
            self._rests.set()
            with suppress(RedisError):
                self._live.gone("web", self._id)

    def _begin(self) -> None:
        self._live = Live(valkey.connect(self._config.redis))
        self._rests = threading.Event()
        self._id, self._started_at = secrets.token_hex(8), time.time()
        threading.Thread(target=self._beat, args=(self._rests,), name="heart", daemon=True).start()

    def _beat(self, rests: threading.Event) -> None:
        while not rests.is_set():
            with suppress(RedisError):
                self._live.beat("web", sign(self._id, self._started_at))
            rests.wait(SECONDS)
