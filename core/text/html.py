"""The Markdown that agents write as HTML for the panel. Whatever they write, nothing of it runs,
loads or styles: HTML in it is text, a link leads to the web or opens a mail, a picture is a link.
"""

from collections.abc import Sequence
from html import escape
from typing import Any

from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from core.text.markdown import TooDeep, parse

_SCHEMES = ("http://", "https://", "mailto:")
_OUTSIDE = {"target": "_blank", "rel": "noopener noreferrer nofollow"}
# A page has its own first and second headings; an answer is a part of it.
_HEADINGS = {"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h6", "h5": "h6", "h6": "h6"}
_ALIGNED = {"text-align:center": "text-center", "text-align:right": "text-end"}
_OPTIONS = OptionsDict(
    {
        "maxNesting": 20,
        "html": False,
        "linkify": False,
        "typographer": False,
        "quotes": "",
        "xhtmlOut": False,
        "breaks": False,
        "langPrefix": "",
        "highlight": None,
    }
)


def from_markdown(text: str) -> str:
    """What an agent wrote. Text that nests too deep to be read is shown as it was written."""
    try:
        tokens, env = parse(text)
    except TooDeep:
        return f'<p class="as-written">{escape(text)}</p>\n'
    return _RENDERER.render(tokens, _OPTIONS, env)


class _Renderer(RendererHTML):
    """The library's, which escapes all text and every attribute, with our links and blocks."""

    def link_open(self, tokens: Sequence[Token], idx: int, *rest: Any) -> str:
        href = str(tokens[idx].attrs.get("href", ""))
        return f"<a{link_attributes(href)}>" if _is_safe(href) else "<span>"

    def link_close(self, tokens: Sequence[Token], idx: int, *rest: Any) -> str:
        return "</a>" if _is_safe(_find_address(tokens, idx)) else "</span>"

    def image(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        token = tokens[idx]
        href = str(token.attrs.get("src", ""))
        name = escape(self.renderInlineAsText(token.children or [], options, env) or href)
        within = sum(t.nesting for t in tokens[:idx] if t.type in ("link_open", "link_close"))
        if within or not _is_safe(href):
            return f"<span>{name}</span>"
        return f"<a{link_attributes(href)}>{name}</a>"

    def heading_open(self, tokens: Sequence[Token], idx: int, *rest: Any) -> str:
        return f"<{_HEADINGS[tokens[idx].tag]}>"

    def heading_close(self, tokens: Sequence[Token], idx: int, *rest: Any) -> str:
        return f"</{_HEADINGS[tokens[idx].tag]}>\n"

    def fence(self, tokens: Sequence[Token], idx: int, *rest: Any) -> str:
        # Within reach of the keyboard, for what is wider than the page.
        return f'<pre tabindex="0"><code>{escape(tokens[idx].content)}</code></pre>\n'

    def code_block(self, tokens: Sequence[Token], idx: int, *rest: Any) -> str:
        return self.fence(tokens, idx)

    def table_open(self, *rest: Any) -> str:
        return '<div class="table-responsive" tabindex="0"><table class="table table-sm">\n'

    def table_close(self, *rest: Any) -> str:
        return "</table></div>\n"

    def th_open(self, tokens: Sequence[Token], idx: int, *rest: Any) -> str:
        return _render_cell(tokens[idx])

    td_open = th_open


def _render_cell(token: Token) -> str:
    """The policy allows no styles in the page: a column's side is a class."""
    side = _ALIGNED.get(str(token.attrs.get("style", "")))
    return f'<{token.tag} class="{side}">' if side else f"<{token.tag}>"


def link_attributes(href: str) -> str:
    values = {"href": href, **_OUTSIDE}
    return "".join(f' {name}="{escape(value)}"' for name, value in values.items())


def _is_safe(href: str) -> bool:
    return href.lower().startswith(_SCHEMES)


def _find_address(tokens: Sequence[Token], close: int) -> str:
    """Where the link leads that ends here. Links are never inside of links."""
    before = (token for token in reversed(tokens[:close]) if token.type == "link_open")
    return str(next(before).attrs.get("href", ""))


_RENDERER = _Renderer()
