from collections.abc import AsyncIterator

import pytest
from redis import Redis

from config import Config
from store.sql.engine import Database
from tests.services.fake_llm import FakeLLM, llm
from tests.worker.world import Clock, World

__all__ = ["llm"]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def worldly_config(config: Config, llm: FakeLLM, tmp_path) -> Config:
    """Agents in a folder of the test, and the fake model as the provider `custom`."""
    changes = {"agents_dir": tmp_path / "agents", "custom_llm_base_url": llm.url}
    return config.model_copy(update=changes)


@pytest.fixture
async def world(
    database: Database, redis: Redis, worldly_config: Config, clock: Clock
) -> AsyncIterator[World]:
    """Finn, who answers everybody, Eric and Mary Ann; nobody has written yet."""
    world = World(database, redis, worldly_config, clock)
    world.agent("finn", "custom/small", emoji="🏗️", role="Solutions Architect")
    world.agent("eric", "custom/small")
    world.agent("mary_ann", "custom/large", name="Mary Ann")
    world.settings(default_agent="finn", gather_ms=0)
    yield world
    await world.close()
