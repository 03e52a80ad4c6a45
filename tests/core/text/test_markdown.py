"""Markdown read into tokens: what a reader of a chat would miss is not lost."""

from collections.abc import Iterator

import pytest

from core.text import markdown
from core.text.markdown import MAX_NESTING, TooDeep


def inline(text: str) -> Iterator[tuple[str, str]]:
    tokens, _ = markdown.parse(text)
    for token in tokens:
        for child in token.children or []:
            yield child.type, child.content or str(child.attrs.get("href", ""))


def links(text: str) -> list[str]:
    return [words for kind, words in inline(text) if kind == "link_open"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://example.com/a_b_c now", ["https://example.com/a_b_c"]),
        ("HTTP://example.com", ["HTTP://example.com"]),
        ("(https://example.com/x)", ["https://example.com/x"]),
        ("https://example.com/x_(y)", ["https://example.com/x_(y)"]),
        ("https://example.com/?a=1.", ["https://example.com/?a=1"]),
        ("**https://example.com**", ["https://example.com"]),
        ("https://example.com。次", ["https://example.com"]),
        ("xhttps://example.com", []),
        ("ftp://example.com", []),
        ("https:// no", []),
        ("[https://inner.example](https://outer.example)", ["https://outer.example"]),
    ],
)
def test_bare_addresses_are_links(text: str, found: list[str]) -> None:
    assert links(text) == found


def test_an_address_is_never_emphasis() -> None:
    kinds = {kind for kind, _ in inline("https://example.com/_a_/*b*")}
    assert kinds == {"link_open", "text", "link_close"}


def test_cells_beyond_the_header_go_into_the_last() -> None:
    tokens, _ = markdown.parse("| a | b |\n|---|---|\n| 1 | 2 | 3 | 4 |\n| 5 | 6 |")
    cells = [token.content for token in tokens if token.type == "inline"]
    assert cells == ["a", "b", "1", "2 | 3 | 4", "5", "6"]


@pytest.mark.parametrize(
    ("line", "is_definition"),
    [
        ("[Note]: careful", False),
        ("[Note]: https://example.com", True),
        ("[Note]: <mailto:a@example.com>", True),
        ("[Note]: /path", True),
        ("[Note]: www.example.com", True),
    ],
)
def test_a_definition_defines_an_address(line: str, is_definition: bool) -> None:
    tokens, env = markdown.parse(line)
    assert bool(env.get("references")) is is_definition
    assert bool(tokens) is not is_definition


def test_html_stays_text() -> None:
    assert list(inline("a <b>c</b>")) == [("text", "a <b>c</b>")]


def test_one_tilde_strikes_through_too() -> None:
    assert "s_open" in {kind for kind, _ in inline("~gone~")}


def test_what_is_nested_too_deep_is_said() -> None:
    markdown.parse("> " * (MAX_NESTING // 2 - 1) + "x")
    with pytest.raises(TooDeep, match="nested more than 20 levels deep"):
        markdown.parse("> " * MAX_NESTING + "x")


@pytest.mark.parametrize(
    ("text", "href", "is_same"),
    [
        ("https://example.com", "https://example.com", True),
        ("a@example.com", "mailto:a@example.com", True),
        ("+1555", "tel:+1555", True),
        ("https://example.com/ü", "https://example.com/%C3%BC", True),
        ("here", "https://example.com", False),
        ("mailto:a", "tel:mailto:a", True),
    ],
)
def test_a_text_that_shows_where_it_leads(text: str, href: str, is_same: bool) -> None:
    assert markdown.same_address(text, href) is is_same
