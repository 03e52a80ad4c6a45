"""What an agent remembers: as much as fits, and the summary of the rest."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert, select

from core.models import window
from store.chats import contexts
from store.chats.contexts import Context, Past
from store.sql import tables
from tests.fake_llm import FakeLLM
from tests.worker.world import Friend, World
from worker.jobs import compaction, memory
from worker.jobs.memory import Memory

WINDOW = 4_000


def small(world: World, tokens: int = WINDOW, agent: str = "finn") -> None:
    """Give the agent a window of so many tokens."""
    with (world.config.agents_dir / agent / "config.yml").open("a") as file:
        file.write(f"context_window: {tokens}\n")


def said(number: int, words: int = 10) -> list[dict[str, Any]]:
    """A turn without tools, as the model library wrote it down."""
    question = {"part_kind": "user-prompt", "content": f"question {number}"}
    answer = {"part_kind": "text", "content": f"answer {number}" + " word" * words}
    return [{"kind": "request", "parts": [question]}, {"kind": "response", "parts": [answer]}]


def looked_up(number: int, words: int = 10) -> list[dict[str, Any]]:
    """The same with a tool used in between: four messages that belong together."""
    call = {
        "part_kind": "tool-call",
        "tool_name": "look_up",
        "args": {"what": f"thing {number}"},
        "tool_call_id": f"call{number}",
    }
    result = {
        "part_kind": "tool-return",
        "tool_name": "look_up",
        "content": f"result {number}" + " word" * words,
        "tool_call_id": f"call{number}",
    }
    question, answer = said(number, words)
    return [
        question,
        {"kind": "response", "parts": [call]},
        {"kind": "request", "parts": [result]},
        answer,
    ]


def remember(world: World, friend: Friend, turns: Sequence[list[dict[str, Any]]]) -> Context:
    """As if all this had been said."""
    conversation: Context = world.do(contexts.current, friend.chat_id, "finn", world.clock())
    rows = [
        {
            "chat_id": friend.chat_id,
            "conversation_id": conversation.id,
            "kind": "agent",
            "state": "done",
            "agent": "finn",
            "request": "?",
            "history": turn,
            "started_at": world.clock(),
        }
        for turn in turns
    ]
    world.do(lambda connection: connection.execute(insert(tables.turns), rows))
    return conversation


def conversation_of(world: World, friend: Friend) -> Context:
    found: Context = world.do(contexts.current, friend.chat_id, "finn", world.clock())
    return found


# What fits


async def test_two_hundred_messages_are_cut_at_the_windows_edge(world: World, llm: FakeLLM) -> None:
    small(world)
    alice = world.friend()
    turns = [looked_up(number, 3 * number % 40) for number in range(50)]
    assert sum(map(len, turns)) == 200
    remember(world, alice, turns)
    await alice.asks("And now?")

    sent = llm.requests[0].body["messages"]
    kept = [m["content"] for m in sent if m["role"] == "user"][:-1]
    first = int(kept[0].split()[1])
    assert kept == [f"question {number}" for number in range(first, 50)]
    assert 0 < first < 49

    fixed = window.of_text(llm.requests[0].system) + window.of_text("And now?")
    sizes = [window.of_messages(turn) for turn in turns]
    spare = window.room(WINDOW) - fixed - 2 * window.PER_MESSAGE - sum(sizes[first:])
    assert 0 <= spare < sizes[first - 1]

    calls = [call["id"] for m in sent for call in m.get("tool_calls", ())]
    results = [m["tool_call_id"] for m in sent if m["role"] == "tool"]
    assert calls == results == [f"call{number}" for number in range(first, 50)]


async def test_what_fits_is_all_remembered(world: World, llm: FakeLLM) -> None:
    alice = world.friend()
    remember(world, alice, [said(number) for number in range(100)])
    await alice.asks("And now?")
    assert len(llm.requests[0].messages) == 201


async def test_a_turn_that_fits_no_window_is_left_out(world: World, llm: FakeLLM) -> None:
    small(world)
    alice = world.friend()
    remember(world, alice, [said(1), said(2, 5_000)])
    await alice.asks("And now?")
    assert llm.requests[0].messages == [("user", "And now?")]


async def test_a_larger_model_sees_more_at_once(world: World, llm: FakeLLM) -> None:
    alice = world.friend()
    remember(world, alice, [said(number, 400) for number in range(100)])
    await alice.asks("And now?")
    await alice.asks("/model custom/gpt-4o")
    await alice.asks("And now?")
    before, after = (len(request.messages) for request in llm.requests)
    assert before < 120 and after == 203


async def test_only_what_can_matter_is_read(world: World) -> None:
    alice = world.friend()
    conversation = remember(world, alice, [said(number, 400) for number in range(300)])
    few = world.do(memory.load, conversation, WINDOW)
    many = world.do(memory.load, conversation, window.CAP)
    assert len(few.past) == contexts.PAGE and len(many.past) == 300
    assert [turn.messages for turn in many.past] == [said(number, 400) for number in range(300)]


async def test_thousands_of_turns_are_never_read(world: World) -> None:
    alice = world.friend()
    conversation = remember(world, alice, [said(number, 0) for number in range(700)])
    assert len(world.do(memory.load, conversation).past) == memory.PAGES * contexts.PAGE


async def test_estimates_learn_from_what_was_counted(world: World, llm: FakeLLM) -> None:
    """The fake model counts words, of which there are fewer than we take them for."""
    alice = world.friend()
    await alice.asks("one two three")
    [turn] = world.turns()
    assert turn["estimated_tokens"] > turn["input_tokens"]
    loaded = world.do(memory.load, conversation_of(world, alice))
    assert loaded.factor == pytest.approx(
        max(turn["input_tokens"] / turn["estimated_tokens"], window.MISJUDGED[0])
    )


def test_what_is_counted_as_more_leaves_less_room() -> None:
    conversation = Context(1, 1, "finn", None, opened_at=None)  # type: ignore[arg-type]
    past = [Past(number, said(number), None) for number in range(100)]
    shown = [memory.view(Memory(conversation, past, f), "", "", 1_600).turns for f in (1.0, 2.0)]
    assert shown[0] == pytest.approx(2 * shown[1], abs=1)


async def test_an_agent_is_told_who_writes_as_data(world: World, llm: FakeLLM) -> None:
    alice = world.friend()
    await alice.asks("hi")
    await alice.asks("again")
    for request in llm.requests:
        assert request.system.count('{"name": "Friend", "number": "+15550000001"') == 1
        assert "unverified" in request.system
    assert "+15550000001" not in str(llm.requests[1].messages)


# /compact


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


# By itself


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


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (None, None, None),
        (1, None, 1),
        (None, 2, 2),
        (1, 2, 3),
        (Decimal("0.5"), 0, Decimal("0.5")),
    ],
)
def test_counts_that_may_be_unknown_add_up(one: Any, other: Any, both: Any) -> None:
    assert compaction.total(one, other) == both
