"""The owner's chats in the panel go the way of all others, and never near WhatsApp."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import select, update

from core.messages.message import Reason
from core.states import MessageState
from store.chats import chats, messages, outbox, turns
from store.redis import valkey
from store.redis.live import PARTIAL_TTL, Live
from store.sql import tables
from tests.services.fake_llm import FakeLLM
from tests.waiting import PATIENCE, until_async
from tests.worker.world import World


@dataclass
class Owner:
    """The owner at a chat in the panel."""

    world: World
    chat_id: int

    def writes(self, text: str) -> None:
        with self.world.database.write() as connection:
            chat = chats.get_in_panel(connection, self.chat_id)
            assert chat
            messages.write_in_panel(connection, chat, text, "ana", self.world.clock())

    async def asks(self, text: str) -> str:
        self.writes(text)
        await self.world.answering.answer(self.chat_id)
        return self.turns()[-1]["reply"] or ""

    def turns(self) -> Sequence[Any]:
        """Those that have ended."""
        ended = ("done", "failed", "stopped")
        return [
            turn
            for turn in self.world.turns()
            if turn["chat_id"] == self.chat_id and turn["state"] in ended
        ]

    @property
    def partial(self) -> str:
        running = [turn["id"] for turn in self.world.turns() if turn["state"] == "running"]
        return Live(self.world.redis).read_partial(running[-1]) if running else ""


@pytest.fixture
def ana(world: World) -> Owner:
    """In a chat with Eric, while Finn is the default agent."""
    return Owner(world, world.do(chats.begin_in_panel, "eric", world.clock()).id)


async def test_the_answer_stays_in_the_turn_and_is_whole(
    world: World, ana: Owner, llm: FakeLLM
) -> None:
    long = "# Title\n\n" + "**bold** words.\n\n" * 1000
    llm.replies(long)
    assert await ana.asks("hi") == long.strip()
    assert world.rows(select(tables.outbox)) == [] and world.states() == ["answered"]
    [turn] = ana.turns()
    assert (turn["agent"], turn["model"], turn["kind"]) == ("eric", "custom/small", "agent")
    assert turn["input_tokens"] and turn["output_tokens"] and turn["finished_at"]
    assert "in the browser" in llm.requests[0].system and "phone" not in llm.requests[0].system


async def test_the_chat_stays_with_its_agent(world: World, ana: Owner) -> None:
    await ana.asks("hi")
    world.clock.advance(days=3)
    await ana.asks("still there?")
    assert [turn["agent"] for turn in ana.turns()] == ["eric", "eric"]


async def test_agents_that_are_off_for_whatsapp_answer_here(world: World, ana: Owner) -> None:
    file = world.config.agents_dir / "eric" / "config.yml"
    file.write_text("model: custom/small\nwhatsapp: false\n")
    assert await ana.asks("hi") == "I am a fake model."
    assert "Eric" in await ana.asks("/agents")


async def test_commands_work(world: World, ana: Owner, llm: FakeLLM) -> None:
    await ana.asks("remember blue")
    assert (await ana.asks("/new")).startswith("Eric starts afresh")
    await ana.asks("what colour?")
    assert "blue" not in str(llm.requests[-1].messages)
    assert (await ana.asks("/model custom/large")).startswith("Eric now uses custom/large")
    await ana.asks("hi")
    assert llm.requests[-1].model == "large"
    await ana.asks("/agent mary ann")
    await ana.asks("hi")
    assert ana.turns()[-1]["agent"] == "mary_ann"
    assert "/help" in await ana.asks("/nonsense")
    assert len(ana.turns()) == 8, "nothing is forgotten here"


async def test_nobody_waits_for_more_lines(world: World, ana: Owner) -> None:
    world.settings(gather_ms=10_000)
    async with asyncio.timeout(PATIENCE):
        assert await ana.asks("hi") == "I am a fake model."


async def test_the_limits_of_people_are_not_the_owner_s(world: World, ana: Owner) -> None:
    world.settings(messages_per_minute=1)
    for _ in range(3):
        assert await ana.asks("hi") == "I am a fake model."


async def test_a_failure_is_there_to_read(ana: Owner, llm: FakeLLM) -> None:
    llm.fails(401, "wrong key")
    await ana.asks("hi")
    [turn] = ana.turns()
    assert (turn["state"], turn["error_code"]) == ("failed", "auth")
    assert "wrong key" in (turn["error_detail"] or "")


async def test_unlinking_whatsapp_leaves_them_alone(world: World, ana: Owner) -> None:
    alice = world.friend().writes("hi")
    ana.writes("hi")
    world.do(turns.drop_unanswered, Reason.UNLINKED)
    world.do(outbox.cancel_all, "gone")
    assert world.states() == ["ignored", "waiting"]
    assert await world.answering.answer(ana.chat_id) is None
    assert ana.turns()[0]["state"] == "done" and alice.reads() == []


async def test_a_turn_at_work_outlives_the_link(world: World, ana: Owner, llm: FakeLLM) -> None:
    ana.writes("hi")
    with llm.held():
        answering = asyncio.create_task(world.answering.answer(ana.chat_id))
        await asyncio.to_thread(llm.wait_for, 1)
        world.do(turns.drop_unanswered, Reason.UNLINKED)
    await answering
    assert ana.turns()[0]["reply"] == "I am a fake model."


async def test_the_connection_has_nothing_to_do_with_them(world: World, ana: Owner) -> None:
    ana.writes("hi")
    past = datetime(2000, 1, 1, tzinfo=UTC)
    assert world.do(chats.list_expecting, world.clock()) == []
    assert world.do(messages.list_unread, past) == [] and world.do(messages.list_undecided) == []
    assert world.do(chats.list_neglected, world.clock()) == [ana.chat_id], "but the jobs do"
    await world.answering.answer(ana.chat_id)
    assert world.do(outbox.list_heads) == []


def test_typing_is_not_for_them_while_a_turn_runs(world: World, ana: Owner) -> None:
    ana.writes("hi")
    world.do(chats.lease, ana.chat_id, "me", world.clock(), world.clock.now.replace(year=2030))

    def answering(connection) -> None:
        connection.execute(update(tables.messages).values(state=MessageState.ANSWERING))

    world.do(answering)
    assert world.do(chats.list_expecting, world.clock()) == []


async def test_the_answer_can_be_seen_as_it_grows(world: World, ana: Owner, llm: FakeLLM) -> None:
    llm.replies("<think>a plan</think>one two three")
    ana.writes("hi")
    with llm.stalled(3):
        answering = asyncio.create_task(world.answering.answer(ana.chat_id))
        await until_async(lambda: ana.partial == "one two", "the partial answer")
        [key] = world.redis.keys("djinn:partial:*")
        assert 0 < world.redis.ttl(key) <= PARTIAL_TTL
    await answering
    assert ana.turns()[0]["reply"] == "one two three"
    assert llm.requests[0].body["stream"] is True


async def test_reasoning_is_not_seen(world: World, ana: Owner, llm: FakeLLM) -> None:
    llm.replies("<think>a plan of mine</think>one")
    ana.writes("hi")
    with llm.stalled(3):
        answering = asyncio.create_task(world.answering.answer(ana.chat_id))
        await until_async(lambda: world.redis.keys("djinn:partial:*"), "a partial answer")
        assert ana.partial == ""
    await answering


async def test_a_stream_that_breaks_off_is_a_failure(ana: Owner, llm: FakeLLM) -> None:
    llm.replies("one two three").breaks_off(2)
    await ana.asks("hi")
    assert ana.turns()[0]["error_code"] == "unreachable"


async def test_the_demo_speaks_too(world: World, ana: Owner) -> None:
    world.agent("eric", "demo/echo")
    assert "Demo (no AI)" in await ana.asks("hi")


async def test_without_redis_the_answer_comes_all_the_same(
    world: World, ana: Owner, llm: FakeLLM
) -> None:
    away: Redis = valkey.connect("unix:///nowhere/valkey.sock")
    ana.writes("hi")
    with llm.stalled(2):
        answering = asyncio.create_task(world.another(redis=away).answer(ana.chat_id))
        await asyncio.to_thread(llm.wait_for, 1)
    await answering
    assert ana.turns()[0]["reply"] == "I am a fake model."


async def test_whatsapp_is_not_streamed(world: World, llm: FakeLLM) -> None:
    await world.friend().asks("hi")
    assert not llm.requests[0].body.get("stream")
    assert world.redis.keys("djinn:partial:*") == []


async def test_a_fallback_answers_in_a_stream_too(world: World, ana: Owner, llm: FakeLLM) -> None:
    file = world.config.agents_dir / "eric" / "config.yml"
    file.write_text("model: custom/small\nfallback_model: custom/large\n")
    llm.replies("from the other").fails(401, times=1)
    await ana.asks("hi")
    [turn] = ana.turns()
    assert (turn["reply"], turn["model"]) == ("from the other", "custom/large")
    assert "custom/small" in (turn["error_detail"] or "")
