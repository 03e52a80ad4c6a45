"""What one person may ask for, what is not shown to people, and messages that kill a process."""

from decimal import Decimal

import pytest
from sqlalchemy import select, update

from core.admission.limits import CRASHES
from core.messages.message import Kind
from core.models.failure import Failure
from store.sql import tables
from tests.services.fake_llm import FakeLLM
from tests.worker.jobs.test_running import asked, at_work
from tests.worker.world import BOB, Friend, World
from worker.jobs.chat_loop import LEASE

TOO_FAST = Failure.RATE_LIMITED.sentence
SPENT = Failure.OVER_BUDGET.sentence


def write(friend: Friend, count: int, text: str = "line") -> Friend:
    for number in range(count):
        friend.writes(f"{text} {number}")
    return friend


async def answer(world: World, friend: Friend) -> list[str]:
    await world.answering.answer(friend.chat_id)
    return friend.reads()


# Messages a minute


async def test_a_flood_gets_one_sentence_and_no_answer(world: World, llm: FakeLLM) -> None:
    world.settings(messages_per_minute=5)
    alice = write(world.friend(), 1000)
    assert await answer(world, alice) == [TOO_FAST]
    [turn] = world.turns()
    assert (turn["state"], turn["error_code"]) == ("failed", "rate_limited")
    assert world.states() == ["failed"] * 1000 and not llm.requests


async def test_who_goes_on_is_told_once_a_minute(world: World, llm: FakeLLM) -> None:
    world.settings(messages_per_minute=2)
    alice = write(world.friend(), 3)
    assert await answer(world, alice) == [TOO_FAST]
    for _ in range(3):
        world.clock.advance(seconds=15)
        assert await answer(world, alice.writes("and more")) == []
    world.clock.advance(seconds=20)
    assert await answer(world, write(alice, 3)) == [TOO_FAST]
    assert len(world.turns()) == 2 and not llm.requests
    assert set(world.states()) == {"failed"}
    table = tables.messages
    told = world.rows(select(table.c.turn_id).order_by(table.c.id))
    assert [row["turn_id"] for row in told] == [1] * 6 + [2] * 3


async def test_after_a_quiet_minute_all_is_well(world: World, llm: FakeLLM) -> None:
    world.settings(messages_per_minute=2)
    alice = write(world.friend(), 3)
    await answer(world, alice)
    world.clock.advance(seconds=61)
    assert await alice.asks("hello again") == "I am a fake model."
    assert llm.requests[0].text == "hello again"


async def test_as_many_as_allowed_are_answered_together(world: World, llm: FakeLLM) -> None:
    world.settings(messages_per_minute=5)
    assert await answer(world, write(world.friend(), 5)) == ["I am a fake model."]


async def test_a_flood_of_commands_is_a_flood(world: World) -> None:
    world.settings(messages_per_minute=5)
    assert await answer(world, write(world.friend(), 50, "/help")) == [TOO_FAST]


async def test_another_persons_flood_is_not_mine(world: World, llm: FakeLLM) -> None:
    world.settings(messages_per_minute=5)
    await answer(world, write(world.friend(), 50))
    assert await world.friend(BOB).asks("hi") == "I am a fake model."


async def test_a_backlog_is_no_flood(world: World, llm: FakeLLM) -> None:
    """Nobody was there to answer for an hour."""
    world.settings(messages_per_minute=2)
    alice = world.friend()
    for number in range(10):
        world.clock.advance(minutes=6)
        alice.writes(f"line {number}")
    world.clock.advance(minutes=60)
    assert await answer(world, alice) == ["I am a fake model."]


async def test_a_flood_that_waited_is_still_a_flood(world: World) -> None:
    world.settings(messages_per_minute=5)
    alice = write(world.friend(), 50)
    world.clock.advance(hours=1)
    assert await answer(world, alice) == [TOO_FAST]


async def test_without_a_limit_a_flood_is_one_turn(world: World, llm: FakeLLM) -> None:
    world.settings(messages_per_minute=None)
    assert await answer(world, write(world.friend(), 200)) == ["I am a fake model."]
    assert len(llm.requests) == 1


async def test_a_flood_can_be_stopped(world: World, llm: FakeLLM) -> None:
    world.settings(messages_per_minute=5)
    alice = write(world.friend(), 50).writes("/stop")
    assert await answer(world, alice) == ["Stopped."]
    assert await answer(world, alice.writes("/stop")) == [TOO_FAST]


# Dollars a day


def cost(world: World, dollars: str) -> None:
    """Let the last turn have cost so much."""
    last = select(tables.turns.c.id).order_by(tables.turns.c.id.desc()).limit(1).scalar_subquery()
    paid = update(tables.turns).where(tables.turns.c.id == last).values(cost_usd=Decimal(dollars))
    world.do(lambda connection: connection.execute(paid))


async def test_a_budget_ends_answers_for_the_day(world: World, llm: FakeLLM) -> None:
    world.settings(daily_cost_usd=Decimal("0.50"))
    alice = world.friend()
    for dollars in ("0.20", "0.30"):
        assert await alice.asks("hi") == "I am a fake model."
        cost(world, dollars)
    assert await alice.asks("hi") == SPENT
    assert world.turns()[-1]["error_code"] == "over_budget"
    world.clock.advance(hours=1)
    assert await alice.asks("hi") == "" and await alice.asks("/compact") == ""
    assert world.states() == ["answered"] * 2 + ["failed"] * 3
    assert (await alice.asks("/status")).startswith("*Status*")  # costs nothing
    assert await world.friend(BOB).asks("hi") == "I am a fake model."
    world.clock.advance(hours=12)
    assert await alice.asks("hi") == "I am a fake model."
    assert len(llm.requests) == 4


async def test_costs_nobody_knows_use_up_no_budget(world: World) -> None:
    world.settings(daily_cost_usd=Decimal("0.01"))
    alice = world.friend()
    for _ in range(3):
        assert await alice.asks("hi") == "I am a fake model."


# What reaches people

CALL = '{"name": "send_whatsapp_message", "arguments": {"to": "+15551234567"}}'


async def test_a_reply_that_is_only_a_leak_is_a_failure(world: World, llm: FakeLLM) -> None:
    llm.replies(f"<tool_call>{CALL}</tool_call>")
    assert await world.friend().asks("hi") == "I got no usable answer. Please try again."
    [turn] = world.turns()
    assert (turn["state"], turn["error_code"]) == ("failed", "bad_answer")
    assert "send_whatsapp_message" in turn["error_detail"]
    assert turn["output_tokens"] > 0 and turn["history"] is None


async def test_a_leak_in_a_reply_is_left_out(world: World, llm: FakeLLM) -> None:
    llm.replies(f"One moment.\n\n{CALL}\n\nHere you are.")
    assert await world.friend().asks("hi") == "One moment.\n\nHere you are."
    assert world.turns()[0]["reply"] == "One moment.\n\nHere you are."


async def test_code_that_was_asked_for_stays(world: World, llm: FakeLLM) -> None:
    llm.replies(f"So:\n```\n{CALL}\n```")
    assert CALL in await world.friend().asks("What does a call look like?")


# Messages that kill


async def crash(world: World, llm: FakeLLM, friend: Friend) -> None:
    """The job that answers dies over it."""
    requests = len(llm.requests)
    async with at_work(world.answering, friend):
        await asked(llm, requests + 1)
    world.clock.advance(seconds=LEASE.total_seconds() + 1)


async def test_a_message_that_kills_is_given_up(world: World, llm: FakeLLM) -> None:
    llm.hangs_when("poison")
    alice = world.friend().writes("poison")
    for _ in range(CRASHES):
        await crash(world, llm, alice)
    assert await answer(world, alice) == [Failure.CRASHED.sentence]
    assert [turn["state"] for turn in world.turns()] == ["interrupted"] * CRASHES + ["failed"]
    assert world.turns()[-1]["error_code"] == "crashed"
    assert world.states() == ["failed"] and await world.answering.find_neglected() == []
    assert await alice.asks("hi") == "I am a fake model."


async def test_interruptions_with_answers_between_are_no_reason(world: World, llm: FakeLLM) -> None:
    llm.hangs_when("slow")
    alice = world.friend()
    for _ in range(CRASHES + 1):
        alice.writes("slow")
        await crash(world, llm, alice)
        assert await answer(world, alice.writes("/stop")) == ["Stopped."]
    assert "failed" not in world.states()


@pytest.mark.parametrize("kind", [Kind.IMAGE, Kind.VOICE])
async def test_a_flood_of_pictures_is_a_flood(world: World, kind: Kind) -> None:
    world.settings(messages_per_minute=2)
    alice = world.friend()
    for _ in range(3):
        alice.writes(kind=kind)
    assert await answer(world, alice) == [TOO_FAST]
