"""One line of a paragraph: which of Markdown's marks WhatsApp gets to see."""

import pytest

from core.text import markdown
from core.text.inline import Span, TextLine, Writer, code_marks


def lines(text: str) -> list[TextLine]:
    writer = Writer()
    tokens, _ = markdown.parse(text)
    writer.write(next(token.children or [] for token in tokens if token.type == "inline"))
    return writer.lines()


@pytest.mark.parametrize(
    ("text", "formatted", "plain"),
    [
        ("**bold** _it_ ~~gone~~", "*bold* _it_ ~gone~", "bold it gone"),
        ("**API**s and 2**3**4", "APIs and 2**3**4", "APIs and 2**3**4"),
        ("`code` *x*", "`code` _x_", "code x"),
        (r"\*args\*", "`*args*`", "*args*"),
        ("*.py beside **bold**", "`*.py` beside *bold*", "*.py beside bold"),
        ("[here](https://a.bc)", "here (https://a.bc)", "here (https://a.bc)"),
        ("__name__", "`__name__`", "__name__"),
        ("![alt](https://a.bc/x.png)", "alt (https://a.bc/x.png)", "alt (https://a.bc/x.png)"),
        ("[there](#part)", "there", "there"),
    ],
)
def test_a_line_for_a_chat_and_for_a_grid(text: str, formatted: str, plain: str) -> None:
    [line] = lines(text)
    assert (line.format(), line.render_plain()) == (formatted, plain)


def test_emphasis_ends_with_its_line_and_goes_on_in_the_next() -> None:
    assert [line.format() for line in lines("**one\ntwo** three")] == ["*one*", "*two* three"]
    assert [line.format() for line in lines("a<br>b<BR/> c")] == ["a", "b", "c"]


def test_it_is_known_where_code_and_addresses_are() -> None:
    [line] = lines("a `b` https://c.de")
    assert (line.text, line.code, line.urls) == ("a b https://c.de", [(2, 3)], [(4, 16)])


def test_marks_of_one_kind_do_not_nest() -> None:
    writer = Writer()
    writer.open("*")
    writer.text("a ")
    writer.open("*")
    writer.text("b")
    writer.close()
    writer.close()
    assert writer.ends_with(("b",)) and not writer.ends_with(("a",))
    [line] = writer.lines()
    assert line.format() == "*a b*"
    assert line.spans == [Span(2, 3), Span(0, 3, mark="*")]


@pytest.mark.parametrize(
    ("content", "marks"),
    [
        ("x", ("`", "`")),
        ("a`b", ("```", "```")),
        ("`a", ("``` ", "```")),
        ("a`", ("```", " ```")),
        ("a```b", ("", "")),
    ],
)
def test_code_does_not_end_at_its_own_backticks(content: str, marks: tuple[str, str]) -> None:
    assert code_marks(content) == marks
