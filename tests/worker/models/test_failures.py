"""Every provider over HTTP: the address, the key, the model, and each way to fail, in its words."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from decimal import Decimal

import pytest

from core.agents.agent import Agent
from core.messages.content import Content
from core.models.credentials import KEY_HOLDERS, Access
from core.models.failure import AgentFailed, Failure
from core.models.name import PROVIDERS, ModelName
from tests.services.fake_llm import FakeLLM
from tests.waiting import PATIENCE
from worker.models.completion import Completer, Completion, Prompt

FINN = Agent("finn", "Finn", soul="You are dry.")
ASKED = {
    "openai": ("gpt-4o", "/openai/chat/completions"),
    "anthropic": ("claude-sonnet-4-6", "/anthropic/v1/messages"),
    "google": ("gemini-2.5-flash", "/google/v1beta/models/gemini-2.5-flash:generateContent"),
    "openrouter": ("anthropic/claude-sonnet-4.6", "/openrouter/chat/completions"),
    "groq": ("llama-3.3-70b-versatile", "/groq/chat/completions"),
    "mistral": ("mistral-small-latest", "/mistral/chat/completions"),
    "ollama": ("llama3.2:3b", "/ollama/chat/completions"),
    "custom": ("mine", "/custom/chat/completions"),
}
WIRES = ("openai", "anthropic", "google")


def key(provider: str) -> str:
    return f"the-secret-key-of-{provider}"


async def nap(seconds: float) -> None:
    """Between two tries."""


@pytest.fixture
async def completer(llm: FakeLLM) -> AsyncIterator[Completer]:
    """All providers are the fake model."""
    access = Access({provider: key(provider) for provider in KEY_HOLDERS}, llm.addresses)
    completer = Completer(lambda: access, seconds=PATIENCE, sleep=nap)
    yield completer
    await completer.close()


async def ask(completer: Completer, provider: str) -> Completion:
    name = ModelName(provider, ASKED[provider][0])
    return await completer.complete(Prompt(FINN, name, Content("What is a queue?")))


def test_no_provider_is_left_out() -> None:
    assert {*ASKED, "demo"} == set(PROVIDERS)


@pytest.mark.parametrize("provider", ASKED)
async def test_the_right_address_key_and_model(
    completer: Completer, llm: FakeLLM, provider: str
) -> None:
    llm.replies("A line of people.")
    completion = await ask(completer, provider)
    model, path = ASKED[provider]
    assert completion.text == "A line of people."
    assert completion.model == ModelName(provider, model)
    assert completion.input_tokens and completion.output_tokens == 4
    [request] = llm.requests
    assert request.path.split("?")[0] == path and request.model == model
    assert request.text == "What is a queue?" and "You are dry." in request.system
    sent = " ".join(request.headers.values()) + request.path
    assert sent.count("the-secret-key-of-") == (0 if provider == "ollama" else 1)
    assert provider == "ollama" or key(provider) in sent
    assert key(provider) not in request.path


@pytest.mark.parametrize("provider", WIRES)
async def test_a_conversation_goes_on(completer: Completer, llm: FakeLLM, provider: str) -> None:
    first = await ask(completer, provider)
    name = ModelName(provider, ASKED[provider][0])
    await completer.complete(Prompt(FINN, name, Content("And a stack?"), first.history))
    assert llm.requests[-1].messages == [
        ("user", "What is a queue?"),
        ("assistant", "I am a fake model."),
        ("user", "And a stack?"),
    ]


@pytest.mark.parametrize("provider", ["openai", "anthropic", "google", "openrouter", "groq"])
async def test_what_it_cost(completer: Completer, provider: str) -> None:
    cost = (await ask(completer, provider)).cost_usd
    assert cost is not None and Decimal(0) < cost < Decimal("0.01")


@pytest.mark.parametrize("provider", ["custom", "ollama"])
async def test_nobody_knows_the_price_of_a_server_of_ones_own(
    completer: Completer, provider: str
) -> None:
    assert not (await ask(completer, provider)).cost_usd


# How it fails

GERMANE = "These are the provider's own words."
Behave = Callable[[FakeLLM], object]
LONG = {
    "openai": (400, "too long", "context_length_exceeded"),
    "anthropic": (400, "prompt is too long: 210000 tokens > 200000 maximum", None),
    "google": (
        400,
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
        None,
    ),
}
BROKE = {
    "openai": (429, "You exceeded your current quota", "insufficient_quota"),
    "anthropic": (400, "Your credit balance is too low to access the Anthropic API.", None),
    "google": (400, "Please enable billing on your project.", "FAILED_PRECONDITION"),
}
WRONG_KEY = {
    "openai": (401, "Incorrect API key provided", "invalid_api_key"),
    "anthropic": (401, "invalid x-api-key", None),
    "google": (400, "API key not valid. Please pass a valid API key.", "API_KEY_INVALID"),
}


def said(failures: dict[str, tuple[int, str, str | None]]) -> Callable[[FakeLLM, str], object]:
    return lambda llm, provider: llm.fails(*failures[provider])


FAILURES: list[tuple[Failure, Callable[[FakeLLM, str], object], int]] = [
    (Failure.AUTH, said(WRONG_KEY), 1),
    (Failure.AUTH, lambda llm, _: llm.fails(403, GERMANE), 1),
    (Failure.QUOTA, said(BROKE), 1),
    (Failure.QUOTA, lambda llm, _: llm.fails(402, GERMANE), 1),
    (Failure.RATE_LIMIT, lambda llm, _: llm.fails(429, GERMANE), 3),
    (Failure.CONTEXT_TOO_LONG, said(LONG), 1),
    (Failure.UNKNOWN_MODEL, lambda llm, _: llm.fails(404, GERMANE), 1),
    (Failure.REJECTED, lambda llm, _: llm.fails(400, GERMANE), 1),
    (Failure.SERVER_ERROR, lambda llm, _: llm.fails(500, GERMANE), 3),
    (Failure.SERVER_ERROR, lambda llm, _: llm.fails(503, GERMANE), 3),
    (Failure.SERVER_ERROR, lambda llm, _: llm.fails(529, GERMANE), 3),
    (Failure.REFUSED, lambda llm, _: llm.finishes(None, "content_filter"), 1),
    (Failure.BAD_ANSWER, lambda llm, _: llm.says_raw(b"<html>Welcome</html>"), 1),
    (Failure.UNREACHABLE, lambda llm, _: llm.hangs_up(), 3),
]


@pytest.mark.parametrize("provider", WIRES)
@pytest.mark.parametrize(
    ("failure", "behave", "requests"),
    FAILURES,
    ids=[f"{number}-{each[0]}" for number, each in enumerate(FAILURES)],
)
async def test_each_failure_is_known_for_what_it_is(
    completer: Completer,
    llm: FakeLLM,
    provider: str,
    failure: Failure,
    behave: Callable[[FakeLLM, str], object],
    requests: int,
) -> None:
    behave(llm, provider)
    with pytest.raises(AgentFailed) as caught:
        await ask(completer, provider)
    error = caught.value
    assert (error.code, len(llm.requests)) == (failure, requests), error.detail
    assert str(error) == failure.sentence
    assert error.detail.startswith(f"{provider}/")


@pytest.mark.parametrize("provider", WIRES)
async def test_a_silent_model_is_not_waited_for(llm: FakeLLM, provider: str) -> None:
    access = Access({provider: key(provider)}, llm.addresses)
    hasty = Completer(lambda: access, seconds=0.05, sleep=nap)
    llm.hangs()
    with pytest.raises(AgentFailed) as caught:
        await ask(hasty, provider)
    await asyncio.to_thread(llm.wait_for, 1)
    assert (caught.value.code, len(llm.requests)) == ("timeout", 1), caught.value.detail
    await hasty.close()


@pytest.mark.parametrize("provider", KEY_HOLDERS)
async def test_a_wrong_key_is_nowhere_to_be_read(
    completer: Completer, llm: FakeLLM, caplog: pytest.LogCaptureFixture, provider: str
) -> None:
    """Not even when the provider repeats it, and the libraries log all they can."""
    caplog.set_level(logging.DEBUG)
    llm.fails(401, f"The key {key(provider)} is not valid. {GERMANE}")
    with pytest.raises(AgentFailed) as caught:
        await ask(completer, provider)
    error = caught.value
    assert error.detail.endswith(f": 401: The key [key] is not valid. {GERMANE}")
    assert key(provider) not in f"{error} {error.detail}"
    # The provider's answer is in no log either: who repeats a key there would spread it.
    assert key(provider) not in caplog.text
