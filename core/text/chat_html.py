"""What stands in a WhatsApp chat as HTML for the panel: the formatting as WhatsApp shows it, links,
and nothing else. Whatever it is, nothing of it runs, loads or styles.
"""

import re
from collections.abc import Iterator
from html import escape
from itertools import groupby

from core.text.html import link_attributes

_FENCE = re.compile(r"```(.+?)```", re.DOTALL)
# A mark opens after no letter or digit and touches the text, and closes likewise, on one line.
_INLINE = re.compile(
    r"```(?P<mono>[^`\n]+)```"
    r"|`(?P<code>[^`\n]+)`"
    r"|(?P<url>https?://[^\s<>\"]{1,2000})"
    r"|(?<![^\W_])(?P<mark>[*_~])(?!\s|(?P=mark))"
    r"(?P<marked>(?:(?!(?P=mark))[^\n])+)(?<!\s)(?P=mark)(?![^\W_])",
    re.IGNORECASE,
)
_TAGS = {"*": "strong", "_": "em", "~": "s"}
_QUOTE = "> "
_NOT_THE_URLS = ".,;:!?'*_~)…"


def from_whatsapp(text: str) -> str:
    """Line by line, as it was written; quotes and blocks of code are set apart."""
    return f'<div class="as-written">{"".join(_render_blocks(text))}</div>\n'


def without_marks(text: str) -> str:
    """The words alone, for where there is room for a line of them."""
    # What is left of a fence has no end in this text.
    lines = _FENCE.sub(r" \1 ", text).replace("```", " ").split("\n")
    return "\n".join(_strip_marks(line.removeprefix(_QUOTE)) for line in lines)


def _strip_marks(line: str) -> str:
    return _INLINE.sub(
        lambda found: found["code"] or found["url"] or _strip_marks(found["marked"]), line
    )


def _render_blocks(text: str) -> Iterator[str]:
    end = 0
    for fence in _FENCE.finditer(text):
        if "\n" not in fence[1]:
            continue  # code within a line
        yield from _render_lines(text[end : fence.start()].removesuffix("\n"))
        code = escape(fence[1].strip("\n"))
        # Within reach of the keyboard, for what is wider than the page.
        yield f'<pre tabindex="0"><code>{code}</code></pre>'
        end = fence.end() + text.startswith("\n", fence.end())
    yield from _render_lines(text[end:])


def _render_lines(text: str) -> Iterator[str]:
    if not text:
        return
    for is_quote, group in groupby(text.split("\n"), lambda line: line.startswith(_QUOTE)):
        said = "\n".join(line.removeprefix(_QUOTE) if is_quote else line for line in group)
        tag = "blockquote" if is_quote else "div"
        yield f"<{tag}>{_render_inline(said)}</{tag}>"


def _render_inline(text: str) -> str:
    parts, end = [], 0
    for found in _INLINE.finditer(text):
        parts += [escape(text[end : found.start()]), _render_mark(found)]
        end = found.end()
    return "".join([*parts, escape(text[end:])])


def _render_mark(found: re.Match[str]) -> str:
    if found["url"]:
        return _link(found["url"])
    if found["mark"]:
        tag = _TAGS[found["mark"]]
        return f"<{tag}>{_render_inline(found['marked'])}</{tag}>"
    return f"<code>{escape(found['mono'] or found['code'])}</code>"


def _link(url: str) -> str:
    href = url.rstrip(_NOT_THE_URLS)
    if "(" in href and url[len(href) :].startswith(")"):
        href += ")"
    return f"<a{link_attributes(href)}>{escape(href)}</a>{escape(url[len(href) :])}"
