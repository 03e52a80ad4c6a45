"""What is true right now, in a real Valkey."""

import json
import os
import socket
from dataclasses import asdict, fields
from datetime import UTC, datetime
from threading import Thread

import pytest
from redis import Redis

from core.link import End, Phase, Status
from core.phone import Phone
from core.version import VERSION
from store.redis.live import (
    HEARTBEAT_TTL,
    NUDGE_TTL,
    REQUEST_TTL,
    STATUS_TTL,
    Heartbeat,
    Live,
    make_heartbeat,
)
from tests.store.rows import NOW
from tests.waiting import PATIENCE

ADA = Phone("+15550000001")
FULL = Status(
    phase=Phase.SCAN,
    connected=True,
    attempt="a1",
    qr="2@secret,with=signs/and+more",
    number=3,
    of=6,
    code="ABCD-1234",
    phone=ADA,
    expires_at=datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC),
    end=End.TIMED_OUT,
    detail="Grüße “x”",
    retry_at=NOW,
)
BEAT = Heartbeat(
    "host-1", "host", 1, 1.5, holder=True, fence=7, connected=True, settings_version=3, running=2
)
SOON = 0.01


@pytest.fixture
def live(redis: Redis) -> Live:
    return Live(redis)


def age(redis: Redis, seconds: float) -> None:
    """Make the requests that wait older than they are."""
    for index, raw in enumerate(redis.lrange("djinn:requests", 0, -1)):
        request = json.loads(raw)
        request["asked_at"] -= seconds
        redis.lset("djinn:requests", index, json.dumps(request))


# ---- the status --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [FULL, Status(Phase.UNLINKED), Status(Phase.LINKED, phone=ADA)])
def test_a_status_comes_back_as_it_was(live: Live, status: Status) -> None:
    live.publish(status)
    read = live.read_status()
    assert read == status
    for field in fields(Status):
        assert type(getattr(read, field.name)) is type(getattr(status, field.name)), field.name


def test_the_full_status_has_a_value_in_every_field() -> None:
    assert all(value for value in asdict(FULL).values())


def test_without_a_worker_there_is_no_status(live: Live, redis: Redis) -> None:
    assert live.read_status() is None
    live.publish(FULL)
    redis.delete("djinn:link")
    assert live.read_status() is None


def test_workers_of_another_version_are_understood(live: Live, redis: Redis) -> None:
    redis.set("djinn:link", json.dumps({"phase": "linked", "mood": "good"}))
    assert live.read_status() == Status(Phase.LINKED)
    redis.set("djinn:worker:x", json.dumps({**asdict(BEAT), "mood": "good"}))
    assert live.list_heartbeats("worker") == [BEAT]
    live.request("link")
    [raw] = redis.lrange("djinn:requests", 0, -1)
    redis.lset("djinn:requests", 0, json.dumps({**json.loads(raw), "mood": "good"}))
    request = live.take_request(SOON)
    assert request and request.wish == "link"


# ---- times to live -----------------------------------------------------------------------------


def test_everything_goes_by_itself_but_the_counter_of_fences(live: Live, redis: Redis) -> None:
    live.publish(FULL)
    live.request("link")
    live.nudge_outbox()
    live.record_heartbeat("worker", BEAT)
    live.record_heartbeat("jobs", BEAT)
    live.next_fence()
    limits = {
        b"djinn:link": STATUS_TTL,
        b"djinn:requests": REQUEST_TTL,
        b"djinn:outbox": NUDGE_TTL,
        b"djinn:worker:host-1": HEARTBEAT_TTL,
        b"djinn:jobs:host-1": HEARTBEAT_TTL,
    }
    assert set(redis.keys("*")) == {*limits, b"djinn:fence"}
    assert redis.ttl("djinn:fence") == -1
    for key, limit in limits.items():
        assert 0 < redis.ttl(key) <= limit


# ---- requests ----------------------------------------------------------------------------------


def test_requests_come_in_order_and_once(live: Live) -> None:
    first, second = live.request("code", ADA), live.request("unlink")
    assert first != second
    one, two = live.take_request(SOON), live.take_request(SOON)
    assert one and (one.id, one.wish, one.phone) == (first, "code", ADA)
    assert two and (two.id, two.wish, two.phone) == (second, "unlink", None)
    assert live.take_request(SOON) is None


def test_what_a_worker_took_before_it_died_is_not_taken_again(live: Live, redis: Redis) -> None:
    live.request("unlink")
    assert Live(redis).take_request(SOON)
    assert live.take_request(SOON) is None


def test_a_stale_request_is_dropped_and_the_next_one_is_not(live: Live, redis: Redis) -> None:
    live.request("unlink")
    age(redis, REQUEST_TTL + 1)
    fresh = live.request("link")
    assert live.take_request(SOON) is None
    request = live.take_request(SOON)
    assert request and request.id == fresh


def test_a_request_in_time_is_carried_out(live: Live, redis: Redis) -> None:
    live.request("link")
    age(redis, REQUEST_TTL - 5)
    assert live.take_request(SOON)


def test_a_waiting_worker_hears_a_request_at_once(live: Live, redis: Redis) -> None:
    heard = []
    worker = Thread(target=lambda: heard.append(live.take_request(4)))
    worker.start()
    wanted = Live(redis).request("link")
    worker.join(PATIENCE)
    assert [request.id for request in heard] == [wanted]


# ---- nudges ------------------------------------------------------------------------------------


def test_many_nudges_are_one(live: Live) -> None:
    for _ in range(5):
        live.nudge_outbox()
    assert live.wait_for_outbox_nudge(SOON)
    assert not live.wait_for_outbox_nudge(SOON)


# ---- signs of life -----------------------------------------------------------------------------


def test_who_is_alive_the_oldest_first(live: Live) -> None:
    young, old = Heartbeat("b", "host", 2, 20.0), Heartbeat("a", "host", 1, 10.0)
    live.record_heartbeat("jobs", young)
    live.record_heartbeat("jobs", old)
    live.record_heartbeat("worker", BEAT)
    assert live.list_heartbeats("jobs") == [old, young]
    assert live.list_heartbeats("worker") == [BEAT]
    live.remove_heartbeat("jobs", "a")
    live.remove_heartbeat("jobs", "never there")
    assert live.list_heartbeats("jobs") == [young]


def test_everyone_in_one_look(live: Live) -> None:
    web, connection = Heartbeat("a", "host", 3, 3.0), Heartbeat("c", "host", 4, 4.0)
    live.record_heartbeat("web", web)
    live.record_heartbeat("connection", connection)
    live.record_heartbeat("worker", BEAT)
    live.write_partial(1, "not a sign of life")
    assert live.list_all_heartbeats() == {
        "web": [web],
        "worker": [BEAT],
        "connection": [connection],
        "jobs": [],
    }


def test_a_process_speaks_of_itself() -> None:
    mine = make_heartbeat("x", 1.5, running=2)
    assert (mine.id, mine.pid, mine.host) == ("x", os.getpid(), socket.gethostname())
    assert (mine.version, mine.running) == (VERSION, 2) and mine.memory > 0


def test_a_sign_of_life_replaces_the_one_before(live: Live) -> None:
    live.record_heartbeat("worker", Heartbeat("w", "host", 1, 1.0))
    live.record_heartbeat("worker", Heartbeat("w", "host", 1, 1.0, holder=True))
    [beat] = live.list_heartbeats("worker")
    assert beat.holder


def test_nobody_is_alive_at_first(live: Live) -> None:
    assert live.list_heartbeats("worker") == live.list_heartbeats("jobs") == []


# ---- fences ------------------------------------------------------------------------------------


def test_fences_rise_until_redis_forgets(live: Live, redis: Redis) -> None:
    assert [live.next_fence() for _ in range(3)] == [1, 2, 3]
    redis.flushall()
    assert live.next_fence() == 1
