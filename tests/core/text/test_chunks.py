"""Long replies: where they are cut, and what a cut must never do."""

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from core.text.chunks import MESSAGE_LIMIT, MINIMUM_LIMIT, split
from core.text.whatsapp import to_whatsapp

FENCE = "```"


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def visible(text: str) -> str:
    """The text without whitespace and fences: what may not be lost."""
    return "".join(text.replace(FENCE, "").split())


def graphemes(text: str) -> list[str]:
    return [grapheme for grapheme in regex.findall(r"\X", text) if not grapheme.isspace()]


def words(count: int) -> str:
    return " ".join(f"word{number}" for number in range(count))


PIECES = st.one_of(
    st.text(max_size=20),
    st.text(alphabet="ab ", max_size=60),
    st.sampled_from(
        [
            "\n",
            "\n\n",
            " ",
            ". ",
            "*bold words here*",
            "*Heading*\n\n",
            "_it_",
            "`code`",
            "https://example.com/a/long/path?with=things",
            "👩‍👩‍👧‍👦",
            "🇩🇪🇫🇷",
            "e\u0301",
            " \u0301",
            "日本語の文。次の文、",
            "- item\n  - nested\n",
            "x" * 70,
        ]
    ),
)
CODE = st.text(alphabet="ab=\n ", min_size=1, max_size=120).map(
    lambda code: f"\n```\n{code}\n```\n"
)
PROSE = st.lists(PIECES, max_size=12).map("".join)
MIXED = st.lists(st.one_of(PIECES, CODE, st.just("```x```")), max_size=12).map("".join)
LIMITS = st.integers(MINIMUM_LIMIT, 150)


class TestEveryText:
    @given(MIXED, LIMITS)
    @example("```" + "\u0301" * 80 + "```", 32)
    @example("``````" * 30, 32)
    @example(" ```" + "x" * 100 + "```", 32)
    @example(" " * 100 + "x" + " " * 100 + "y", 32)
    @example("```x" + " " * 100 + "y```", 32)
    @example("0000𐀀𐀀```x```0000𐀀𐀀``````x```", 32)
    def test_fits_and_loses_nothing(self, text: str, limit: int) -> None:
        chunks = split(text, limit)
        assert all(units(chunk) <= limit for chunk in chunks)
        assert all(chunk.strip() for chunk in chunks)
        assert "".join(map(visible, chunks)) == visible(text)

    @given(MIXED, LIMITS)
    @example("\n```\n" + "a\n" * 60 + "```\n", 40)
    def test_opens_and_closes_code_in_each_message(self, text: str, limit: int) -> None:
        if text.count(FENCE) % 2 == 0:
            assert [chunk.count(FENCE) % 2 for chunk in split(text, limit)] == [0] * len(
                split(text, limit)
            )

    @given(PROSE.map(lambda text: text.replace("`", "'")), LIMITS)
    @example("x" * 31 + "e\u0301" * 40, 32)
    @example(" \u0301" * 60, 32)
    def test_bug_42_keeps_graphemes_whole(self, text: str, limit: int) -> None:
        kept = [grapheme for chunk in split(text, limit) for grapheme in graphemes(chunk)]
        if all(units(grapheme) <= limit for grapheme in kept):
            assert kept == graphemes(text)

    @given(st.text(min_size=1, max_size=MINIMUM_LIMIT // 2))
    def test_is_left_alone_when_it_fits(self, text: str) -> None:
        assert split(text, MINIMUM_LIMIT) == ([text] if text.strip() else [])


@pytest.mark.parametrize("text", ["", " ", "\n\n \t"])
def test_nothing_to_say_is_no_message(text: str) -> None:
    assert split(text) == []


def test_exactly_the_limit_is_one_message() -> None:
    assert split("x" * MESSAGE_LIMIT) == ["x" * MESSAGE_LIMIT]
    assert [len(chunk) for chunk in split("x" * (MESSAGE_LIMIT + 1))] == [MESSAGE_LIMIT, 1]


def test_a_limit_too_small_for_code_is_refused() -> None:
    with pytest.raises(ValueError, match="room for 32 characters, not 31"):
        split("hello", 31)


def test_emoji_count_two_each() -> None:
    assert [units(chunk) for chunk in split("😀" * 30, 40)] == [40, 20]


PLACES = {
    "paragraph before line": ("a" * 25 + "\n\n" + "b" * 5 + "\n" + "c" * 20, "a" * 25),
    "line before sentence": ("a" * 25 + "\nb. " + "c" * 20, "a" * 25),
    "sentence before word": ("A" * 25 + ". b " + "c" * 20, "A" * 25 + "."),
    "word before grapheme": ("a" * 25 + " " + "b" * 25, "a" * 25),
    "grapheme at last": ("a" * 50, "a" * 40),
    "a better place is refused below half": (
        "a\n\n" + "b" * 30 + " " + "c" * 20,
        "a\n\n" + "b" * 30,
    ),
    "bug 42: below half rather than inside a word": ("a b " + "c" * 39, "a b"),
    "ideographic sentence": ("日" * 30 + "。" + "本" * 20, "日" * 30 + "。"),
    "ideographic comma": ("日" * 30 + "、" + "本" * 20, "日" * 30 + "、"),
    "not after a list number": ("a" * 30 + "\n1. " + "b" * 36, "a" * 30),
    "not at a space that does not break": (
        "a" * 10 + " " + "b" * 20 + "\u00a0" + "c" * 20,
        "a" * 10,
    ),
}


@pytest.mark.parametrize(("text", "first"), PLACES.values(), ids=PLACES)
def test_the_best_place(text: str, first: str) -> None:
    assert split(text, 40)[0] == first


def test_indentation_survives_a_cut() -> None:
    assert split("- one" + "x" * 30 + "\n  - two " + "y" * 20, 40)[1].startswith("  - two")


class TestHeadings:
    def test_goes_with_what_follows(self) -> None:
        text = f"{words(6)}\n\n*Heading*\n\n{words(10)}"
        assert split(text, 60)[1].startswith("*Heading*\n\nword0")

    def test_stands_alone_if_nothing_else_fits(self) -> None:
        assert split("*Heading*\n\n" + "x" * 40, 40) == ["*Heading*", "x" * 40]


class TestCode:
    def test_bug_42_is_closed_and_opened_again(self) -> None:
        lines = [f"print({number})" for number in range(20)]
        chunks = split("```\n" + "\n".join(lines) + "\n```", 60)
        assert all(chunk.startswith("```\n") and chunk.endswith("\n```") for chunk in chunks)
        assert [line for chunk in chunks for line in chunk.split("\n")[1:-1]] == lines

    def test_keeps_its_indentation(self) -> None:
        code = "\n".join(f"    line{number}" for number in range(12))
        for chunk in split(f"```\n{code}\n```", 50):
            assert all(line.startswith("    line") for line in chunk.split("\n")[1:-1])

    def test_stays_whole_when_it_fits_in_a_message(self) -> None:
        code = "```\n" + "\n".join(["x = 1"] * 6) + "\n```"
        assert split(f"{words(3)}\n\n{code}\n\n{words(3)}", 60)[1] == code

    def test_fills_the_message_when_it_does_not(self) -> None:
        code = "```\n" + "\n".join(["x = 1"] * 40) + "\n```"
        first = split(f"See this:\n\n{code}", 100)[0]
        assert first.startswith("See this:\n\n```\nx = 1") and units(first) > 80

    def test_a_long_line_of_it_is_cut_too(self) -> None:
        chunks = split("```\n" + "x" * 100 + "\n```", 40)
        assert all(units(chunk) <= 40 for chunk in chunks)
        assert chunks[0] == "```\n" + "x" * 32 + "\n```"

    def test_a_fence_without_end_is_text(self) -> None:
        text = f"{words(5)}\n```\n{words(10)}"
        assert "".join(split(text, 40)).count(FENCE) == 1


class TestFormattedWords:
    @pytest.mark.parametrize(
        "kept",
        ["*bold words here*", "_three words here_", "`some code here`", "https://a.bc/path?q=1,2"],
    )
    def test_are_not_cut(self, kept: str) -> None:
        for filler in range(15, 40):
            chunks = split("a" * filler + f" {kept} " + "b" * 30, 50)
            assert any(kept in chunk for chunk in chunks)

    def test_without_spaces_around_them_are_not_cut_either(self) -> None:
        assert split("日" * 30 + "https://a.bc/d", 34) == ["日" * 30, "https://a.bc/d"]

    def test_are_cut_when_too_long_for_a_message(self) -> None:
        assert all(units(chunk) <= 40 for chunk in split(f"*{words(30)}*", 40))


SECTION = """## Part {n}: *what* changed in **{n}**

We looked at the logs 👩‍👩‍👧 and found that the worker had lost the lock. It was not the network:
see [the report](https://example.com/reports/{n}?page=1&of=9) for more. 2*3 and 4*5 are numbers.

- first thing with **bold words in it**
- second thing
  - nested with `inline code`
1. then this
2. and then that ☑️

```python
def renew(lock: Lock) -> None:
    for attempt in range({n}):
        lock.extend(ttl=30)  # *not bold*
```

| Name | Renewals | Note |
|------|---------:|------|
| Ana  | {n} | 😀 fine |
| Bob  | 17 | late |

> It worked on my machine,
> said everybody.

"""


def test_a_document_of_twenty_thousand_characters() -> None:
    source = "".join(SECTION.format(n=number) for number in range(40))[:20_000]
    text = to_whatsapp(source)
    chunks = split(text)
    assert len(chunks) <= len(text) // (MESSAGE_LIMIT // 2) + 1
    assert all(units(chunk) <= MESSAGE_LIMIT and chunk.count(FENCE) % 2 == 0 for chunk in chunks)
    assert "".join(map(visible, chunks)) == visible(text)
    assert not any(chunk.rstrip().split("\n")[-1].startswith("*Part") for chunk in chunks)
    # All the code blocks fit into a message, so none was cut: no fence was added.
    assert sum(chunk.count(FENCE) for chunk in chunks) == text.count(FENCE)


@pytest.mark.parametrize(
    "text",
    [
        "x" * 20_000,
        "a " * 10_000,
        "a\n" * 10_000,
        "\n" * 20_000 + "x",
        " " * 20_000 + "x",
        "a" + " " * 20_000 + "x",
        "*a " * 7_000,
        "`a " * 7_000,
        "```\n" + "x = 1\n" * 3_000 + "```",
        "```x" * 5_000,
        "👩‍👩‍👧‍👦" * 2_000,
        "日本" * 10_000,
        "e" + "\u0301" * 20_000,
    ],
    ids=lambda text: repr(text[:6]),
)
@pytest.mark.timeout(20)
def test_hostile_texts_end(text: str) -> None:
    chunks = split(text)
    assert all(chunk.strip() and units(chunk) <= MESSAGE_LIMIT for chunk in chunks)
    assert "".join(map(visible, chunks)) == visible(text)
