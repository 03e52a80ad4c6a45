"""The worker as a process, without an account: who holds the lock, and what it survives."""

from collections.abc import Iterator

import pytest
from redis import Redis
from sqlalchemy import text

from core.link import End, Phase, Status
from store import link as link_store
from store.redis.live import Heartbeat, Live
from store.redis.valkey import connect
from store.sql.engine import Database
from tests.services.processes import Spawned, Spawner
from tests.waiting import until
from tests.worker.async_rq.worker_for_tests import MortalValkey
from tests.worker.world import START
from worker.supervisor.lock import KEY

HOLDS = "This worker holds the WhatsApp lock"
STANDS_BY = "Another engine instance holds the WhatsApp lock"


@pytest.fixture
def env(env: dict[str, str], valkey_url: str, database_url: str) -> dict[str, str]:
    return env | {"REDIS_URL": valkey_url, "DATABASE_URL": database_url}


@pytest.fixture
def live(redis: Redis) -> Live:
    return Live(redis)


def holder(live: Live) -> Heartbeat | None:
    return next((beat for beat in live.list_heartbeats("worker") if beat.holder), None)


def said(live: Live, end: End | None) -> Status | None:
    status = live.read_status()
    return status if status and status.end is end else None


def start(spawn: Spawner, wait_for: str) -> Spawned:
    worker = spawn("-m", "worker.supervisor")
    worker.wait_for(wait_for)
    return worker


def test_one_holds_the_lock_and_says_so(spawn: Spawner, live: Live):
    worker = start(spawn, HOLDS)
    beat = until(lambda: holder(live), "a holder")
    assert beat.pid == worker.pid and not beat.connected
    status = until(live.read_status, "a status")
    assert status.phase is Phase.UNLINKED


def test_others_stand_by_and_take_over_at_once(spawn: Spawner, live: Live):
    first = start(spawn, HOLDS)
    second = start(spawn, STANDS_BY)
    until(lambda: len(live.list_heartbeats("worker")) == 2, "two workers")
    assert first.stop() == 0
    second.wait_for(HOLDS)
    assert until(lambda: holder(live), "a holder").pid == second.pid
    assert second.output().count(STANDS_BY) == 1


@pytest.mark.parametrize("when", [HOLDS, STANDS_BY])
def test_it_ends_when_told_and_leaves_nothing_behind(spawn, live: Live, redis: Redis, when: str):
    if when == STANDS_BY:
        redis.set(KEY, "another's", ex=3600)
    worker = start(spawn, when)
    assert worker.stop() == 0
    assert live.list_heartbeats("worker") == []
    assert redis.get(KEY) == (b"another's" if when == STANDS_BY else None)


def test_a_standby_ignores_what_is_asked(spawn: Spawner, live: Live, redis: Redis):
    """The holder is asked, whoever that is; none is there in this test."""
    redis.set(KEY, "another's", ex=3600)
    start(spawn, STANDS_BY)
    live.request("take_over")
    until(lambda: live.list_heartbeats("worker"), "a sign of life")
    assert redis.llen("djinn:requests") == 1


def test_what_can_not_be_read_is_skipped(spawn: Spawner, live: Live, redis: Redis):
    worker = start(spawn, HOLDS)
    redis.lpush("djinn:requests", "{", "[]", '{"id": "1"}')
    live.request("cancel")
    worker.wait_for("Asked by the panel or the API")


def test_it_waits_for_a_database_that_is_away(
    spawn: Spawner, database: Database, live: Live, redis: Redis
):
    with database.write() as connection:
        link_store.record_end(connection, End.REMOVED_ON_PHONE, START)
        connection.execute(text("ALTER TABLE link RENAME TO gone"))
    worker = start(spawn, "The database is away")
    with database.write() as connection:
        connection.execute(text("ALTER TABLE gone RENAME TO link"))
    until(lambda: said(live, End.REMOVED_ON_PHONE), "what the database says")
    assert worker.stop() == 0


class TestAnOutageOfRedis:
    @pytest.fixture
    def server(self) -> Iterator[MortalValkey]:
        with MortalValkey() as server:
            yield server

    @pytest.fixture
    def env(self, env: dict[str, str], server: MortalValkey) -> dict[str, str]:
        return env | {"REDIS_URL": server.url}

    def test_the_worker_outlives_it(self, spawn: Spawner, server: MortalValkey):
        worker = start(spawn, HOLDS)
        server.kill()
        worker.wait_for("The WhatsApp lock is lost")
        worker.wait_for("no worker can have the WhatsApp lock")
        server.start()
        with connect(server.url) as redis:
            beat = until(lambda: holder(Live(redis)), "a holder")
        assert beat.pid == worker.pid and worker.output().count(HOLDS) == 2
        assert worker.stop() == 0
