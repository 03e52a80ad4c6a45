"""Asking a model over HTTP: answers, failures by class, and what the owner learns of them."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from core.agents.agent import Agent
from core.messages.content import Content
from core.models.credentials import Access
from core.models.failure import AgentFailed
from core.models.name import ModelName
from tests.services.fake_llm import FakeLLM
from tests.waiting import PATIENCE
from worker.models.completion import Completer, Prompt

FINN = Agent("finn", "Finn", soul="You are dry.")
SMALL = ModelName("custom", "small")
KEY = "sk-very-secret-key-of-the-owner"


async def nap(seconds: float) -> None:
    """Between two tries: none of our tests waits for long."""


@pytest.fixture
async def completer(llm: FakeLLM) -> AsyncIterator[Completer]:
    access = Access({"custom": KEY}, {"custom": llm.url})
    completer = Completer(lambda: access, seconds=PATIENCE, sleep=nap)
    yield completer
    await completer.close()


@pytest.fixture
async def hasty(llm: FakeLLM) -> AsyncIterator[Completer]:
    """Waits for nobody longer than a moment."""
    access = Access(addresses={"custom": llm.url})
    completer = Completer(lambda: access, seconds=0.05, sleep=nap)
    yield completer
    await completer.close()


async def failure(completer: Completer, model: ModelName = SMALL) -> AgentFailed:
    with pytest.raises(AgentFailed) as caught:
        await completer.complete(Prompt(FINN, model, Content("hi")))
    return caught.value


async def test_an_answer_with_its_tokens(completer: Completer, llm: FakeLLM) -> None:
    llm.replies("one two three")
    completion = await completer.complete(Prompt(FINN, SMALL, Content("hi")))
    assert completion.text == "one two three"
    assert completion.output_tokens == 3 and completion.input_tokens
    assert completion.cost_usd is None  # nobody knows a price
    assert llm.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert llm.requests[0].body.get("stream") in (None, False)


async def test_history_is_this_turn_alone_and_leads_on(completer: Completer, llm: FakeLLM) -> None:
    first = await completer.complete(Prompt(FINN, SMALL, Content("one")))
    second = await completer.complete(Prompt(FINN, SMALL, Content("two"), first.history))
    assert len(first.history) == len(second.history) == 2
    await completer.complete(
        Prompt(FINN, SMALL, Content("three"), [*first.history, *second.history])
    )
    assert [text for role, text in llm.requests[-1].messages if role == "user"] == [
        "one",
        "two",
        "three",
    ]
    assert llm.requests[-1].system.count("You are dry.") == 1


async def test_instructions_are_not_kept(completer: Completer) -> None:
    first = await completer.complete(Prompt(FINN, SMALL, Content("one")))
    assert "dry" not in str(first.history)


async def test_a_history_that_cant_be_read_is_left_out(completer: Completer, llm: FakeLLM) -> None:
    completion = await completer.complete(
        Prompt(FINN, SMALL, Content("hi"), [{"kind": "unheard of"}])
    )
    assert completion.text and llm.requests[-1].messages == [("user", "hi")]


async def test_reasoning_is_neither_said_nor_kept(completer: Completer, llm: FakeLLM) -> None:
    llm.replies("<think>a plan</think>Hello", "<think>cut off")
    first = await completer.complete(Prompt(FINN, SMALL, Content("hi")))
    assert first.text == "Hello" and "a plan" not in str(first.history)
    assert (await completer.complete(Prompt(FINN, SMALL, Content("hi")))).text == ""


@pytest.mark.parametrize("content", ["", None])
async def test_nothing_said_is_an_empty_text(
    completer: Completer, llm: FakeLLM, content: str | None
) -> None:
    llm.replies(content)
    assert (await completer.complete(Prompt(FINN, SMALL, Content("hi")))).text == ""
    assert len(llm.requests) == 1


async def test_an_answer_cut_short_is_an_answer(completer: Completer, llm: FakeLLM) -> None:
    llm.finishes("as far as I got", "length")
    assert (await completer.complete(Prompt(FINN, SMALL, Content("hi")))).text == "as far as I got"


HTML = b"<html>Welcome to nginx</html>"
CASES: list[tuple[str, str, Callable[[FakeLLM], object], int]] = [
    ("a wrong key", "auth", lambda llm: llm.fails(401), 1),
    ("a forbidden one", "auth", lambda llm: llm.fails(403), 1),
    ("too many requests", "rate_limit", lambda llm: llm.fails(429), 3),
    ("no money left", "quota", lambda llm: llm.fails(429, code="insufficient_quota"), 1),
    ("a broken server", "server_error", lambda llm: llm.fails(500), 3),
    ("an overloaded one", "server_error", lambda llm: llm.fails(503), 3),
    ("a teapot", "server_error", lambda llm: llm.fails(418), 1),
    ("no such model", "unknown_model", lambda llm: llm.fails(404, code="model_not_found"), 1),
    (
        "too long a history",
        "context_too_long",
        lambda llm: llm.fails(400, code="context_length_exceeded"),
        1,
    ),
    ("a bad request", "rejected", lambda llm: llm.fails(400), 1),
    ("a filtered answer", "refused", lambda llm: llm.finishes(None, "content_filter"), 1),
    ("cut before a word", "bad_answer", lambda llm: llm.finishes(None, "length"), 1),
    ("a web page", "bad_answer", lambda llm: llm.says_raw(HTML), 1),
    ("no JSON", "bad_answer", lambda llm: llm.says_raw(b"{oops", "application/json"), 1),
    ("no choices", "bad_answer", lambda llm: llm.says_raw(b"{}", "application/json"), 1),
    ("a hang-up", "unreachable", lambda llm: llm.hangs_up(), 3),
]


@pytest.mark.parametrize(
    ("code", "behave", "requests"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
async def test_failures_have_a_class_and_a_sentence(
    completer: Completer,
    llm: FakeLLM,
    code: str,
    behave: Callable[[FakeLLM], object],
    requests: int,
) -> None:
    behave(llm)
    error = await failure(completer)
    assert (error.code, len(llm.requests)) == (code, requests), error.detail
    assert str(error).endswith(".") and "custom" not in str(error)
    assert error.detail and KEY not in error.detail


async def test_a_model_that_hangs_is_not_waited_for(hasty: Completer, llm: FakeLLM) -> None:
    llm.hangs()
    assert (await failure(hasty)).code == "timeout"
    await asyncio.to_thread(llm.wait_for, 1)
    assert len(llm.requests) == 1


async def test_a_server_that_is_not_there(free_port: int) -> None:
    access = Access(addresses={"custom": f"http://127.0.0.1:{free_port}/v1"})
    completer = Completer(lambda: access, sleep=nap)
    assert (await failure(completer)).code == "unreachable"
    await completer.close()


async def test_a_model_nobody_can_ask(completer: Completer, llm: FakeLLM) -> None:
    error = await failure(completer, ModelName("openai", "gpt-4o"))
    assert error.code == "unknown_model" and "There is no key for openai yet." in error.detail
    assert not llm.requests


@pytest.mark.parametrize("quoted", [KEY, "sk-proj-abcdefghijkl****mnop", f"Bearer {KEY[3:]}"])
async def test_no_key_gets_into_the_details(
    completer: Completer, llm: FakeLLM, quoted: str
) -> None:
    llm.fails(401, f"Incorrect API key provided: {quoted}. Find yours on the web.")
    detail = (await failure(completer)).detail
    assert quoted not in detail and KEY[3:] not in detail
    assert "Incorrect API key provided" in detail and "Find yours" in detail


async def test_details_are_of_bearable_length(completer: Completer, llm: FakeLLM) -> None:
    llm.fails(400, "x" * 100_000)
    assert len((await failure(completer)).detail) <= 4000


async def test_a_cancelled_question_is_no_failure(completer: Completer, llm: FakeLLM) -> None:
    llm.hangs()
    asking = asyncio.create_task(completer.complete(Prompt(FINN, SMALL, Content("hi"))))
    await asyncio.to_thread(llm.wait_for, 1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_warming_up_asks_nobody(completer: Completer, llm: FakeLLM) -> None:
    await completer.warm_up()
    assert not llm.requests


async def test_a_turn_as_a_whole_comes_to_an_end(llm: FakeLLM) -> None:
    access = Access(addresses={"custom": llm.url})
    completer = Completer(lambda: access, turn_seconds=0.05, sleep=nap)
    llm.hangs()
    error = await failure(completer)
    assert error.code == "timeout"
    assert error.detail == "The turn took longer than 0.05 seconds."
    await completer.close()


async def test_a_failure_has_cost_what_it_has_cost(completer: Completer, llm: FakeLLM) -> None:
    llm.finishes(None, "content_filter")
    error = await failure(completer)
    assert error.code == "refused" and error.spent.input_tokens
    llm.fails(401)
    assert (await failure(completer)).spent.input_tokens is None
