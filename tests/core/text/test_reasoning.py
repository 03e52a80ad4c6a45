import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text.reasoning import strip_reasoning


@pytest.mark.parametrize(
    ("output", "reply"),
    [
        ("Hello", "Hello"),
        ("\n <think>a plan</think>\n\nHello\n", "Hello"),
        ("<THINKING>a plan</Thinking>Hello", "Hello"),
        ('<reasoning effort="high">a plan</reasoning>Hello', "Hello"),
        ("<think>one</think><think>two</think>Hello", "Hello"),
        ("<think>in ```code``` too</think>Hello", "Hello"),
        ("<think>an open ``` fence</think>Hello ```x```", "Hello ```x```"),
        ("Hello <think>hm</think>there", "Hello there"),
        # The opening tag was in the template, not in the output.
        ("a plan</think>\nHello", "Hello"),
        # Out of tokens.
        ("<think>a plan that never", ""),
        ("Hello\n<think>but then", "Hello"),
        ("</think>", ""),
        ("</think>" * 3000 + "Hello", "Hello"),
        ("", ""),
    ],
)
def test_reasoning_is_left_out(output: str, reply: str) -> None:
    assert strip_reasoning(output) == reply


@pytest.mark.parametrize(
    "text",
    [
        "Wrap it in `<think>` and `</think>`.",
        "```xml\n<think>an example</think>\n```",
        "I <b>think</b> so. 1 < 2 > 0.",
        "<thinker>no such tag</thinker>",
    ],
)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert strip_reasoning(text) == text


def test_what_no_database_takes_is_replaced() -> None:
    assert strip_reasoning("a\0b \ud83d c \ud83d\ude00") == "ab \ufffd c 😀"


PIECES = st.sampled_from(["<think>", "</think>", "`", "```", "plan", "\n", " ", "<reasoning>"])


@given(st.lists(PIECES, max_size=12).map("".join))
def test_it_ends_and_adds_nothing(output: str) -> None:
    reply = strip_reasoning(output)
    assert len(reply) <= len(output) and strip_reasoning(reply) == reply
