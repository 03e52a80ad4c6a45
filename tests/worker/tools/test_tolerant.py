"""Models and servers that take no tools."""

import pytest

from core.agents.agent import Agent
from core.messages.content import Content
from core.models.credentials import Access
from core.models.name import ModelName
from tests.services.fake_llm import FakeLLM
from tests.waiting import PATIENCE
from tests.worker.world import World
from worker.models.completion import Completer, Prompt

REFUSALS = [
    (400, "registry.ollama.ai/library/gemma:2b does not support tools"),
    (404, "No endpoints found that support tool use."),
    (400, "`tool calling` is not supported with this model"),
    (400, '"auto" tool choice requires --enable-auto-tool-choice to be set'),
]


@pytest.mark.parametrize(("status", "words"), REFUSALS)
async def test_they_answer_without(world: World, llm: FakeLLM, status: int, words: str) -> None:
    llm.replies("Hello!").fails(status, words, times=1)
    alice = world.friend()
    assert await alice.asks("hi") == "Hello!"
    assert [bool(request.tools) for request in llm.requests] == [True, False]
    assert await alice.asks("again") == "Hello!"
    assert [bool(request.tools) for request in llm.requests[2:]] == [False]


async def test_other_refusals_are_failures(world: World, llm: FakeLLM) -> None:
    llm.fails(400, "this model does not like you")
    await world.friend().asks("hi")
    assert len(llm.requests) == 1
    assert world.turns()[0]["error_code"] == "rejected"


async def test_a_server_that_refuses_in_any_case_is_asked_twice(world: World, llm: FakeLLM) -> None:
    llm.fails(400, "no tools here")
    await world.friend().asks("hi")
    assert [bool(request.tools) for request in llm.requests] == [True, False]
    assert world.turns()[0]["error_code"] == "rejected"


async def test_also_where_somebody_watches(world: World, llm: FakeLLM) -> None:
    access = Access(addresses={"custom": llm.url})
    completer = Completer(lambda: access, seconds=PATIENCE)
    seen: list[str] = []

    llm.replies("Hello!").fails(400, "does not support tools", times=1)
    finn = Agent("finn", "Finn")
    async with world.answering.tools.equip(finn, 1) as equipment:
        prompt = Prompt(
            finn,
            ModelName("custom", "small"),
            Content("hi"),
            watch=seen.append,
            equipment=equipment,
        )
        assert (await completer.complete(prompt)).text == "Hello!"
    await completer.close()
    assert len(llm.requests) == 2 and seen


@pytest.mark.parametrize("name", ["anthropic/claude", "google/gemini", "openai/gpt", "groq/llama"])
async def test_tools_in_every_language(world: World, llm: FakeLLM, name: str) -> None:
    model = ModelName.parse(name)
    access = Access({model.provider: "a-key-for-tests"}, llm.addresses)
    completer = Completer(lambda: access, seconds=PATIENCE)
    llm.calls_tools(
        [("current_time", {"timezone": "UTC"})], [("list_whatsapp_targets", {})], then="I know."
    )
    finn = Agent("finn", "Finn")
    async with world.answering.tools.equip(finn, 1) as equipment:
        prompt = Prompt(finn, model, Content("what time is it?"), equipment=equipment)
        completion = await completer.complete(prompt)
        assert completion.text == "I know."
        again = Prompt(finn, model, Content("thanks"), completion.history, equipment=equipment)
        llm.replies("You are welcome.")
        assert (await completer.complete(again)).text == "You are welcome."
    await completer.close()
    time, targets = llm.requests[-1].results
    assert time == "2026-03-01T12:00:00+00:00, Sunday, UTC"
    assert targets.startswith("You are not permitted")
    offered = llm.requests[0].tools
    assert set(offered) == {"current_time", "list_whatsapp_targets", "send_whatsapp_message"}
    assert {"to", "message", "urgent"} <= set(offered["send_whatsapp_message"]["properties"])
