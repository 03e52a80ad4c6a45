"""The jobs process leaves no MCP server behind, however it ends."""

from pathlib import Path

import pytest

from config import Config
from store.redis.queue import Turns
from tests.services.fake_llm import FakeLLM
from tests.services.processes import Spawned, Spawner
from tests.waiting import until
from tests.worker.jobs.test_process import WallClock, start
from tests.worker.tools.servers import give, is_alive, program, started
from tests.worker.world import World


@pytest.fixture
def env(env, valkey_url: str, database_url: str, llm: FakeLLM, tmp_path: Path) -> dict[str, str]:
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
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
def busy(world: World, spawn: Spawner, llm: FakeLLM, tmp_path: Path) -> Spawned:
    """A jobs process in the middle of a call that never ends, to a server that is hard to end."""
    give(world, files=program(tmp_path, "--deaf") | {"timeout": 600})
    llm.calls_tool("files__hang")
    jobs = start(spawn)
    alice = world.friend().writes("try it")
    Turns(world.redis).nudge(alice.chat_id)
    until(lambda: len(started(tmp_path)) == 2, "the server's start")
    return jobs


def nothing_is_left(folder: Path) -> None:
    until(lambda: not any(map(is_alive, started(folder))), "the servers' end")


async def test_told_to_end(busy: Spawned, tmp_path: Path) -> None:
    assert busy.stop() == 0
    nothing_is_left(tmp_path)


async def test_killed(busy: Spawned, tmp_path: Path) -> None:
    assert any(map(is_alive, started(tmp_path)))
    busy.kill()
    nothing_is_left(tmp_path)
