"""What the panel shows of a chat, as WhatsApp would. That it is harmless: test_safe_html."""

import pytest

from core.text.chat_html import from_whatsapp, without_marks
from core.text.whatsapp import to_whatsapp


def shown(text: str) -> str:
    """Without what is around everything."""
    html = from_whatsapp(text)
    start, end = '<div class="as-written">', "</div>\n"
    assert html.startswith(start) and html.endswith(end)
    return html.removeprefix(start).removesuffix(end)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*bold* _slanted_ ~gone~", "<strong>bold</strong> <em>slanted</em> <s>gone</s>"),
        ("*_both_*", "<strong><em>both</em></strong>"),
        ("2*3*4, 2 * 3 * 4, snake_case_name", "2*3*4, 2 * 3 * 4, snake_case_name"),
        ("*one\ntwo*", "*one\ntwo*"),
        ("`*x*` and ```_y_```", "<code>*x*</code> and <code>_y_</code>"),
        ("- Finn (`finn`)\n- <b>", "- Finn (<code>finn</code>)\n- &lt;b&gt;"),
    ],
)
def test_a_line(text: str, html: str) -> None:
    assert shown(text) == f"<div>{html}</div>"


def test_an_address_leads_there() -> None:
    html = shown("See https://a.example/x_y_(z)?a=1&b=2. *Yes*")
    assert 'href="https://a.example/x_y_(z)?a=1&amp;b=2"' in html
    assert ">https://a.example/x_y_(z)?a=1&amp;b=2</a>. <strong>Yes</strong>" in html


def test_quotes_and_code_are_set_apart() -> None:
    html = shown("> first\n> *second*\nthen\n```\nx = 1\n  y\n```\nend")
    assert html == (
        "<blockquote>first\n<strong>second</strong></blockquote><div>then</div>"
        '<pre tabindex="0"><code>x = 1\n  y</code></pre><div>end</div>'
    )


def test_what_agents_write_looks_as_they_meant_it() -> None:
    html = shown(to_whatsapp("A **nice** name, `x`\n\n```python\na = 1\nb = 2\n```"))
    assert "<strong>nice</strong>" in html and "<code>x</code>" in html
    assert "a = 1\nb = 2" in html


@pytest.mark.parametrize("text", ["*" * 50_000, "`" * 50_000, "*a _b ~c " * 9000, "```" * 20_000])
def test_nobody_keeps_us_busy_with_a_line(text: str) -> None:
    assert from_whatsapp(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("*Look* at _*this*_ and `that`, ~or~ 2*3*4", "Look at this and that, or 2*3*4"),
        ("> he said\nsnake_case_name", "he said\nsnake_case_name"),
        ("https://example.com/_a_ *b*", "https://example.com/_a_ b"),
        ("see:\n```\ncode\n```\nand", "see:\n \ncode\n \nand"),
        ("a fence without an end:\n```code", "a fence without an end:\n code"),
    ],
)
def test_the_words_alone(text: str, words: str) -> None:
    assert without_marks(text) == words
