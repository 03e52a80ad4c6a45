"""The summary that takes the place of what was said."""

import pytest
from sqlalchemy import select

from store.sql import tables
from tests.services.fake_llm import FakeLLM
from tests.worker.jobs.long_talk import conversation_of, looked_up, remember, said, small
from tests.worker.world import World
from worker.jobs import compaction


async def test_a_summary_takes_the_place_of_what_was_said(world: World, llm: FakeLLM) -> None:
    llm.replies_when("Write the summary now.", "Alice's dog is called Rex.")
    alice = world.friend()
    remember(world, alice, [said(number, 100) for number in range(20)])
    answer = await alice.asks("/compact")
    assert answer.startswith("Done: 20 answers became a summary, about 2,")
    asked = llm.requests[0]
    assert "Person: question 0\nAgent: answer 0" in asked.text and "question 19" in asked.text
    assert "Finn" not in asked.system and "data" in asked.system

    await alice.asks("What is my dog called?")
    assert llm.requests[1].messages == [
        ("user", "[A summary of our conversation so far]\nAlice's dog is called Rex."),
        ("assistant", "I remember."),
        ("user", "What is my dog called?"),
    ]
    await alice.asks("And again?")
    assert len(llm.requests[2].messages) == 5
    assert len(world.rows(select(tables.turns))) == 23  # nothing is deleted


async def test_a_compaction_is_a_turn_with_its_cost(world: World, llm: FakeLLM) -> None:
    alice = world.friend()
    remember(world, alice, [said(1)])
    await alice.asks("/compact")
    turn = world.turns()[-1]
    assert (turn["kind"], turn["state"], turn["request"]) == ("command", "done", "/compact")
    assert (turn["agent"], turn["model"], turn["history"]) == ("finn", "custom/small", None)
    assert turn["input_tokens"] > 0 and turn["output_tokens"] == 5
    conversation = conversation_of(world, alice)
    assert conversation.summary == "I am a fake model."
    assert conversation.summary_through == world.turns()[0]["id"]


async def test_wishes_and_an_earlier_summary_go_along(world: World, llm: FakeLLM) -> None:
    llm.replies("first summary", "fine", "second summary")
    alice = world.friend()
    remember(world, alice, [said(1)])
    await alice.asks("/compact")
    await alice.asks("More")
    await alice.asks("/compact only the numbers, please")
    text = llm.requests[-1].text
    assert "<earlier_summary>\nfirst summary\n" in text
    assert "What the person wants of the summary: only the numbers, please" in text
    assert "Person: More" in text and "question 1" not in text
    assert conversation_of(world, alice).summary == "second summary"


async def test_what_does_not_fit_at_once_is_summarised_in_pieces(
    world: World, llm: FakeLLM
) -> None:
    small(world)
    llm.replies(*(f"summary {number}" for number in range(1, 20)))
    alice = world.friend()
    remember(world, alice, [said(number, 200) for number in range(20)])
    await alice.asks("/compact")
    assert 2 <= len(llm.requests) <= 6
    assert "<earlier_summary>\nsummary 1\n" in llm.requests[1].text
    numbers = [n for r in llm.requests for n in range(20) if f"question {n}\n" in r.text]
    assert numbers == list(range(20))
    assert conversation_of(world, alice).summary == f"summary {len(llm.requests)}"
    assert world.turns()[-1]["output_tokens"] == 2 * len(llm.requests)


async def test_tools_are_told_in_the_transcript(world: World, llm: FakeLLM) -> None:
    alice = world.friend()
    remember(world, alice, [looked_up(7, 0)])
    await alice.asks("/compact")
    assert llm.requests[0].text.splitlines()[1:5] == [
        "Person: question 7",
        'Agent used look_up: {"what": "thing 7"}',
        "Result of look_up: result 7",
        "Agent: answer 7",
    ]
    assert not llm.requests[0].tools


async def test_a_summary_that_fails_changes_nothing(world: World, llm: FakeLLM) -> None:
    llm.fails(401)
    alice = world.friend()
    remember(world, alice, [said(1)])
    assert "isn't set up properly" in await alice.asks("/compact")
    assert world.turns()[-1]["error_code"] == "auth"
    assert conversation_of(world, alice).summary is None
    llm.replies("")
    assert "no usable answer" in await alice.asks("/compact")
    llm.replies("fine")
    await alice.asks("hi")
    assert len(llm.requests[-1].messages) == 3


async def test_nothing_to_summarise_asks_nobody(world: World, llm: FakeLLM) -> None:
    alice = world.friend()
    assert await alice.asks("/compact") == "There is nothing to summarize yet."
    remember(world, alice, [said(1)])
    await alice.asks("/compact")
    assert await alice.asks("/compact") == "There is nothing to summarize yet."
    await alice.asks("/model demo/echo")
    assert "no AI behind it" in await alice.asks("/compact")
    world.settings(default_agent=None)
    await alice.asks("/end")
    assert await alice.asks("/compact") == "No agent is set up to answer here yet."
    assert len(llm.requests) == 1


async def test_a_fresh_conversation_has_no_summary(world: World, llm: FakeLLM) -> None:
    alice = world.friend()
    remember(world, alice, [said(1)])
    await alice.asks("/compact")
    await alice.asks("/new")
    await alice.asks("hi")
    assert llm.requests[-1].messages == [("user", "hi")]


async def test_a_nearly_full_window_is_summarised_by_itself(world: World, llm: FakeLLM) -> None:
    small(world)
    world.settings(auto_compact=True)
    llm.replies_when("Write the summary now.", "Alice's dog is called Rex.")
    alice = world.friend()
    remember(world, alice, [said(number, 150) for number in range(15)])
    assert await alice.asks("And now?") == "I am a fake model."
    *summaries, asked = llm.requests
    assert summaries and all("<transcript>" in request.text for request in summaries)
    assert asked.messages[0][1].endswith("Alice's dog is called Rex.")
    assert [t for role, t in asked.messages[2:] if role == "user"] == [
        *(f"question {number}" for number in range(15 - compaction.KEPT, 15)),
        "And now?",
    ]
    turn = world.turns()[-1]
    assert (turn["kind"], turn["reply"]) == ("agent", "I am a fake model.")
    assert turn["output_tokens"] == 5 + 5 * len(summaries)  # it pays for the summary

    asked_so_far = len(llm.requests)
    await alice.asks("And again?")
    assert len(llm.requests) == asked_so_far + 1
    assert len(llm.requests[-1].messages) == 2 + 2 * (compaction.KEPT + 1) + 1


@pytest.mark.parametrize("is_on", [True, False])
async def test_nothing_is_summarised_before_its_time(
    world: World, llm: FakeLLM, is_on: bool
) -> None:
    small(world)
    world.settings(auto_compact=is_on)
    alice = world.friend()
    remember(world, alice, [said(number, 150) for number in range(5 if is_on else 50)])
    await alice.asks("And now?")
    assert len(llm.requests) == 1


async def test_a_failed_summary_does_not_cost_the_answer(world: World, llm: FakeLLM) -> None:
    small(world)
    world.settings(auto_compact=True)
    llm.replies_when("Write the summary now.", "")
    alice = world.friend()
    remember(world, alice, [said(number, 150) for number in range(30)])
    assert await alice.asks("And now?") == "I am a fake model."
    assert conversation_of(world, alice).summary is None
    assert llm.requests[-1].messages[0][0] == "user"
