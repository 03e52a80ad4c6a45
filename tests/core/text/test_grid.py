"""Tables for a chat."""

import pytest

from core.text import markdown
from core.text.grid import MAX_WIDTH, Table, measure_width


def table(text: str) -> Table:
    stream = iter(markdown.parse(text)[0])
    assert next(stream).type == "table_open"
    return Table.read(stream)


def test_columns_are_aligned_as_their_author_wanted() -> None:
    text = "| Name | Count | Mid |\n|---|--:|:-:|\n| Ada | 7 | x |\n| Bob | 1234 | yyyyy |"
    assert table(text).render_monospace() == [
        "Name  Count   Mid",
        "----  -----  -----",
        "Ada       7    x",
        "Bob    1234  yyyyy",
    ]


def test_an_empty_header_is_left_out() -> None:
    assert table("| | |\n|---|---|\n| a | b |").render_monospace() == ["a  b"]


@pytest.mark.parametrize(
    ("cell", "fits"),
    [
        ("x" * (MAX_WIDTH - 3), True),
        ("x" * (MAX_WIDTH - 2), False),
        ("one<br>two", False),
        ("https://example.com", False),
        ("[here](https://example.com)", False),
    ],
)
def test_what_a_phone_would_wrap_or_one_would_tap_is_no_grid(cell: str, fits: bool) -> None:
    lines = table(f"| a | b |\n|---|---|\n| 1 | {cell} |").render_monospace()
    assert (lines is not None) is fits


def test_else_each_row_is_a_block_of_lines() -> None:
    text = "| Name | Age: | |\n|---|---|---|\n| **Ada** | 36 | note |\n| Bob | | |"
    assert table(text).render_records() == [
        "*Name:* *Ada*\n*Age:* 36\nnote",
        "*Name:* Bob\n*Age:*",
    ]


def test_a_header_alone_is_shown() -> None:
    assert table("| Name | Age |\n|---|---|").render_records() == ["*Name:*\n*Age:*"]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("", 0),
        ("abc", 3),
        ("é", 1),
        ("日本", 4),
        ("👩‍💻", 2),
        ("e\u0301", 1),
        ("ａ", 2),
        ("🇩🇪x", 3),
    ],
)
def test_columns_of_a_text(text: str, columns: int) -> None:
    assert measure_width(text) == columns
