"""What a model gets to see of a tool's result."""

import pytest

from worker.tools.context import RESULT_LIMIT, render_result


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("as it is", "as it is"),
        ({"a": ["ü", None]}, '{"a": ["ü", null]}'),
        ("a\0b", "ab"),
        ("half a pair \ud83d", "half a pair ?"),
        ("x" * RESULT_LIMIT, "x" * RESULT_LIMIT),
    ],
)
def test_any_result_is_text(result: object, text: str) -> None:
    assert render_result(result) == text


def test_what_is_too_long_is_cut_and_says_so() -> None:
    text = render_result("x" * (RESULT_LIMIT + 1))
    told = f"\n[Cut here: the result has {RESULT_LIMIT + 1} characters.]"
    assert text == "x" * RESULT_LIMIT + told
