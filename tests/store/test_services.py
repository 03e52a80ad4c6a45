"""The database and Redis, once both are there."""

import pytest
from redis import Redis

from config import Config
from store import services
from store.redis import valkey
from store.services import NotReady, open_services
from store.sql import migrate


@pytest.fixture
def env(env: dict[str, str], valkey_url: str, database_url: str) -> dict[str, str]:
    return env | {"REDIS_URL": valkey_url, "DATABASE_URL": database_url}


def test_both_are_there(config: Config, redis: Redis) -> None:
    database, client = open_services(config)
    assert client.ping() and migrate.is_current(database)
    client.close()
    database.close()


def test_without_redis_it_says_so(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(client: Redis) -> None:
        raise services.ConnectionError("Redis does not answer")

    monkeypatch.setattr(valkey, "wait_ready", refuse)
    with pytest.raises(NotReady, match="Redis does not answer"):
        open_services(config)


def test_a_database_that_nobody_migrates(
    config: Config, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = migrate.wait_current
    monkeypatch.setattr(migrate, "wait_current", lambda database: wait(database, seconds=0))
    monkeypatch.setattr(migrate, "is_current", lambda database: False)
    with pytest.raises(NotReady, match="the database is not migrated: ./run migrate"):
        open_services(config)
