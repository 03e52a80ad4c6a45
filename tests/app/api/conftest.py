"""The application and a program that calls it, on every kind of database."""

from collections.abc import Iterator

import pytest
from flask import Flask
from redis import Redis

from app import create_app
from app.web.ext import Services
from config import Config
from store.account import api_keys
from store.redis.live import Live
from store.sql.engine import Database
from tests.app.api.program import Api


@pytest.fixture
def app(
    env: dict[str, str], database_url: str, valkey_url: str, redis: Redis, lasting_signs: None
) -> Iterator[Flask]:
    """The web application on an empty database and an empty Valkey."""
    app = create_app(
        Config.from_env({**env, "DATABASE_URL": database_url, "REDIS_URL": valkey_url})
    )
    yield app
    services: Services = app.extensions["djinnbot"]
    services.live.redis.close()
    services.db.close()


@pytest.fixture
def api(app: Flask, database: Database, redis: Redis) -> Api:
    """A program whose key opens everything."""
    return Api(app, database, Live(redis), "").with_scopes(*api_keys.SCOPES)
