"""The processes, queues and services as the diagnostics page knows them."""

import re
import time
from datetime import timedelta

import pytest
from redis import Redis

from app.web.ext import Services
from core.settings import Settings
from store import link, settings
from store.redis.live import Heartbeat, Live, make_heartbeat
from store.redis.queue import Turns
from tests.app.visitor import Visitor, words
from tests.store.rows import chat_with, write


@pytest.mark.usefixtures("redis_away")
def test_it_comes_up_without_redis(owner: Visitor) -> None:
    said = words(owner.open("/diagnostics/"))
    assert "Redis does not answer, so nobody knows which processes there are." in said
    assert owner.open("/diagnostics/log").status_code == 200
    assert owner.submit("/diagnostics/bundle").status_code == 200


def test_processes_of_all_roles(owner: Visitor, live: Live, services: Services) -> None:
    with services.db.write() as connection:
        settings.save(connection, Settings(), services.now())
        link.raise_fence(connection, 41)
    since = time.time() - 3600
    live.record_heartbeat("web", make_heartbeat("a", since))
    live.record_heartbeat(
        "worker", make_heartbeat("b", since, holder=True, held_since=since, settings_version=1)
    )
    live.record_heartbeat(
        "worker", Heartbeat("c", "there", 8, since, version="0.0.1", memory=5 * 1024 * 1024)
    )
    live.record_heartbeat("connection", make_heartbeat("d", since, settings_version=0))
    live.record_heartbeat("jobs", make_heartbeat("e", since, running=3))
    said = words(owner.open("/diagnostics/"))
    for part in ("web", "holds the lock", "stands by", "connection", "jobs 3 at work"):
        assert part in said
    assert "there process 8" in said and "5 MB" in said
    assert "0.0.1 another than this panel's" in said
    assert "v0 saved is v1" in said
    assert "1 standing by, fence token 41" in said and "held since" in said


def test_queues_and_services(owner: Visitor, services: Services, redis: Redis) -> None:
    now = services.now()
    Turns(redis).nudge(1)
    with services.db.write() as connection:
        write(connection, chat_with(connection), "A", now=now - timedelta(minutes=5))
    said = words(owner.open("/diagnostics/"))
    assert "Waiting for an answer 1 the oldest since" in said and "1 in the jobs' queue" in said
    assert "Not decided yet 0" in said and "Waiting to be sent 0" in said
    assert "round trip" in said and re.search(r"(SQLite|PostgreSQL) \d", said)
    assert "REDIS_URL," in said and re.search(r"tables 0\d+", said)
