"""Trying a model: in words, and by a real jobs process."""

from collections.abc import AsyncIterator

import pytest

from core.models.credentials import Access
from tests.services.fake_llm import FakeLLM
from tests.waiting import PATIENCE
from worker.models import model_test
from worker.models.completion import Completer

KEY = "sk-the-key-of-the-owner"


async def nap(seconds: float) -> None:
    """Between two tries."""


@pytest.fixture
async def completer(llm: FakeLLM) -> AsyncIterator[Completer]:
    access = Access({"openai": KEY, "anthropic": KEY}, llm.addresses)
    completer = Completer(lambda: access, seconds=PATIENCE, sleep=nap)
    yield completer
    await completer.close()


async def test_a_model_that_answers(completer: Completer, llm: FakeLLM) -> None:
    llm.replies("OK")
    outcome = await model_test.run(completer, "anthropic/claude-haiku-4-5")
    assert outcome.is_good and outcome.said == "OK" and outcome.seconds is not None
    assert len(llm.requests) == 1


async def test_the_providers_own_words_without_the_key(completer: Completer, llm: FakeLLM) -> None:
    llm.fails(401, f"Incorrect API key provided: {KEY}.")
    outcome = await model_test.run(completer, "openai/gpt-4o-mini")
    assert (outcome.is_good, outcome.code) == (False, "auth")
    assert outcome.said == "openai/gpt-4o-mini: 401: Incorrect API key provided: [key]."


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("nonsense", "Write a model as provider/name."),
        ("groq/llama", "groq/llama: There is no key for groq yet."),
    ],
)
async def test_a_model_that_cant_be_asked(
    completer: Completer, llm: FakeLLM, model: str, said: str
) -> None:
    outcome = await model_test.run(completer, model)
    assert outcome.code == "unknown_model" and outcome.said.startswith(said)
    assert not llm.requests


async def test_a_silent_one(
    completer: Completer, llm: FakeLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_test, "SECONDS", 0.05)
    llm.hangs()
    assert (await model_test.run(completer, "openai/gpt-4o-mini")).code == "timeout"
