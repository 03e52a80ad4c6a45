"""What the owner changes about an agent in the panel counts from the next message on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from app.web.ext import Services
from core.agents import introduction
from core.agents.agent import system_prompt
from core.channel import Channel
from core.phone import Phone
from store.agents.agents import AgentFolder
from tests.app.visitor import Visitor, tag
from tests.services.fake_llm import FakeLLM
from tests.support import agent_folders
from tests.worker.world import ALICE, World


@pytest.fixture
def root(world: World) -> Path:
    """The eleven agents, in the place of the world's own."""
    return agent_folders.build(world.config.agents_dir)


@pytest.fixture
def owner(world: World, root: Path, valkey_url: str) -> Iterator[Visitor]:
    """The panel of the same installation."""
    changes = {"database_url": _address(world), "redis_url": valkey_url}
    app: Flask = create_app(world.config.model_copy(update=changes))
    services: Services = app.extensions["djinnbot"]
    visitor = Visitor(app)
    visitor.sign_in()
    yield visitor
    services.live.redis.close()
    services.db.close()


def _address(world: World) -> str:
    return world.database.engine.url.render_as_string(hide_password=False)


def edit(owner: Visitor, agent_id: str, **changes: str) -> None:
    page = owner.open(f"/agents/{agent_id}/")
    names = ("etag", "name", "role", "emoji", "model", "fallback_model")
    fields = {name: tag(page, name).split('value="')[1].split('"')[0] for name in names}
    sent = {**fields, "is_on_whatsapp": "y", **changes}
    assert owner.submit(f"/agents/{agent_id}/", **sent).status_code == 303


async def test_all_ten_answer(world: World, root: Path, llm: FakeLLM) -> None:
    alice = world.friend()
    for agent_id in agent_folders.USABLE:
        await alice.talks((f"/agent {agent_id}", "You are now talking to"), ("hi", ""))
    answered = [turn["agent"] for turn in world.turns() if turn["kind"] == "agent"]
    assert answered == agent_folders.USABLE
    failed = [turn["agent"] for turn in world.turns() if turn["state"] == "failed"]
    assert failed == ["luke"]  # whose provider we don't know


async def test_an_edit_rules_the_next_turn_and_nothing_else(
    world: World, root: Path, owner: Visitor, llm: FakeLLM
) -> None:
    before = agent_folders.contents(root)
    alice = world.friend()
    await alice.asks("hi")
    assert "fond of diagrams" in llm.requests[-1].system and llm.requests[-1].model == "small"

    edit(owner, "finn", soul="Speak in rhymes.\r\n", model="custom:large", name="Finnegan")
    await alice.asks("hi again")
    assert "Speak in rhymes." in llm.requests[-1].system
    assert "fond of diagrams" not in llm.requests[-1].system
    assert llm.requests[-1].model == "large"
    assert "Finnegan" in await alice.asks("/agents")

    after = agent_folders.contents(root)
    assert after["finn/config.yml"].decode() == agent_folders.FINN.replace(
        "custom/small", "custom/large"
    )
    assert after["finn/AGENTS.md"] == before["finn/AGENTS.md"]
    same = {name for name in before if not name.startswith("finn/") or name.endswith(".yml")}
    assert all(after[name] == before[name] for name in same - {"finn/config.yml"})


async def test_the_preview_is_what_the_model_gets(world: World, root: Path, llm: FakeLLM) -> None:
    await world.friend(ALICE).asks("hi")
    finn = AgentFolder(root).load().agents["finn"]
    about = introduction.introduce("Friend", Phone(ALICE))
    assert llm.requests[-1].system == system_prompt(finn, Channel.WHATSAPP, about)


async def test_switched_off_in_the_panel_it_is_gone_on_whatsapp(
    world: World, root: Path, owner: Visitor
) -> None:
    world.settings(default_agent="jim")
    alice = world.friend()
    await alice.talks(("/agent finn", "You are now talking to"))
    edit(owner, "finn", is_on_whatsapp="")
    await alice.asks("hi")
    assert world.turns()[-1]["agent"] == "jim"


async def test_removed_in_the_panel_it_answers_no_more_and_undone_it_does(
    world: World, root: Path, owner: Visitor
) -> None:
    world.settings(default_agent="jim")
    alice = world.friend()
    await alice.asks("/agent finn")
    owner.submit("/agents/finn/remove")
    await alice.asks("hi")
    owner.submit("/agents/recover", trashed=next((root / ".trash").iterdir()).name)
    await alice.asks("/agent finn")
    await alice.asks("hi")
    answered = [turn["agent"] for turn in world.turns() if turn["kind"] == "agent"]
    assert answered == ["jim", "finn"]
