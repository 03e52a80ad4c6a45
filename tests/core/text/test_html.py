"""What agents write, as HTML: it reads well, and nothing of it runs, loads or leads astray."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text.chat_html import from_whatsapp
from core.text.html import from_markdown

OUTSIDE = 'target="_blank" rel="noopener noreferrer nofollow"'
TAGS = {"p", "h3", "h4", "h5", "h6", "strong", "em", "s", "code", "pre", "ul", "ol", "li", "a"}
TAGS |= {"blockquote", "hr", "br", "span", "div", "table", "thead", "tbody", "tr", "th", "td"}
ATTRIBUTES = {
    "a": {"href", "target", "rel"},
    "ol": {"start"},
    "pre": {"tabindex"},
    "p": {"class"},
    "div": {"class", "tabindex"},
    "table": {"class"},
    "th": {"class"},
    "td": {"class"},
}


class Inspector(HTMLParser):
    """Reads HTML as a browser would and complains of what must not be there."""

    def __init__(self) -> None:
        super().__init__()
        self.complaints: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.complaints.append(f"<{tag}>")
        for name, value in attrs:
            if name not in ATTRIBUTES.get(tag, set()):
                self.complaints.append(f"<{tag} {name}>")
            if name == "href" and not re.match("(?:https?://|mailto:)", value or "", re.I):
                self.complaints.append(f"leads to {value}")
        if tag == "a" and "a" in self.open:
            self.complaints.append("a link in a link")
        if tag not in ("br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.complaints.append(f"</{tag}> closes nothing")

    def handle_comment(self, data: str) -> None:
        self.complaints.append("a comment")


def complaints(html: str) -> list[str]:
    inspector = Inspector()
    inspector.feed(html)
    inspector.close()
    return inspector.complaints + [f"<{tag}> stays open" for tag in inspector.open]


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("**bold** *it* ~~no~~ `code`", "<strong>bold</strong> <em>it</em> <s>no</s>"),
        ("# One\n\n###### Six", "<h3>One</h3>\n<h6>Six</h6>"),
        ("```py\nx < 1\n```", '<pre tabindex="0"><code>x &lt; 1\n</code></pre>'),
        ("[a](https://b.example/?q=\"'<)", '<a href="https://b.example/?q=%22'),
        ("https://b.example/a_b_c", f'<a href="https://b.example/a_b_c" {OUTSIDE}>'),
        ("[write](mailto:a@b.example)", '<a href="mailto:a@b.example"'),
        ("3. three\n4. four", '<ol start="3">\n<li>three</li>'),
        ("|a|b|\n|-|-:|\n|1|2|", '<th class="text-end">b</th>'),
        ("![a cat](https://b.example/cat.png)", f'cat.png" {OUTSIDE}>a cat</a>'),
        ("![](https://b.example/cat.png)", ">https://b.example/cat.png</a>"),
        (">" * 40 + " deep", '<p class="as-written">&gt;&gt;'),
    ],
)
def test_markdown_is_shown_as_what_it_means(markdown: str, html: str) -> None:
    assert html in from_markdown(markdown)
    assert complaints(from_markdown(markdown)) == []


@pytest.mark.parametrize(
    "markdown",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>\n\n<iframe src='//b.example'></iframe>",
        "<!-- hidden --> <style>body{display:none}</style>",
        "[x](javascript:alert(1)) [x](JaVaScRiPt:alert(1)) [x](data:text/html,x)",
        "[x](vbscript:x) [x](//b.example) [x](/whatsapp/unlink) [x](#say)",
        "[x]: javascript:alert(1)\n\n[x]",
        "<javascript:alert(1)>",
        "![x](https://b.example/t.png) ![x](data:image/svg+xml,<svg/onload=alert(1)>)",
        "[![x](https://b.example/t.png)](https://b.example)",
        '```"><script>alert(1)</script>\ncode\n```',
        '[x](https://b.example "\\" onmouseover=alert(1)")',
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "|<b>|\n|:-:|\n|<i onclick=x>|",
    ],
)
def test_nothing_runs_loads_or_leads_astray(markdown: str) -> None:
    assert complaints(from_markdown(markdown)) == []
    assert complaints(from_whatsapp(markdown)) == []


PIECES = st.sampled_from(
    ["<script>", "<img src=x>", "<a href=", "onerror=", "style=", "&lt;", "&", '"', "'", "\\", "x"]
    + ["[", "]", "(", ")", "![", "](", "javascript:x", "https://b.example/", "mailto:a@b", " "]
    + ["*", "**", "_", "~~", "`", "```", ">", "-", "1.", "#", "|", "|-|:-:|", "\n", "\n\n"]
)


@given(st.lists(PIECES, max_size=25).map("".join))
def test_whatever_is_written_only_harmless_tags_come_out(text: str) -> None:
    assert complaints(from_markdown(text)) == []
    assert complaints(from_whatsapp(text)) == []
