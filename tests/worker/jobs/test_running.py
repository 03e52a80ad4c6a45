"""/stop: the turn at work ends at once, tools included, and nothing of it is sent afterwards."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from sqlalchemy import select, update

from store.sql import tables
from tests.services.fake_llm import FakeLLM
from tests.waiting import until_async
from tests.worker.world import BOB, Friend, World
from worker.jobs import turns
from worker.jobs.chat_loop import LEASE, ChatLoop
from worker.jobs.turns import STOPPED


@asynccontextmanager
async def at_work(answering: ChatLoop, friend: Friend) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(answering.answer(friend.chat_id))
    yield task
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def asked(llm: FakeLLM, count: int) -> None:
    await until_async(lambda: len(llm.requests) >= count, f"request {count}")


def outbox(world: World) -> list[tuple[str, str]]:
    table = tables.outbox
    rows = world.rows(select(table.c.text, table.c.state).order_by(table.c.id))
    return [(row["text"], row["state"]) for row in rows]


@pytest.mark.parametrize("text", ["/stop", " /STOP please"])
async def test_a_turn_is_stopped_at_once(world: World, llm: FakeLLM, text: str) -> None:
    llm.hangs_when("slow")
    alice = world.friend().writes("slow one")
    async with at_work(world.answering, alice) as job:
        await asked(llm, 1)
        alice.writes(text)
        await world.answering.answer(alice.chat_id)  # its nudge
        await job
    assert alice.reads() == [STOPPED]
    assert [(turn["kind"], turn["state"]) for turn in world.turns()] == [
        ("agent", "stopped"),
        ("command", "done"),
    ]
    assert world.states() == ["answered"] * 2 and not world.is_leased(alice)
    assert await alice.asks("quick one") == "I am a fake model."
    assert llm.requests[-1].messages == [("user", "quick one")]


async def test_another_process_is_told_over_redis(world: World, llm: FakeLLM) -> None:
    llm.hangs()
    alice = world.friend().writes("one")
    listening = asyncio.create_task(world.answering.listen())
    async with at_work(world.answering, alice) as job:
        await asked(llm, 1)
        alice.writes("/stop")
        await until_async(lambda: world.redis.pubsub_numsub("djinn:stop")[0][1] == 1)
        await world.another().answer(alice.chat_id)
        await job
    listening.cancel()
    assert alice.reads() == [STOPPED]


async def test_without_redis_the_next_renewal_finds_it(world: World, llm: FakeLLM) -> None:
    llm.hangs()
    alice = world.friend().writes("one")
    async with at_work(world.answering, alice) as job:
        await asked(llm, 1)
        alice.writes("/stop")  # and its nudge is lost
        await world.answering.renew_leases()
        await job
    assert alice.reads() == [STOPPED]


async def test_others_go_on(world: World, llm: FakeLLM) -> None:
    alice, bob = world.friend().writes("one"), world.friend(BOB).writes("two")
    with llm.held():
        async with at_work(world.answering, alice) as one, at_work(world.answering, bob) as two:
            await asked(llm, 2)
            alice.writes("/stop")
            await world.answering.answer(alice.chat_id)
            await world.answering.renew_leases()
            await one
            llm.release()
            await two
    assert alice.reads() == [STOPPED] and bob.reads() == ["I am a fake model."]


async def test_what_was_written_meanwhile_is_taken_back_too(world: World, llm: FakeLLM) -> None:
    llm.hangs_when("one")
    alice = world.friend().writes("one")
    async with at_work(world.answering, alice) as job:
        await asked(llm, 1)
        alice.writes("two").writes("/agent eric").writes("/stop").writes("three")
        await world.answering.answer(alice.chat_id)
        await job
    assert alice.reads() == [STOPPED, "You are now talking to Eric.", "I am a fake model."]
    assert [request.text for request in llm.requests] == ["one", "three"]
    assert world.turns()[-1]["agent"] == "eric"


async def test_a_stop_comes_before_the_turn_it_is_about(world: World, llm: FakeLLM) -> None:
    alice = world.friend().writes("one").writes("two").writes("/stop").writes("/stop")
    await world.answering.answer(alice.chat_id)
    assert alice.reads() == [STOPPED] and not llm.requests


async def test_nothing_to_stop_says_so(world: World, llm: FakeLLM) -> None:
    alice = world.friend()
    assert await alice.asks("/stop") == "There is nothing to stop."
    await alice.asks("hi")
    sent = update(tables.outbox).values(state="sent")
    world.do(lambda connection: connection.execute(sent))
    assert await alice.asks("/stop") == "There is nothing to stop."


async def test_what_is_not_sent_yet_of_the_answer_stays_here(world: World, llm: FakeLLM) -> None:
    llm.replies("\n\n".join(f"{number} " + "word " * 700 for number in range(4)))
    alice = world.friend()
    await alice.asks("Tell me all")
    table = tables.outbox
    first = update(table).where(table.c.id == 1).values(state="sent")
    world.do(lambda connection: connection.execute(first))
    assert await alice.asks("/stop") == STOPPED
    assert [state for _, state in outbox(world)] == ["sent", "failed", "failed", "failed", "queued"]


async def test_an_answer_that_was_there_first_is_not_taken_back(world: World, llm: FakeLLM) -> None:
    """The stop comes when the turn is over: what runs next is not meant."""
    alice = world.friend().writes("one")
    llm.hold()
    async with at_work(world.answering, alice) as job:
        await asked(llm, 1)
        find = world.answering._running.find_stop(alice.chat_id)
        llm.release()
        await job
        alice.writes("two")
        with llm.held():
            async with at_work(world.answering, alice) as second:
                await asked(llm, 2)
                assert find is not None
                find()
                await world.answering.stop_unwanted([alice.chat_id])
                llm.release()
                await second
    assert alice.reads() == ["I am a fake model."] * 2


async def test_a_stop_outlives_the_process(world: World, llm: FakeLLM) -> None:
    llm.hangs()
    alice = world.friend().writes("one")
    async with at_work(world.answering, alice):
        await asked(llm, 1)
    alice.writes("/stop")
    world.clock.advance(seconds=LEASE.total_seconds() + 1)
    await world.another().answer(alice.chat_id)
    assert alice.reads() == [STOPPED] and len(llm.requests) == 1
    assert [turn["state"] for turn in world.turns()] == ["interrupted", "done"]


async def test_a_summary_can_be_stopped(world: World, llm: FakeLLM) -> None:
    alice = world.friend()
    await alice.asks("hi")
    llm.hangs()
    alice.writes("/compact")
    async with at_work(world.answering, alice) as job:
        await asked(llm, 2)
        alice.writes("/stop")
        await world.answering.answer(alice.chat_id)
        await job
    assert alice.reads() == [STOPPED]
    assert [turn["state"] for turn in world.turns()] == ["done", "stopped", "done"]


# Still working


async def test_a_long_turn_says_so_once(world: World, llm: FakeLLM) -> None:
    world.settings(still_working=True)
    world.answering.late_after = 0
    alice = world.friend().writes("hi")
    with llm.held():
        async with at_work(world.answering, alice) as job:
            await until_async(lambda: len(outbox(world)) == 1, "a sign of life")
            assert world.turns()[0]["state"] == "running"
            llm.release()
            await job
    assert alice.reads() == [turns.STILL_WORKING, "I am a fake model."]
    assert world.turns()[0]["reply"] == "I am a fake model."


async def test_it_is_off_by_default(world: World, llm: FakeLLM) -> None:
    world.answering.late_after = 0
    assert await world.friend().asks("hi") == "I am a fake model."


async def test_a_quick_turn_does_not_say_so(world: World, llm: FakeLLM) -> None:
    world.settings(still_working=True)
    assert await world.friend().asks("hi") == "I am a fake model."


async def test_a_stopped_turn_takes_it_back(world: World, llm: FakeLLM) -> None:
    world.settings(still_working=True)
    world.answering.late_after = 0
    llm.hangs()
    alice = world.friend().writes("hi")
    async with at_work(world.answering, alice) as job:
        await until_async(lambda: len(outbox(world)) == 1, "a sign of life")
        alice.writes("/stop")
        await world.answering.answer(alice.chat_id)
        await job
    assert outbox(world) == [(turns.STILL_WORKING, "failed"), (STOPPED, "queued")]


async def test_who_has_lost_the_turn_says_nothing(world: World, llm: FakeLLM) -> None:
    """Another process took it up meanwhile: one sign of life is enough."""
    world.settings(still_working=True)
    alice = world.friend().writes("hi")
    with llm.held():
        async with at_work(world.answering, alice):
            await asked(llm, 1)
    running = world.turns()[0]
    interrupted = update(tables.turns).values(state="interrupted")
    world.do(lambda connection: connection.execute(interrupted))

    class Lost:
        id, chat_id = running["id"], alice.chat_id

    world.do(turns.say_still_working, Lost, world.clock())
    assert outbox(world) == []


async def test_a_tool_that_hangs_is_stopped_with_its_turn(
    world: World, llm: FakeLLM, tmp_path: Path
) -> None:
    server = Path(__file__).parents[1] / "tools" / "mcp_server.py"
    files = {"command": sys.executable, "args": [str(server), str(tmp_path)]}
    config = {"model": "custom/small", "mcp_servers": {"files": files}}
    with (world.config.agents_dir / "finn" / "config.yml").open("w") as file:
        YAML().dump(config, file)
    llm.calls_tool("files__hang", then="never said")
    alice = world.friend().writes("hi")
    async with at_work(world.answering, alice) as job:
        # One is asked what it can do, one is called.
        await until_async(lambda: len(list(tmp_path.glob("*.pid"))) == 2, "the tool's call")
        alice.writes("/stop")
        await world.answering.answer(alice.chat_id)
        await job
    assert alice.reads() == [STOPPED] and len(llm.requests) == 1
    await world.answering.tools.close()
