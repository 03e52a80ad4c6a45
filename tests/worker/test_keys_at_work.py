"""Keys and trials in a real jobs process: entered while it runs, and in nothing that it prints."""

from datetime import UTC, datetime

import pytest
from redis import Redis

from config import Config
from store.agents import provider_keys
from store.redis.model_tests import ModelTest, ModelTestResult, ModelTests
from store.redis.queue import Turns
from store.sql.engine import Database
from tests.services.fake_llm import FakeLLM
from tests.services.processes import Spawner
from tests.waiting import until
from tests.worker.world import World

FIRST, SECOND = "sk-the-first-key-of-the-owner", "sk-the-second-key-of-the-owner"


@pytest.fixture
def env(env, valkey_url: str, database_url: str, llm: FakeLLM, tmp_path) -> dict[str, str]:
    return env | {
        "REDIS_URL": valkey_url,
        "DATABASE_URL": database_url,
        "AGENTS_DIR": str(tmp_path / "agents"),
        "CUSTOM_LLM_BASE_URL": llm.url,
        "LOG_LEVEL": "DEBUG",
    }


@pytest.fixture
def clock():
    """Other processes can't be told another time."""
    return lambda: datetime.now(UTC)


@pytest.fixture
def trials(redis: Redis) -> ModelTests:
    return ModelTests(redis)


def enter(database: Database, config: Config, key: str) -> None:
    with database.write() as connection:
        provider_keys.save(connection, config, "custom", key, datetime.now(UTC))


def outcome(trials: ModelTests, model: str = "custom/small") -> ModelTestResult:
    trial_id = trials.ask(model)

    def done() -> ModelTestResult | None:
        trial = trials.look(trial_id)
        assert trial is not None and trial.model == model
        return trial.outcome

    return until(done, "the outcome")


async def test_a_key_rules_the_next_turn_and_is_printed_nowhere(
    world: World,
    database: Database,
    config: Config,
    spawn: Spawner,
    redis: Redis,
    trials: ModelTests,
    llm: FakeLLM,
) -> None:
    jobs = spawn("-m", "worker.jobs")
    jobs.wait_for("ready to answer")
    alice = world.friend()
    for key in (FIRST, SECOND):
        enter(database, config, key)
        alice.writes("hi")
        Turns(redis).nudge(alice.chat_id)
        assert until(alice.reads, "the answer") == ["I am a fake model."]
        assert llm.requests[-1].headers["authorization"] == f"Bearer {key}"

    assert outcome(trials).is_good
    llm.fails(401, f"{SECOND} is not a key.")
    alice.writes("hi")
    Turns(redis).nudge(alice.chat_id)
    [said] = until(alice.reads, "the sentence")
    refused = outcome(trials)
    assert (refused.code, refused.said) == ("auth", "custom/small: 401: [key] is not a key.")
    assert jobs.stop() == 0

    everything = [said, jobs.output(), *map(str, world.turns()), *redis_holds(redis)]
    for key in (FIRST, SECOND):
        assert not any(key in text for text in everything)


def redis_holds(redis: Redis) -> list[str]:
    return [str(redis.dump(key)) for key in redis.scan_iter()]


def test_a_trial_that_nobody_takes(trials: ModelTests) -> None:
    trial_id = trials.ask("custom/small")
    trial = trials.look(trial_id)
    assert isinstance(trial, ModelTest) and not trial.is_taken and trial.outcome is None
    assert trial.asked.total_seconds() < 60
    trials.give_up(trial_id)
    trials.give_up(trial_id)
    assert trials.look(trial_id) is None


def test_other_jobs_are_no_trials(trials: ModelTests, redis: Redis) -> None:
    turns = Turns(redis)
    turns.nudge(1)
    [job_id] = turns.queue.get_job_ids()
    assert trials.look(job_id) is None and trials.look("no such id") is None
