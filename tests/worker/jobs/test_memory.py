"""What an agent remembers: as much as fits, and the summary of the rest."""

from decimal import Decimal
from typing import Any

import pytest

from core.messages.content import Content
from core.models import window
from store.chats import contexts
from store.chats.contexts import Context, Past
from tests.services.fake_llm import FakeLLM
from tests.worker.jobs.long_talk import WINDOW, conversation_of, looked_up, remember, said, small
from tests.worker.world import World
from worker.jobs import compaction, memory
from worker.jobs.memory import Memory


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
    spare = window.measure_room(WINDOW) - fixed - 2 * window.PER_MESSAGE - sum(sizes[first:])
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
    context = remember(world, alice, [said(number, 400) for number in range(300)])
    few = world.do(memory.load, context, WINDOW)
    many = world.do(memory.load, context, window.CAP)
    assert len(few.past) == contexts.PAGE and len(many.past) == 300
    assert [turn.messages for turn in many.past] == [said(number, 400) for number in range(300)]


async def test_thousands_of_turns_are_never_read(world: World) -> None:
    alice = world.friend()
    context = remember(world, alice, [said(number, 0) for number in range(700)])
    assert len(world.do(memory.load, context).past) == memory.PAGES * contexts.PAGE


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
    context = Context(1, 1, "finn", None, opened_at=None)  # type: ignore[arg-type]
    past = [Past(number, said(number), None) for number in range(100)]
    shown = [
        memory.choose_view(Memory(context, past, f), "", Content(""), 1_600).turns
        for f in (1.0, 2.0)
    ]
    assert shown[0] == pytest.approx(2 * shown[1], abs=1)


async def test_an_agent_is_told_who_writes_as_data(world: World, llm: FakeLLM) -> None:
    alice = world.friend()
    await alice.asks("hi")
    await alice.asks("again")
    for request in llm.requests:
        assert request.system.count('{"name": "Friend", "number": "+15550000001"') == 1
        assert "unverified" in request.system
    assert "+15550000001" not in str(llm.requests[1].messages)


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
    assert compaction.add_counts(one, other) == both
