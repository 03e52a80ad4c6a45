"""While the owner has taken over a chat no agent answers; afterwards one knows what was said."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.messages.message import Kind
from core.states import MessageState
from store.chats import chats, manual, takeovers
from store.chats.contexts import find_or_open
from store.chats.takeovers import By
from store.redis.stop_signals import Stops
from store.sql import tables
from tests.services.fake_llm import FakeLLM
from tests.waiting import until_async
from tests.worker.jobs.test_running import asked, at_work
from tests.worker.world import Friend, World
from worker.jobs.turns import STOPPED

HALF_AN_HOUR = timedelta(minutes=30)


def take_over(world: World, friend: Friend, until: timedelta | None = None) -> None:
    end = world.clock() + until if until else None
    world.do(manual.take_over, friend.chat_id, end, world.clock())


def by_owner(world: World, friend: Friend, *texts: str) -> None:
    """Written in the panel, a second later."""
    world.clock.advance(seconds=1)
    chat = world.do(chats.get, friend.chat_id)
    world.do(manual.write, chat, texts, world.clock())
    world.clock.advance(seconds=1)


async def test_nobody_answers_in_a_paused_chat(world: World, llm: FakeLLM) -> None:
    alice = world.friend()
    take_over(world, alice)
    alice.writes("one")
    await world.answering.answer(alice.chat_id)
    assert alice.reads() == [] and not llm.requests
    assert world.states() == ["waiting"] and not world.is_leased(alice)
    assert await world.answering.find_neglected() == []


async def test_a_pause_ends_by_itself(world: World, llm: FakeLLM) -> None:
    """No timer that a restart could lose: whoever sweeps finds the chat."""
    alice = world.friend()
    take_over(world, alice, HALF_AN_HOUR)
    alice.writes("one").writes("two")
    world.clock.advance(minutes=29)
    assert await world.answering.find_neglected() == []
    world.clock.advance(minutes=1)
    assert await world.answering.find_neglected() == [alice.chat_id]
    await world.answering.answer(alice.chat_id)
    assert len(alice.reads()) == 1 and "one\ntwo" in llm.requests[0].text


async def test_resuming_answers_all_at_once(world: World, llm: FakeLLM) -> None:
    alice = world.friend()
    take_over(world, alice)
    alice.writes("one").writes("two")
    with world.database.write() as connection:
        assert manual.resume(connection, alice.chat_id, world.clock(), answer=True)
        assert not manual.resume(connection, alice.chat_id, world.clock(), answer=True)
    await world.answering.answer(alice.chat_id)
    assert len(alice.reads()) == 1 and llm.requests[0].text == "one\ntwo"


async def test_the_agent_learns_what_the_owner_said(world: World, llm: FakeLLM) -> None:
    alice = world.friend()
    await alice.asks("Do you open on Sundays?")
    world.clock.advance(seconds=1)
    alice.writes("And at night?")
    by_owner(world, alice, "Only in summer.")
    alice.reads()
    with world.database.write() as connection:
        manual.resume(connection, alice.chat_id, world.clock(), answer=True)
    assert await alice.asks("Thanks! Till when?")
    told = llm.requests[-1].text
    assert "They: And at night?\nOwner: Only in summer." in told
    assert told.index("Owner:") < told.index("Thanks! Till when?")
    assert "Sundays" not in told  # that it knows already
    assert world.turns()[-1]["request"] == "Thanks! Till when?"
    world.clock.advance(seconds=1)
    await alice.asks("Good.")
    assert llm.requests[-1].text == "Good."  # told once


async def test_what_the_owner_answered_is_not_answered_again(world: World, llm: FakeLLM) -> None:
    alice = world.friend().writes("Are you there?")
    by_owner(world, alice, "I am.")
    assert world.states() == ["answered"]
    world.clock.advance(hours=1)
    await world.answering.answer(alice.chat_id)
    assert alice.reads() == ["I am."] and not llm.requests


async def test_a_turn_at_work_is_given_up(world: World, llm: FakeLLM) -> None:
    alice = world.friend().writes("one")
    with llm.held():
        async with at_work(world.answering, alice) as job:
            await asked(llm, 1)
            take_over(world, alice, HALF_AN_HOUR)
            await world.answering.stop_unwanted([alice.chat_id])
            await job
    assert alice.reads() == [] and world.states() == ["waiting"]
    assert [turn["state"] for turn in world.turns()] == ["stopped"]
    assert not world.is_leased(alice)
    world.clock.advance(minutes=31)
    await world.answering.answer(alice.chat_id)
    assert len(alice.reads()) == 1 and world.states() == ["answered"]


async def test_an_answer_that_comes_after_the_owner_is_not_sent(world: World, llm: FakeLLM) -> None:
    """Also when nobody told the jobs in time."""
    alice = world.friend().writes("one")
    llm.hold()
    async with at_work(world.answering, alice) as job:
        await asked(llm, 1)
        take_over(world, alice)
        llm.release()
        await job
    assert alice.reads() == [] and world.states() == ["waiting"] and not world.is_leased(alice)


async def test_a_chat_is_free_at_once_after_a_turn_was_taken(world: World, llm: FakeLLM) -> None:
    alice = world.friend().writes("one")
    with llm.held():
        async with at_work(world.answering, alice):
            await asked(llm, 1)
            take_over(world, alice)
            with world.database.write() as connection:
                manual.resume(connection, alice.chat_id, world.clock(), answer=True)
            await world.answering.stop_unwanted([alice.chat_id])
            await asked(llm, 2)  # the same job goes on
    assert [turn["state"] for turn in world.turns()][0] == "stopped"


async def test_the_connection_tells_over_redis(world: World, llm: FakeLLM) -> None:
    alice = world.friend().writes("one")
    listening = asyncio.create_task(world.answering.listen())
    with llm.held():
        async with at_work(world.answering, alice) as job:
            await asked(llm, 1)
            take_over(world, alice)
            await until_async(lambda: world.redis.pubsub_numsub("djinn:stop")[0][1] == 1)
            Stops(world.redis).call(alice.chat_id)
            await job
    listening.cancel()
    assert world.states() == ["waiting"]


async def test_commands_are_answered_all_the_same(world: World, llm: FakeLLM) -> None:
    alice = world.friend()
    take_over(world, alice)
    alice.writes("one")
    assert (await alice.asks("/agents")).startswith("*Agents*")
    assert world.states() == ["waiting", "answered"] and not llm.requests


async def test_a_stop_takes_back_what_waits(world: World, llm: FakeLLM) -> None:
    alice = world.friend()
    take_over(world, alice)
    alice.writes("one")
    assert await alice.asks("/stop") == STOPPED
    assert world.states() == ["answered", "answered"]


@pytest.mark.parametrize("is_paused", [True, False])
def test_no_typing_while_the_owner_answers(world: World, is_paused: bool) -> None:
    alice = world.friend()
    if is_paused:
        take_over(world, alice)
    alice.writes("one")
    typing = world.do(chats.list_expecting, world.clock())
    assert len(typing) == (0 if is_paused else 1)


def test_a_pause_is_extended_and_never_cut_short(world: World) -> None:
    alice, now = world.friend(), world.clock()
    assert world.do(takeovers.extend, alice.chat_id, By.PHONE, now + HALF_AN_HOUR, now)
    assert not world.do(takeovers.extend, alice.chat_id, By.PANEL, now + HALF_AN_HOUR, now)
    later = now + 2 * HALF_AN_HOUR
    assert world.do(takeovers.extend, alice.chat_id, By.PANEL, later, now)
    assert world.do(takeovers.find_current, alice.chat_id, now) == takeovers.Takeover(
        now, later, By.PANEL
    )
    assert not world.do(takeovers.extend, alice.chat_id, By.PANEL, now, now)


def test_only_so_much_is_told(world: World) -> None:
    alice = world.friend()
    for number in range(manual.SHOWN + 5):
        by_owner(world, alice, f"{number} " + "x" * 5000)
    with world.database.write() as connection:
        chat = chats.get(connection, alice.chat_id)
        assert chat
        started = world.clock() - timedelta(hours=1)
        conversation = find_or_open(connection, chat.id, "finn", started)
        said = manual.list_since_last_turn(connection, chat, conversation)
    assert len(said) == manual.SHOWN and said[-1].text.startswith("24 ")
    assert all(len(each.text) <= manual.LENGTH for each in said)


async def test_a_picture_that_the_owner_answered_is_told_as_what_it_was(
    world: World, llm: FakeLLM
) -> None:
    alice = world.friend()
    await alice.asks("Hello")
    world.clock.advance(seconds=1)
    alice.writes(kind=Kind.IMAGE)
    by_owner(world, alice, "Nice!")
    with world.database.write() as connection:
        manual.resume(connection, alice.chat_id, world.clock(), answer=True)
    await alice.asks("Isn't it?")
    assert "They: [a picture was sent; you can't see it]\nOwner: Nice!" in llm.requests[-1].text


def test_rows_written_by_hand_are_nobodys(world: World) -> None:
    by_owner(world, world.friend(), "one", "two")
    rows = world.rows(select(tables.outbox).order_by(tables.outbox.c.id))
    assert [row["text"] for row in rows] == ["one", "two"]
    assert {(row["turn_id"], row["send_id"], row["agent"]) for row in rows} == {(None, None, None)}
    assert MessageState.WAITING not in world.states()
