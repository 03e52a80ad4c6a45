"""Jobs that answer: one at a time per chat, many chats at a time; and what if one dies."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from sqlalchemy import Connection, event, select, update

from core.agents.agent import Agent
from core.channel import Channel
from core.phone import Phone
from core.states import MessageState
from store.chats import chats
from store.sql import tables
from tests.services.fake_llm import FakeLLM
from tests.waiting import until_async
from tests.worker.world import ALICE, BOB, Friend, World
from worker.jobs import commands
from worker.jobs.chat_loop import LEASE, ChatLoop
from worker.jobs.turn_context import TurnContext

pytestmark = pytest.mark.both_databases


@asynccontextmanager
async def at_work(answering: ChatLoop, friend: Friend) -> AsyncIterator["asyncio.Task[None]"]:
    """A job in the background; cancelled at the end unless it is done."""
    task = asyncio.create_task(answering.answer(friend.chat_id))
    yield task
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def asked(llm: FakeLLM, count: int) -> None:
    await until_async(lambda: len(llm.requests) >= count, f"request {count}")


async def test_two_jobs_never_answer_one_chat_at_a_time(world: World, llm: FakeLLM) -> None:
    alice = world.friend().writes("hi")
    other = world.another()
    await asyncio.gather(*(each.answer(alice.chat_id) for each in [world.answering, other] * 5))
    assert len(llm.requests) == 1 and len(alice.reads()) == 1


async def test_what_comes_during_a_turn_is_answered_after_it(world: World, llm: FakeLLM) -> None:
    llm.replies("first", "second")
    alice = world.friend().writes("one")
    async with at_work(world.answering, alice) as job:
        with llm.held():
            await asked(llm, 1)
            alice.writes("two").writes("three")
            await world.another().answer(alice.chat_id)  # its nudge: finds the chat taken
            assert len(llm.requests) == 1
        await job
    assert alice.reads() == ["first", "second"]
    assert [request.text for request in llm.requests] == ["one", "two\nthree"]
    assert llm.peak == 1


async def test_a_slow_chat_does_not_delay_another(world: World, llm: FakeLLM) -> None:
    llm.hangs_when("slow")
    alice, bob = world.friend(ALICE).writes("slow one"), world.friend(BOB)
    async with at_work(world.answering, alice):
        await asked(llm, 1)
        assert await bob.asks("quick one") == "I am a fake model."
    assert alice.reads() == []


async def test_many_chats_are_asked_at_the_same_time(world: World, llm: FakeLLM) -> None:
    friends = [world.friend(Phone(f"+1555000{n:04}")).writes("hi") for n in range(30)]
    with llm.held():
        jobs = [asyncio.create_task(world.answering.answer(each.chat_id)) for each in friends]
        await asked(llm, 30)
        assert world.answering.running == 30
    await asyncio.gather(*jobs)
    assert [len(each.reads()) for each in friends] == [1] * 30
    assert world.answering.running == 0 and llm.peak == 30


async def test_what_begins_to_wait_while_a_job_leaves_is_answered(
    world: World, llm: FakeLLM
) -> None:
    """After the job's last look at the chat and before its lease has ended, another process lets in
    what was held. Its nudge must find the chat free, not a job that will not look again."""
    alice = world.friend().writes("two")
    world.do(set_state, "two", MessageState.HELD)
    alice.writes("one")
    loop, jobs = asyncio.get_running_loop(), []

    def let_in() -> None:
        world.do(set_state, "two", MessageState.WAITING)
        jobs.append(asyncio.run_coroutine_threadsafe(world.answering.answer(alice.chat_id), loop))

    other = threading.Thread(target=let_in)

    @event.listens_for(world.database.engine, "commit")
    def before_each_commit(connection: Connection) -> None:
        is_answered = connection.scalar(select(tables.outbox.c.id).limit(1)) is not None
        is_leased = connection.scalar(select(tables.chats.c.lease_owner)) is not None
        if is_answered and not is_leased and not other.ident:
            other.start()
            if connection.dialect.name == "postgresql":
                other.join()  # it can commit before us; with SQLite it waits for our commit

    await world.answering.answer(alice.chat_id)
    await until_async(lambda: jobs, what="the message to be let in")
    await asyncio.wrap_future(jobs[0])
    assert [request.text for request in llm.requests] == ["one", "two"]
    assert not world.is_leased(alice)


def set_state(connection: Connection, text: str, state: MessageState) -> None:
    connection.execute(
        update(tables.messages).where(tables.messages.c.text == text).values(state=state)
    )


# Waiting for more


async def test_a_writer_is_given_time_to_finish(world: World, llm: FakeLLM) -> None:
    world.settings(gather_ms=1000)
    alice = world.friend().writes("hello")
    async with at_work(world.answering, alice) as job:
        await until_async(lambda: world.answering.running, "the job to be at it")
        world.clock.advance(milliseconds=500)
        alice.writes("I have a question")
        await job
    assert [request.text for request in llm.requests] == ["hello\nI have a question"]


async def test_a_writer_who_never_stops_is_answered_too(world: World, llm: FakeLLM) -> None:
    world.settings(gather_ms=100)
    alice = world.friend().writes("one")
    for text in ("two", "three", "four", "five"):
        world.clock.advance(milliseconds=90)
        alice.writes(text)
    await world.answering.answer(alice.chat_id)
    assert llm.requests[0].text == "one\ntwo\nthree\nfour\nfive"


async def test_clocks_that_disagree_delay_nobody_for_long(world: World, llm: FakeLLM) -> None:
    world.settings(gather_ms=10)
    alice = world.friend().writes("from the future")
    world.clock.advance(hours=-1)
    await world.answering.answer(alice.chat_id)
    assert len(llm.requests) == 1


# Dying


async def test_a_dead_jobs_messages_are_answered_exactly_once(world: World, llm: FakeLLM) -> None:
    alice = world.friend().writes("hi")
    with llm.held():
        async with at_work(world.answering, alice):
            await asked(llm, 1)
    assert world.states() == ["answering"] and world.turns()[0]["state"] == "running"

    survivor = world.another()
    await survivor.answer(alice.chat_id)
    assert await survivor.find_neglected() == [] and len(llm.requests) == 1

    world.clock.advance(seconds=LEASE.total_seconds() + 1)
    assert await survivor.find_neglected() == [alice.chat_id]
    await survivor.answer(alice.chat_id)
    assert alice.reads() == ["I am a fake model."]
    assert [turn["state"] for turn in world.turns()] == ["interrupted", "done"]
    assert world.states() == ["answered"] and await survivor.find_neglected() == []


async def test_a_job_that_was_given_up_cant_answer_any_more(world: World, llm: FakeLLM) -> None:
    llm.replies("from the dead", "from the living")
    alice = world.friend().writes("hi")
    llm.hold()
    async with at_work(world.answering, alice) as job:
        await asked(llm, 1)
        world.clock.advance(seconds=LEASE.total_seconds() + 1)
        async with at_work(world.another(), alice) as second:
            await asked(llm, 2)
            llm.release()
            await asyncio.gather(job, second)
    assert alice.reads() == ["from the living"]


async def test_leases_of_working_jobs_are_kept(world: World, llm: FakeLLM) -> None:
    alice = world.friend().writes("hi")
    with llm.held():
        async with at_work(world.answering, alice) as job:
            await asked(llm, 1)
            for _ in range(5):
                world.clock.advance(seconds=15)
                await world.answering.renew_leases()
            assert await world.answering.find_neglected() == []
            await world.another().answer(alice.chat_id)
            llm.release()
            await job
    assert len(llm.requests) == 1 and len(alice.reads()) == 1


async def test_a_cancelled_job_leaves_everything_as_it_is(world: World, llm: FakeLLM) -> None:
    alice = world.friend().writes("hi")
    with llm.held():
        async with at_work(world.answering, alice) as job:
            await asked(llm, 1)
            job.cancel()
            with pytest.raises(asyncio.CancelledError):
                await job
    assert world.turns()[0]["state"] == "running" and world.answering.running == 0
    free = world.do(chats.lease, alice.chat_id, "me", world.clock(), world.clock() + LEASE)
    assert not free


async def test_a_chat_that_is_gone_is_no_error(world: World, llm: FakeLLM) -> None:
    await world.answering.answer(4711)
    assert not llm.requests


# Bugs


async def test_a_bug_in_a_turn_is_told_neutrally_and_raised(
    world: World, llm: FakeLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(agent: Agent, channel: Channel) -> str:
        raise ZeroDivisionError("the key is sk-0123456789abcdef")

    monkeypatch.setattr("worker.models.completion.system_prompt", broken)
    alice = world.friend().writes("hi")
    with pytest.raises(ZeroDivisionError):
        await world.answering.answer(alice.chat_id)
    assert alice.reads() == ["Something went wrong on my side. Please try again."]
    [turn] = world.turns()
    assert (turn["state"], turn["error_code"]) == ("failed", "bug")
    assert "ZeroDivisionError" in turn["error_detail"] and "sk-012" not in turn["error_detail"]
    monkeypatch.undo()
    assert await alice.asks("again") == "I am a fake model."


async def test_a_bug_in_a_command_does_not_come_back_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(connection: Connection, context: TurnContext, argument: str) -> str:
        connection.exec_driver_sql("SELECT * FROM nowhere")
        return ""

    monkeypatch.setitem(commands.ACTIONS, "help", broken)
    alice = world.friend().writes("/help").writes("hi")
    with pytest.raises(Exception, match="nowhere"):
        await world.answering.answer(alice.chat_id)
    assert alice.reads() == ["Something went wrong on my side. Please try again."]
    assert world.states() == ["failed", "waiting"]
    assert await world.answering.find_neglected() == [alice.chat_id]
    await world.answering.answer(alice.chat_id)
    assert world.states() == ["failed", "answered"]


async def test_what_no_database_takes_is_still_an_answer(world: World, llm: FakeLLM) -> None:
    llm.says_raw(
        b'{"id":"1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,'
        b'"finish_reason":"stop","message":{"role":"assistant","content":"a\\u0000b\\ud83d c"}}]}',
        "application/json",
    )
    assert await world.friend().asks("hi") == "ab\ufffd c"


async def test_redis_is_not_needed_to_answer(world: World, llm: FakeLLM) -> None:
    alice = world.friend().writes("hi")
    world.redis.connection_pool.disconnect()
    world.redis.connection_pool.connection_kwargs["path"] = "/nowhere/valkey.sock"
    await world.answering.answer(alice.chat_id)
    assert alice.reads() == ["I am a fake model."]
