"""Scenarios: real processes, the real library, a simulated WhatsApp."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis import Redis

from simulator import Simulator
from store.sql.engine import Database
from tests.scenarios.product import Product
from tests.services.fake_llm import FakeLLM, llm
from tests.services.processes import Spawner

__all__ = ["llm"]


@pytest.fixture
async def sim(tmp_path: Path) -> AsyncIterator[Simulator]:
    async with Simulator(tmp_path / "whatsapp") as simulator:
        yield simulator


@pytest.fixture
def env(env: dict[str, str], valkey_url: str, database_url: str) -> dict[str, str]:
    return env | {"REDIS_URL": valkey_url, "DATABASE_URL": database_url}


@pytest.fixture
def product(
    sim: Simulator,
    spawn: Spawner,
    database: Database,
    redis: Redis,
    env: dict[str, str],
) -> Product:
    """The product on SQLite. Its processes are started by the test."""
    return Product(sim, spawn, database, redis, env)


@pytest.fixture
async def running(product: Product, llm: FakeLLM) -> Product:
    """Linked, enabled, with Finn as the default agent and a model to ask."""
    product.use(llm)
    product.worker()
    product.jobs()
    await product.link()
    product.settings(enabled=True, default_agent="finn", gather_ms=0)
    return product
