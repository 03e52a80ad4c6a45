"""The process that answers, as ./run starts it: a real one, which can be killed."""

import os
from datetime import UTC, datetime

import pytest
from redis import Redis
from rq import Worker
from rq.registry import FailedJobRegistry, StartedJobRegistry
from sqlalchemy import select

from config import Config
from store import retention
from store.account import audit
from store.redis.live import Live
from store.redis.queue import Turns
from store.sql import tables
from tests.services.fake_llm import FakeLLM
from tests.services.processes import Spawned, Spawner
from tests.waiting import until
from tests.worker.world import ALICE, BOB, World

READY = "ready to answer"


@pytest.fixture
def env(env, valkey_url: str, database_url: str, llm: FakeLLM, tmp_path) -> dict[str, str]:
    return env | {
        "REDIS_URL": valkey_url,
        "DATABASE_URL": database_url,
        "AGENTS_DIR": str(tmp_path / "agents"),
        "CUSTOM_LLM_BASE_URL": llm.url,
    }


@pytest.fixture
def config(env: dict[str, str]) -> Config:
    return Config.from_env(env)


@pytest.fixture
def clock() -> "WallClock":
    return WallClock()


class WallClock:
    """Other processes can't be told another time."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture
def turns(redis: Redis) -> Turns:
    return Turns(redis)


def is_ending(turns: Turns) -> bool:
    """Whether a worker has written down that it was asked to end."""
    [worker] = Worker.all(queue=turns.queue)
    return turns.queue.connection.hexists(worker.key, "shutdown_requested_date")


def start(spawn: Spawner) -> Spawned:
    process = spawn("-m", "worker.jobs")
    process.wait_for(READY)
    return process


@pytest.mark.both_databases
async def test_a_nudged_chat_is_answered(world: World, spawn: Spawner, turns: Turns) -> None:
    jobs = start(spawn)
    alice, bob = world.friend(ALICE).writes("hi"), world.friend(BOB).writes("hi")
    for friend in (alice, bob):
        turns.nudge(friend.chat_id)
        assert until(friend.reads, "the answer") == ["I am a fake model."]
    assert until(lambda: Live(world.redis).list_heartbeats("jobs"))[0].pid == jobs.pid
    assert jobs.stop() == 0
    assert Live(world.redis).list_heartbeats("jobs") == []
    assert FailedJobRegistry(queue=turns.queue).get_job_ids() == []


async def test_a_chat_whose_nudge_was_lost_is_found(world: World, spawn: Spawner) -> None:
    start(spawn)
    alice = world.friend().writes("hi")
    assert until(alice.reads, "the answer") == ["I am a fake model."]


async def test_what_has_lost_its_value_is_let_go_of(world: World, spawn: Spawner) -> None:
    ancient = datetime.now(UTC) - 2 * retention.AUDIT
    with world.database.write() as connection:
        for action in range(retention.BATCH + 1):
            audit.record(connection, "ana", str(action), "", ancient)
        audit.record(connection, "ana", "lately", "", datetime.now(UTC))
    jobs = start(spawn)
    jobs.wait_for("let go of what is too old")
    assert [row["action"] for row in world.rows(select(tables.audit))] == ["lately"]


async def test_running_turns_are_finished_before_the_end(
    world: World, spawn: Spawner, turns: Turns, llm: FakeLLM
) -> None:
    jobs = start(spawn)
    alice = world.friend().writes("hi")
    with llm.held():
        turns.nudge(alice.chat_id)
        llm.wait_for(1)
        jobs.popen.terminate()
        until(lambda: is_ending(turns), "the process to have heard of it")
    assert jobs.wait() == 0
    assert alice.reads() == ["I am a fake model."] and not world.is_leased(alice)


@pytest.mark.both_databases
async def test_a_killed_process_loses_nothing_and_repeats_nothing(
    world: World, spawn: Spawner, turns: Turns, llm: FakeLLM
) -> None:
    jobs = start(spawn)
    friends = [world.friend(phone).writes("hi") for phone in (ALICE, BOB)]
    with llm.held():
        for friend in friends:
            turns.nudge(friend.chat_id)
        llm.wait_for(2)
        started = StartedJobRegistry(queue=turns.queue)
        # The sweep may have nudged a chat too: that job finds it taken, and leaves.
        until(lambda: len(started.get_job_ids()) == 2, "nobody but the two to be at work")
        jobs.kill()
    world.expire_leases()  # what 20 seconds would do
    start(spawn)
    for friend in friends:
        assert until(friend.reads, "the answer") == ["I am a fake model."]
    assert len(world.rows(select(tables.outbox))) == 2
    assert sorted(turn["state"] for turn in world.turns()) == ["done"] * 2 + ["interrupted"] * 2


@pytest.mark.both_databases
async def test_two_processes_share_the_work_and_no_chat(
    world: World, spawn: Spawner, turns: Turns, llm: FakeLLM
) -> None:
    start(spawn), start(spawn)
    alice = world.friend().writes("hi")
    with llm.held():
        for _ in range(10):
            turns.nudge(alice.chat_id)
        llm.wait_for(1)
        until(turns.is_empty, "all nudges to be taken")
    assert until(alice.reads, "the answer") == ["I am a fake model."]
    assert llm.peak == 1 and len(llm.requests) == 1


@pytest.mark.both_databases
async def test_a_turn_is_stopped_whichever_process_hears_of_it(
    world: World, spawn: Spawner, turns: Turns, llm: FakeLLM
) -> None:
    llm.hangs()
    start(spawn)
    alice = world.friend().writes("hi")
    turns.nudge(alice.chat_id)
    llm.wait_for(1)
    start(spawn)
    alice.writes("/stop")
    for _ in range(5):
        turns.nudge(alice.chat_id)
    assert until(alice.reads, "the end") == ["Stopped."]
    assert [turn["state"] for turn in world.turns()] == ["stopped", "done"]


def test_a_bad_environment_is_named_at_once(spawn: Spawner) -> None:
    jobs = spawn("-m", "worker.jobs", env={"JOBS_CONCURRENCY": "many"})
    assert jobs.wait() == os.EX_CONFIG
    assert "JOBS_CONCURRENCY" in jobs.output() and "Traceback" not in jobs.output()
