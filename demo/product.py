"""The product as the demo sees it: what its worker says, who may write, and the owner's account."""

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

from argon2 import PasswordHasher
from flask.sessions import SecureCookieSessionInterface
from redis import RedisError
from sqlalchemy.exc import SQLAlchemyError

from app import create_app
from app.web.ext import Services
from config import Config
from core.admission.allowlist import Entry, find
from core.link import Phase, Status
from core.phone import Phone
from core.settings import Settings
from store import allowlist, settings
from store.account import owner

OWNER, AGENT, EMOJI = "demo", "finn", "👀"
LOOK_EVERY = 0.5  # seconds: how old an answer of `look` may be


@dataclass(frozen=True)
class ProductState:
    """What the phones page shows of the product."""

    up: bool = False  # false while the product starts
    status: Status | None = None  # None while no worker publishes one
    entries: tuple[Entry, ...] = ()  # of the allowlist
    everyone: bool = False  # the settings allow all

    def allows(self, number: str) -> bool:
        return self.everyone or find(Phone(number), None, self.entries) is not None

    @property
    def shows_qr(self) -> bool:
        return bool(self.status and self.status.phase is Phase.SCAN and self.status.qr)

    @property
    def code(self) -> str | None:
        """The pairing code that the panel shows."""
        found = self.status
        return found.code if found and found.phase is Phase.CODE else None


class Product:
    """Looks into the demo's own database and Redis. Threads may share it."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._panel = create_app(config)
        self._services: Services = self._panel.extensions["djinnbot"]
        self._lock = Lock()
        self._state, self._looked_at = ProductState(), float("-inf")
        self._token: str | None = None

    def close(self) -> None:
        self._services.db.close()
        self._services.live.redis.close()

    def furnish(self, password: str) -> None:
        """The first time: an account, and answering switched on with a default agent."""
        now = datetime.now(UTC)
        with self._services.db.write() as connection:
            if owner.create(connection, OWNER, PasswordHasher().hash(password), now):
                wanted = Settings(enabled=True, default_agent=AGENT, ack_emoji=EMOJI)
                settings.save(connection, wanted, now)

    def session_cookie(self) -> tuple[str, str]:
        """The name and value of a cookie that is signed in to the panel."""
        interface = self._panel.session_interface
        assert isinstance(interface, SecureCookieSessionInterface)
        signer = interface.get_signing_serializer(self._panel)
        assert signer is not None
        value = signer.dumps({"token": self._session(), "_permanent": True})
        return self._panel.config["SESSION_COOKIE_NAME"], str(value)

    def look(self) -> ProductState:
        """The present state, at most half a second old."""
        with self._lock:
            if time.monotonic() - self._looked_at > LOOK_EVERY:
                self._state, self._looked_at = self._read(), time.monotonic()
            return self._state

    def qr(self) -> str | None:
        """What the QR code on the panel says, as a phone's camera would read it."""
        state = self._read()
        return state.status.qr if state.shows_qr and state.status else None

    def restart_worker(self) -> None:
        """End it; the demo starts it again a second later."""
        for heartbeat in self._services.live.list_heartbeats("worker"):
            with suppress(ProcessLookupError):
                os.kill(heartbeat.pid, signal.SIGTERM)

    def _read(self) -> ProductState:
        try:
            with self._services.db.read() as connection:
                entries = tuple(allowlist.load(connection))
                everyone = settings.load(connection).allow_all
            return ProductState(True, self._services.live.read_status(), entries, everyone)
        except (SQLAlchemyError, RedisError):
            return ProductState()

    def _session(self) -> str:
        """The demo's own browser session, a new one when it was ended."""
        now = datetime.now(UTC)
        with self._lock, self._services.db.write() as connection:
            if not self._token or owner.find_session(connection, self._token, now) is None:
                self._token = owner.open_session(connection, "demo", "127.0.0.1", now)
            return self._token
