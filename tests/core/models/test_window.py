import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.models import window
from core.models.name import ModelName


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        ("openai/gpt-4o-mini", 128_000),
        ("openrouter/openai/gpt-4", 8_192),
        ("openai/o3-mini", 128_000),
        ("openrouter/anthropic/claude-sonnet-4.6", 200_000),
        ("google/gemini-3-pro", window.CAP),
        ("groq/llama-3.3-70b-versatile", 128_000),
        ("ollama/llama3.2", 4_096),
        ("custom/who-knows", window.UNKNOWN),
    ],
)
def test_windows_of_models(model: str, tokens: int) -> None:
    assert window.of_model(ModelName.parse(model)) == tokens


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("ж" * 4, 2), ("語" * 4, 3)]
)
def test_tokens_of_a_text(text: str, tokens: int) -> None:
    assert window.of_text(text) == tokens


def test_calls_and_results_count() -> None:
    call = {"part_kind": "tool-call", "tool_name": "look", "args": {"at": "x" * 400}}
    result = {"part_kind": "tool-return", "tool_name": "look", "content": ["y" * 800]}
    messages = [{"kind": "response", "parts": [call]}, {"kind": "request", "parts": [result]}]
    assert 300 < window.of_messages(messages) < 330


def test_room_is_left_for_the_reply() -> None:
    assert window.measure_room(200_000) == 192_000
    assert window.measure_room(4_000) == 3_000


@pytest.mark.parametrize(
    ("estimated", "counted", "factor"),
    [(100, 150, 1.5), (100, None, 1), (None, 100, 1), (100, 1, 0.75), (100, 10_000, 3)],
)
def test_estimates_are_corrected_within_reason(
    estimated: int | None, counted: int | None, factor: float
) -> None:
    assert window.scale(estimated, counted) == factor


def test_the_first_request_is_what_was_counted() -> None:
    first, second = ({"kind": "response", "usage": {"input_tokens": n}} for n in (70, 90))
    assert window.count_all([{"kind": "request"}, first, {"kind": "request"}, second]) == 70
    assert window.count_all([{"kind": "response", "usage": {"input_tokens": 0}}]) is None
    assert window.count_all([{"kind": "request"}]) is None


@pytest.mark.parametrize(
    ("sizes", "budget", "kept"),
    [
        ([], 10, 0),
        ([5, 5], 10, 2),
        ([5, 5], 9, 1),
        ([1, 100, 5], 10, 1),  # no gap: what comes before the long one is gone too
        ([5, 100], 10, 0),
        ([5], -1, 0),
    ],
)
def test_the_newest_that_fit(sizes: list[int], budget: int, kept: int) -> None:
    assert window.that_fit(sizes, budget) == kept


@given(st.lists(st.integers(0, 1000)), st.integers(0, 5000))
def test_as_many_as_fit_and_not_one_more(sizes: list[int], budget: int) -> None:
    kept = window.that_fit(sizes, budget)
    assert sum(sizes[len(sizes) - kept :]) <= budget
    if kept < len(sizes):
        assert sum(sizes[len(sizes) - kept - 1 :]) > budget


@pytest.mark.parametrize("value", ["16k", 0, 999, -5, True, 1.5, [], {}])
def test_a_window_that_cant_be_is_told_and_not_used(value: object) -> None:
    config = {"context_window": value}
    assert window.of_config(config) is None
    assert window.find_problems(config) == [
        "context_window: it must be a number of tokens, at least 1,000, such as 32000."
    ]


@pytest.mark.parametrize(("config", "tokens"), [({}, None), ({"context_window": 16000}, 16000)])
def test_a_window_in_the_config(config: dict[str, int], tokens: int | None) -> None:
    assert window.of_config(config) == tokens and window.find_problems(config) == []
