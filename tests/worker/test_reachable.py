"""Agents that are not reachable on WhatsApp: nobody gets to them there, whatever was chosen."""

import shutil

import pytest

from tests.services.fake_llm import FakeLLM
from tests.worker.world import World


def hide(world: World, agent_id: str, word: str = "false") -> None:
    file = world.config.agents_dir / agent_id / "config.yml"
    file.write_text(f"model: custom/small\nwhatsapp: {word}\n")


async def test_commands_and_mentions_do_not_know_them(world: World) -> None:
    hide(world, "eric")
    alice = world.friend()
    assert "eric" not in await alice.asks("/agents")
    await alice.talks(
        ("/agent eric", "There is no agent called “eric”."),
        ("@eric are you there?", "I am a fake model."),
    )
    assert world.turns()[-1]["agent"] == "finn"


async def test_whoever_was_talking_to_one_goes_on_to_the_next_in_line(world: World) -> None:
    world.allow("+1555*", agent="mary_ann")
    alice = world.friend()
    await alice.asks("/agent eric")
    hide(world, "eric")
    await alice.asks("hi")
    turn = world.turns()[-1]
    assert (turn["agent"], turn["why"]) == ("mary_ann", "sender_default")
    assert turn["passed_over"] == {"eric": "hidden"}
    assert world.turns()[0]["passed_over"] is None


async def test_whoever_was_talking_to_one_that_is_gone_or_broken(world: World) -> None:
    alice = world.friend()
    await alice.asks("/agent eric")
    broken = world.config.agents_dir / "eric" / "config.yml"
    broken.write_text("model: [")
    await alice.asks("hi")
    assert world.turns()[-1]["passed_over"] == {"eric": "broken"}
    await alice.asks("/agent mary_ann")
    shutil.rmtree(world.config.agents_dir / "mary_ann")
    await alice.asks("hi")
    turn = world.turns()[-1]
    assert (turn["agent"], turn["passed_over"]) == ("finn", {"mary_ann": "gone"})


async def test_the_owner_reads_why_nobody_answered(world: World, llm: FakeLLM) -> None:
    hide(world, "finn")
    world.allow("+1555*", agent="zoe")
    assert await world.friend().asks("hi") == "No agent is set up to answer here yet."
    [turn] = world.turns()
    assert turn["passed_over"] == {"zoe": "gone", "finn": "hidden"}
    assert llm.requests == []


@pytest.mark.parametrize("is_written", [True, False])
async def test_switched_on_or_not_mentioned_they_answer(world: World, is_written: bool) -> None:
    if is_written:
        hide(world, "finn", "true")
    await world.friend().asks("hi")
    assert world.turns()[0]["agent"] == "finn"
