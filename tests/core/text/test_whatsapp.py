"""What an agent's Markdown looks like in a chat."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text.whatsapp import to_whatsapp

INLINE = {
    "bug 39: bold stays bold": ("**Total:** 5", "*Total:* 5"),
    "bug 39: italic by stars": ("an *old* word", "an _old_ word"),
    "italic by underscores": ("an _old_ word", "an _old_ word"),
    "strikethrough": ("~~old~~ new", "~old~ new"),
    "strikethrough by one tilde": ("~old~ new", "~old~ new"),
    "bold and italic": ("***both***", "*_both_*"),
    "italic in bold": ("**a *b* c**", "*a _b_ c*"),
    "bold in bold collapses": ("**a **b** c**", "*a b c*"),
    "code": ("run `a * b * c` now", "run `a * b * c` now"),
    "code with a backtick": ("`` a`b ``", "```a`b```"),
    "code that ends with a backtick": ("`` a`b` ``", "```a`b` ```"),
    "two lines of bold": ("**one\ntwo** three", "*one*\n*two* three"),
    "hard break": ("one  \ntwo\\\nthree", "one\ntwo\nthree"),
    "html is text": ("<b>x</b> <!-- y -->", "<b>x</b> <!-- y -->"),
    "html line break": ("a<br>b<br/>c", "a\nb\nc"),
    "entity": ("a &amp; b", "a & b"),
    "escapes": ("1\\. \\# \\[x\\]", "1. # [x]"),
}

MARKS_ONLY_WHERE_VALID = {
    "part of a word": ("**API**s", "APIs"),
    "chinese": ("这是**重点**内容", "这是重点内容"),
    "beside punctuation": ("(**a**), “*b*”.", "(*a*), “_b_”."),
    "nothing but code": ("**`code`**", "`code`"),
    "nothing but a link": ("**https://a.bc**", "https://a.bc"),
    "not touching a link": ("**See https://a.bc**", "*See* https://a.bc"),
    "not touching a space": ("x **&nbsp;a** b", "x \u00a0*a* b"),
    "around code": ("**use `x` here**", "*use `x` here*"),
    "no text at all": ("a ** ** b", "a ** ** b"),
}

LITERALS = {
    "bug 40: products": ("2*3 and 4*5", "2*3 and 4*5"),
    "bug 40: powers": ("2**3 and 4**5", "2**3 and 4**5"),
    "bug 40: spaced": ("2 * 3 * 4", "2 * 3 * 4"),
    "bug 40: in bold": ("**2*3 and 4*5**", "*2*3 and 4*5*"),
    "bug 40: in a heading": ("# 2**3 and 4**5", "*2**3 and 4**5*"),
    "bug 40: starred argument": ("f(*a, b*c)", "f(*a, b*c)"),
    "ranges": ("5~10 and 7~8", "5~10 and 7~8"),
    "snake case": ("snake_case_names and _private", "snake_case_names and _private"),
    "globs": ("*.py and *.js", "*.py and *.js"),
    "globs beside bold": ("*.py is **bold**", "`*.py` is *bold*"),
    "escaped emphasis": (r"\*not bold\*", "`*not bold*`"),
    "escaped emphasis that overlaps": (r"\_\*\_\*1\*", "`_*_*1*`"),
    "escaped emphasis around a link": (
        r"\*a https://b.cd e\*",
        "`*a` https://b.cd `e*`",
    ),
    "python names": ("see __init__.py and __main__", "see `__init__`.py and `__main__`"),
    "bold by underscores": ("__Two Words__", "*Two Words*"),
    "about, beside old": ("~5 or ~7, ~~9~~", "`~5` or `~7,` ~9~"),
    "lone marks": ("5 * or _ or ~ or `", "5 * or _ or ~ or `"),
    "blanks to fill in": ("Name: ________ Age: ____", "Name: ________ Age: ____"),
}

LINKS = {
    "bug 41: text and address": ("[docs](https://a.bc/d_e_f)", "docs (https://a.bc/d_e_f)"),
    "the same twice": ("[https://a.bc](https://a.bc)", "https://a.bc"),
    "angle brackets": ("<https://a.bc>", "https://a.bc"),
    "bare with marks": ("https://a.bc/*x*/_y_/z*w*v", "https://a.bc/*x*/_y_/z*w*v"),
    "bare in parentheses": ("(https://a.bc/x_(y)).", "(https://a.bc/x_(y))."),
    "bare before chinese": ("看https://a.bc/d。好", "看https://a.bc/d。好"),
    "mail": ("[write](mailto:a@b.cd) <a@b.cd>", "write (a@b.cd) a@b.cd"),
    "telephone": ("[call](tel:+15550001000)", "call (+15550001000)"),
    "fragment": ("[above](#part)", "above"),
    "relative": ("[file](docs/a.md)", "file (docs/a.md)"),
    "bold text": ("[**a** b](https://c.de)", "*a* b (https://c.de)"),
    "in bold": ("**[a](https://c.de) b**", "*a (https://c.de) b*"),
    "image": ("![a cat](https://c.de/f.png)", "a cat (https://c.de/f.png)"),
    "image without words": ("![](https://c.de/f.png)", "https://c.de/f.png"),
    "by reference": ("[a][1]\n\n[1]: https://b.cd", "a (https://b.cd)"),
    "reference that nothing uses": ("a\n\n[1]: https://b.cd", "a\n\n[1]: https://b.cd"),
    "not a reference at all": ("[Note]: careful", "[Note]: careful"),
    "dangerous": ("[x](javascript:alert)", "[x](javascript:alert)"),
}

BLOCKS = {
    "bug 41: heading": ("## Title", "*Title*"),
    "heading with bold": ("# A **b** c", "*A b c*"),
    "heading all bold": ("### **Title**", "*Title*"),
    "heading with italic": ("# A *b*", "*A _b_*"),
    "heading with code last": ("# Use `x`", "*Use* `x`"),
    "underlined heading": ("Title\n=====\ntext", "*Title*\n\ntext"),
    "empty heading": ("#\n\nx", "x"),
    "paragraphs": ("a\nb\n\n\n\nc", "a\nb\n\nc"),
    "rule": ("a\n\n---\n\nb", "a\n\n———\n\nb"),
    "bug 41: bullets": ("* a\n* b\n  * c\n    * d", "- a\n- b\n  - c\n    - d"),
    "numbers go on": ("3. a\n3. b", "3. a\n4. b"),
    "numbers with parentheses": ("1) a\n2) b", "1) a\n2) b"),
    "list in a list": ("1. a\n   - b\n\n2. c", "1. a\n  - b\n\n2. c"),
    "paragraphs in an item": ("- a\n\n  b\n- c", "- a\n\n  b\n\n- c"),
    "tasks": ("- [ ] a\n- [x] b\n- [X] c", "☐ a\n☑ b\n☑ c"),
    "numbered tasks": ("1. [x] a", "1. ☑ a"),
    "empty item": ("- a\n-\n- b", "- a\n-\n- b"),
    "quote": ("> a\n> b\n>\n> c", "> a\n> b\n\n> c"),
    "quote in a quote": ("> a\n>> b", "> a\n\n> > b"),
    "list in a quote": ("> - a\n> - b", "> - a\n> - b"),
    "code in a quote": ("> ```\n> x = 1\n>\n> y = 2\n> ```", "> `x = 1`\n\n> `y = 2`"),
    "code": ("```python\nx = **y**\n```", "```\nx = **y**\n```"),
    "indented code": ("a\n\n    x = 1", "a\n\n```\nx = 1\n```"),
    "code in a list": ("- a\n  ```sh\n  ls\n    -l\n  ```\n- b", "- a\n```\nls\n  -l\n```\n- b"),
    "code first in an item": ("- ```\n  ls\n  ```", "-\n```\nls\n```"),
    "code without end": ("```\nx", "```\nx\n```"),
    "code about code": ("````\n```\nx\n```\n````", "```\n` ` `\nx\n` ` `\n```"),
    "empty code": ("a\n\n```\n```", "a"),
    "nothing": ("", ""),
    "blank": (" \n\n ", ""),
}

WIDE = "a description that takes more room than a phone has"
TABLES = {
    "bug 41: aligned": (
        "| Name | Qty |\n|:-----|----:|\n| Pear | 3 |\n| **Fig** | 14 |",
        "```\nName  Qty\n----  ---\nPear    3\nFig    14\n```",
    ),
    "by display width": (
        "| a | b |\n|---|---|\n| 日本 | x |\n| 👩‍👩‍👧 | y |",
        "```\na     b\n----  -\n日本  x\n👩‍👩‍👧    y\n```",
    ),
    "centred": ("|abcde|x|\n|:-:|-|\n|f|y|", "```\nabcde  x\n-----  -\n  f    y\n```"),
    "too wide": (
        f"| Name | What |\n|---|---|\n| Ana | {WIDE} |\n| Bob | **x** |",
        f"*Name:* Ana\n*What:* {WIDE}\n\n*Name:* Bob\n*What:* *x*",
    ),
    "with a link": (
        "| Name | Link |\n|---|---|\n| Ana | [a](https://b.cd) |",
        "*Name:* Ana\n*Link:* a (https://b.cd)",
    ),
    "with a line break": ("|a|b|\n|-|-|\n|1<br>2|3|", "*a:* 1\n2\n*b:* 3"),
    "in a quote": ("> |a|b|\n> |-|-|\n> |1|2|", "> *a:* 1\n> *b:* 2"),
    "more cells than the header": (
        "|a|b|\n|-|-|\n|1|2|3|4|",
        "```\na  b\n-  ---------\n1  2 | 3 | 4\n```",
    ),
    "fewer cells than the header": ("|a|b|\n|-|-|\n|1|", "```\na  b\n-  -\n1\n```"),
    "header only": ("|a|b|\n|-|-|", "```\na  b\n-  -\n```"),
    "wide header only": (f"|{WIDE}|b|\n|-|-|", f"*{WIDE}:*\n*b:*"),
    "empty header": ("| | |\n|-|-|\n|1|2|", "```\n1  2\n```"),
    "arithmetic": ("|a|\n|-|\n|2*3 and 4*5|", "```\na\n-----------\n2*3 and 4*5\n```"),
}


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        pytest.param(*example, id=name)
        for table in (INLINE, MARKS_ONLY_WHERE_VALID, LITERALS, LINKS, BLOCKS, TABLES)
        for name, example in table.items()
    ],
)
def test_markdown_becomes(markdown: str, expected: str) -> None:
    assert to_whatsapp(markdown) == expected


def test_windows_line_ends_are_the_same() -> None:
    markdown = "# A\r\n\r\n- b\r\n- c\r\n\r\n[1]: https://d.ef\r\n"
    assert to_whatsapp(markdown) == to_whatsapp(markdown.replace("\r\n", "\n"))


def test_text_nested_beyond_reading_comes_as_it_is() -> None:
    assert to_whatsapp(">" * 50 + " deep\n") == ">" * 50 + " deep"


@pytest.mark.parametrize(
    "part", ["[", "![", "*a _b ", "*,", "`a ", "~~a", "|a|b|\n", "> ", "\\*a "]
)
@pytest.mark.timeout(20)
def test_hostile_texts_end(part: str) -> None:
    text = part * (20_000 // len(part))
    assert to_whatsapp(text).count("a") == text.count("a")


WORDS = st.from_regex(r"[a-zA-Z0-9äß日]{1,6}", fullmatch=True)
MARKDOWN = st.lists(
    st.one_of(
        WORDS,
        st.sampled_from(list("*_~`#>|-[]()!<&\\") + ["**", "~~", "```", "\n", "\n\n", " ", "  "]),
        st.sampled_from(["- ", "1. ", "> ", "| ", "https://a.bc/", "\n|-|-|\n", "    ", "- [x] "]),
    ),
    max_size=30,
).map("".join)

# Where Markdown itself shows no words: the language of a code block, the address or title of a
# link, entities, definitions, checkboxes, numbers that count anew.
HIDDEN = re.compile(r"```|~~~|\]\(|\]:|&|\[x\]|\d|https")


@given(MARKDOWN)
def test_every_word_is_kept(markdown: str) -> None:
    if not HIDDEN.search(markdown):
        written = re.sub(r"[\W_]", "", to_whatsapp(markdown))
        assert sorted(written) == sorted(re.sub(r"[\W_]", "", markdown))


@given(st.one_of(MARKDOWN, st.text(max_size=200)))
def test_any_text_can_be_converted(markdown: str) -> None:
    text = to_whatsapp(markdown)
    assert text == text.strip("\n")


PLAIN = st.text(alphabet="ab1 *_~.,(", max_size=30)


@given(PLAIN)
def test_plain_text_is_never_formatted(text: str) -> None:
    """Escaped marks are characters: outside code none may be left that WhatsApp would pair."""
    line = " ".join(text.split())
    shown = to_whatsapp(re.sub(r"([*_~.(])", r"\\\1", line))
    assert shown.replace("`", "") == line
    for outside in shown.split("`")[::2]:
        assert not re.search(r"(?<!\w)([*_~])(?![\s*_~])[^*_~]*[^\s*_~]\1(?!\w)", outside)


@given(st.lists(WORDS, min_size=1, max_size=4), st.sampled_from(["**", "*", "_", "~~"]))
def test_emphasis_between_spaces_is_always_kept(words: list[str], mark: str) -> None:
    text = " ".join(words)
    expected = {"**": "*", "*": "_", "_": "_", "~~": "~"}[mark]
    assert to_whatsapp(f"so {mark}{text}{mark} so") == f"so {expected}{text}{expected} so"
