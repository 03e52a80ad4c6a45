"""The panel with a real Valkey, and somebody who looks at it."""

import time
from collections.abc import Callable, Iterator

import pytest
from argon2 import PasswordHasher
from flask import Flask
from redis import Redis

from app import attach_services, build_app
from app.account import passwords
from app.web.ext import Services
from config import Config
from store.account import api_keys
from store.redis import valkey
from store.redis.live import Heartbeat, Live
from store.sql.engine import Database
from tests.app.api.program import Api
from tests.app.visitor import Visitor

Beats = Callable[..., None]


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """A guess costs nothing here; `tests/app/account/test_passwords.py` has the real costs."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", hasher)
    monkeypatch.setattr(passwords, "_NOBODYS_HASH", hasher.hash("of nobody"))


@pytest.fixture(scope="session")
def bare_app() -> Flask:
    """Built once, which takes longer than most of the tests."""
    return build_app()


@pytest.fixture
def app(
    bare_app: Flask,
    env: dict[str, str],
    database_url: str,
    valkey_url: str,
    redis: Redis,
    lasting_signs: None,
) -> Iterator[Flask]:
    """The web application on an empty database and an empty Valkey."""
    settings = {**env, "DATABASE_URL": database_url, "REDIS_URL": valkey_url}
    attach_services(bare_app, Config.from_env(settings))
    yield bare_app
    services: Services = bare_app.extensions["djinnbot"]
    services.live.redis.close()
    services.db.close()


@pytest.fixture
def services(app: Flask) -> Services:
    found: Services = app.extensions["djinnbot"]
    return found


@pytest.fixture
def stranger(app: Flask) -> Visitor:
    """Somebody who is not signed in."""
    return Visitor(app)


@pytest.fixture
def owner(app: Flask) -> Visitor:
    """The owner, signed in."""
    visitor = Visitor(app)
    visitor.sign_in()
    return visitor


@pytest.fixture
def live(redis: Redis) -> Live:
    """The worker's side of Redis."""
    return Live(redis)


@pytest.fixture
def beats(live: Live) -> Beats:
    """Signs of life of a worker that holds the lock, and of a jobs process."""

    def beat(**facts: object) -> None:
        live.record_heartbeat(
            "worker", Heartbeat("w", "here", 1, time.time(), **{"holder": True, **facts})
        )
        live.record_heartbeat("jobs", Heartbeat("j", "here", 2, time.time()))

    return beat


@pytest.fixture
def api(app: Flask, database: Database, redis: Redis) -> Api:
    """A program whose key opens everything."""
    return Api(app, database, Live(redis), "").with_scopes(*api_keys.SCOPES)


@pytest.fixture
def redis_away(services: Services) -> None:
    """The panel finds no Redis any more."""
    services.live.redis.close()
    services.live = Live(valkey.connect("unix:///nowhere/valkey.sock"))
