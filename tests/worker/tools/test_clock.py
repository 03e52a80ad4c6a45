"""The time, as an agent gets it."""

import pytest

from tests.services.fake_llm import FakeLLM
from tests.worker.world import World


async def asked(world: World, llm: FakeLLM, **arguments: str) -> str:
    llm.calls_tool("current_time", **arguments)
    assert await world.friend().asks("what time is it?") == "Done."
    [result] = llm.requests[-1].results
    return result


async def test_it_is_in_utc_unless_another_zone_is_named(world: World, llm: FakeLLM) -> None:
    assert await asked(world, llm) == "2026-03-01T12:00:00+00:00, Sunday, UTC"


async def test_in_a_zone(world: World, llm: FakeLLM) -> None:
    world.clock.advance(hours=12)
    said = await asked(world, llm, timezone="Europe/Berlin")
    assert said == "2026-03-02T01:00:00+01:00, Monday, Europe/Berlin"


@pytest.mark.parametrize("zone", ["Berlin", "", "Europe", "../etc/passwd", "x" * 5000, "a\0b"])
async def test_a_zone_that_does_not_exist(world: World, llm: FakeLLM, zone: str) -> None:
    said = await asked(world, llm, timezone=zone)
    assert said.startswith("There is no time zone “") and "IANA" in said and len(said) < 200
