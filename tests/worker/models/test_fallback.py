"""When an agent's own model fails, its fallback answers."""

from collections.abc import AsyncIterator

import pytest

from core.agents.agent import Agent
from core.messages.content import Content
from core.models.credentials import Access
from core.models.failure import AgentFailed
from core.models.name import ModelName
from tests.services.fake_llm import FakeLLM
from tests.waiting import PATIENCE
from tests.worker.world import World
from worker.models.completion import Completer, Completion, Prompt

FINN = Agent("finn", "Finn")
OWN = ModelName("openai", "gpt-4o")
OTHER = ModelName("anthropic", "claude-sonnet-4-6")
KEY = "sk-the-key-of-the-owner"


async def nap(seconds: float) -> None:
    """Between two tries."""


@pytest.fixture
async def other() -> AsyncIterator[FakeLLM]:
    """Another provider."""
    fake = FakeLLM()
    fake.start()
    yield fake.replies("I am the fallback.")
    fake.stop()


@pytest.fixture
async def completer(llm: FakeLLM, other: FakeLLM) -> AsyncIterator[Completer]:
    addresses = {"openai": llm.addresses["openai"], "anthropic": other.addresses["anthropic"]}
    access = Access({"openai": KEY, "anthropic": KEY}, addresses)
    completer = Completer(lambda: access, seconds=PATIENCE, sleep=nap)
    yield completer
    await completer.close()


async def ask(completer: Completer, own: ModelName = OWN, text: str = "hi") -> Completion:
    return await completer.complete(Prompt(FINN, own, Content(text), fallback=OTHER))


async def test_nobody_asks_it_while_the_own_model_answers(
    completer: Completer, llm: FakeLLM, other: FakeLLM
) -> None:
    completion = await ask(completer)
    assert (completion.text, completion.model) == ("I am a fake model.", OWN)
    assert not completion.remark and not other.requests


@pytest.mark.parametrize(
    ("status", "code", "requests"),
    [
        (401, None, 1),
        (429, None, 3),
        (429, "insufficient_quota", 1),
        (404, None, 1),
        (500, None, 3),
        (400, "context_length_exceeded", 1),
        (400, None, 1),
    ],
)
async def test_it_answers_where_the_own_model_fails(
    completer: Completer,
    llm: FakeLLM,
    other: FakeLLM,
    status: int,
    code: str | None,
    requests: int,
) -> None:
    llm.fails(status, f"No, {KEY}.", code)
    completion = await ask(completer)
    assert (completion.text, completion.model) == ("I am the fallback.", OTHER)
    assert completion.remark == f"openai/gpt-4o: {status}: No, [key]."
    assert (len(llm.requests), len(other.requests)) == (requests, 1)
    assert KEY not in str(completion.history) and "No," not in str(completion.history)
    assert completion.cost_usd


async def test_it_answers_where_the_own_model_is_silent_or_away(llm: FakeLLM, other: FakeLLM):
    access = Access({"openai": KEY, "anthropic": KEY}, {**llm.addresses, **other.addresses})
    access = Access(access.keys, {**access.addresses, "openai": llm.addresses["openai"]})
    completer = Completer(lambda: access, seconds=3, sleep=nap)
    llm.hangs()
    assert (await ask(completer)).model == OTHER
    llm.hangs_up()
    assert (await ask(completer)).model == OTHER
    await completer.close()


async def test_it_answers_where_the_own_model_cant_be_asked(
    completer: Completer, llm: FakeLLM, other: FakeLLM
) -> None:
    completion = await ask(completer, ModelName("groq", "llama"))
    assert completion.model == OTHER
    assert completion.remark == "groq/llama: There is no key for groq yet."


async def test_a_refusal_is_not_asked_about_elsewhere(
    completer: Completer, llm: FakeLLM, other: FakeLLM
) -> None:
    llm.finishes(None, "content_filter")
    with pytest.raises(AgentFailed) as caught:
        await ask(completer)
    assert caught.value.code == "refused" and not other.requests


async def test_when_both_fail_the_own_models_failure_counts_and_both_are_told(
    completer: Completer, llm: FakeLLM, other: FakeLLM
) -> None:
    llm.fails(401, f"Wrong: {KEY}")
    other.fails(529, "Overloaded")
    with pytest.raises(AgentFailed) as caught:
        await ask(completer)
    assert caught.value.code == "auth"
    assert caught.value.detail.splitlines() == [
        "openai/gpt-4o: 401: Wrong: [key]",
        "anthropic/claude-sonnet-4-6: 529: Overloaded",
    ]


async def test_when_neither_can_be_asked_the_own_models_reason_counts(llm: FakeLLM) -> None:
    completer = Completer(Access)
    with pytest.raises(AgentFailed) as caught:
        await ask(completer)
    assert caught.value.detail.splitlines() == [
        "openai/gpt-4o: There is no key for openai yet.",
        "anthropic/claude-sonnet-4-6: There is no key for anthropic yet.",
    ]
    await completer.close()


async def test_the_same_model_is_not_asked_twice(llm: FakeLLM, other: FakeLLM) -> None:
    access = Access({"anthropic": KEY}, other.addresses)
    completer = Completer(lambda: access, sleep=nap)
    other.fails(401)
    with pytest.raises(AgentFailed):
        await ask(completer, OTHER)
    assert len(other.requests) == 1
    await completer.close()


# In a whole turn


async def test_the_turn_tells_who_answered_and_why(world: World, llm: FakeLLM) -> None:
    world.agent("finn", "openai/gpt-4o")
    (world.config.agents_dir / "finn" / "config.yml").write_text(
        "model: openai/gpt-4o\nfallback_model: custom/small\n"
    )
    llm.replies("Here I am.")
    assert await world.friend().asks("hi") == "Here I am."
    [turn] = world.turns()
    assert (turn["state"], turn["model"], turn["error_code"]) == ("done", "custom/small", None)
    assert turn["error_detail"] == "openai/gpt-4o: There is no key for openai yet."


async def test_a_fallback_that_is_no_model_is_none(world: World, llm: FakeLLM) -> None:
    (world.config.agents_dir / "finn" / "config.yml").write_text(
        "model: custom/small\nfallback_model: nonsense\n"
    )
    llm.fails(401)
    assert "isn't set up properly" in await world.friend().asks("hi")
    assert world.turns()[0]["error_code"] == "auth"


async def test_the_owners_default_is_for_agents_without_a_model(world: World, llm: FakeLLM) -> None:
    world.agent("eric", None)
    world.settings(default_model="custom/the-default", default_agent="eric")
    alice = world.friend()
    await alice.asks("hi")
    assert llm.requests[-1].model == "the-default"
    await alice.talks(
        ("/model", "Eric uses custom/the-default."),
        ("/model custom/tiny", "Eric now uses custom/tiny"),
        ("/model default", "Eric is back on their own model, custom/the-default."),
    )
    world.settings(default_model=None)
    assert (await alice.asks("hi")).startswith("*Demo (no AI).*")


async def test_a_wait_between_tries_is_the_providers_wish(world: World, llm: FakeLLM) -> None:
    llm.fails(429, times=1, retry_after="7")
    assert await world.friend().asks("hi") == "I am a fake model."
    assert world.pauses == [7]
