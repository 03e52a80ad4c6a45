"""The Markdown that agents write, read into tokens.

CommonMark with tables and strikethrough and no HTML, plus four rules of our own. Each keeps
something visible that a reader of a web page would never miss, but a reader of a chat would:
bare URLs are never mistaken for emphasis, table cells beyond the header's stay in their row,
and a line such as `[Note]: careful` is text unless what follows the colon is an address.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
from markdown_it.rules_block import StateBlock, reference, table
from markdown_it.rules_block.table import escapedSplit, getLine
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType

MAX_NESTING = 20
"""Quotes and lists nested deeper than this are not read by the parser."""

_SCHEME = re.compile(r"(?<![a-z0-9])https?$", re.IGNORECASE)
# Two thousand characters is what browsers agree on, and it bounds the work. `**` and `~~` are
# Markdown even when they touch a URL; CJK punctuation ends one as a space would.
_AFTER_SCHEME = re.compile(
    r"://\w(?:(?!\*\*|~~)[^\s<>\[\]\\`\"|，。；：！？、（）「」《》]){0,2000}"
)
_ADDRESS = re.compile(r"\[[^\[\]]+\]:\s*<?(?:[a-z][a-z0-9+.-]*:|www\.|[/#.])", re.IGNORECASE)


class TooDeep(ValueError):
    """The text nests quotes or lists deeper than `MAX_NESTING`, so part of it was not read."""


def parse(text: str) -> tuple[list[Token], EnvType]:
    """The tokens of a Markdown text and the environment with its link definitions.

    Raises TooDeep rather than return tokens that miss some of the text.
    """
    env: EnvType = {}
    tokens = _MARKDOWN.parse(text, env)
    if any(token.level >= MAX_NESTING - 1 for token in tokens):
        raise TooDeep(f"nested more than {MAX_NESTING} levels deep")
    return tokens, env


def same_address(text: str, href: str) -> bool:
    """True when a link's text already shows where it leads."""
    return text in (href, strip_scheme(href)) or _MARKDOWN.normalizeLink(text) == href


def strip_scheme(href: str) -> str:
    """An address as people write it: without `mailto:` and `tel:`."""
    return href.removeprefix("mailto:").removeprefix("tel:")


def _parse_bare_url(state: StateInline, silent: bool) -> bool:
    """Inline rule, tried at each colon: takes `://...` and the scheme already read before it."""
    pos = state.pos
    if not state.src.startswith("://", pos):
        return False
    scheme = _SCHEME.search(state.src, max(0, pos - 6), pos)
    rest = _AFTER_SCHEME.match(state.src, pos, state.posMax)
    if not scheme or not rest:
        return False
    tail = _without_trailing_punctuation(rest.group())
    if not silent:
        state.pending = state.pending[: -len(scheme.group())]
        _push_link(state, unescapeAll(scheme.group() + tail))
    state.pos += len(tail)
    return True


def _push_link(state: StateInline, url: str) -> None:
    """Inside the text of another link a URL is only text."""
    if state.linkLevel:
        state.push("text", "", 0).content = url
        return
    state.push("link_open", "a", 1).attrs = {"href": url}
    state.push("text", "", 0).content = url
    state.push("link_close", "a", -1)


def _without_trailing_punctuation(url: str) -> str:
    while url:
        unbalanced = url[-1] in ")}" and url.count(")") > url.count("(")
        if url[-1] not in ".,;:!?'*_~…" and not unbalanced:
            break
        url = url[:-1]
    return url


def _parse_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Block rule: a table whose rows may have more cells than its header.

    Markdown ignores the excess, which an unescaped pipe in a cell is enough to make; here it
    goes into the last cell.
    """
    first = len(state.tokens)
    if not table(state, start, end, silent):
        return False
    columns = sum(token.type == "th_open" for token in state.tokens[first:])
    for position in range(first, len(state.tokens)):
        token = state.tokens[position]
        if token.type == "tr_close" and columns:
            last = state.tokens[position - 2]
            last.content = " | ".join([last.content, *_list_excess(state, last, columns)]).strip()
    return True


def _list_excess(state: StateBlock, last_cell: Token, columns: int) -> list[str]:
    if not last_cell.map:
        return []
    cells = escapedSplit(getLine(state, last_cell.map[0]).strip().removeprefix("|"))
    if cells and not cells[-1].strip():
        cells.pop()
    return [cell.strip() for cell in cells[columns:]]


def _parse_reference(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Block rule: a link definition, if what it defines looks like an address."""
    line = getLine(state, start)
    return bool(_ADDRESS.match(line)) and reference(state, start, end, silent)


def _make_parser() -> MarkdownIt:
    options = {"html": False, "maxNesting": MAX_NESTING, "strikethrough_single_tilde": True}
    markdown = MarkdownIt("commonmark", options).enable("strikethrough")
    markdown.block.ruler.at("table", _parse_table, {"alt": ["paragraph", "reference"]})
    markdown.block.ruler.at("reference", _parse_reference)
    markdown.inline.ruler.after("text", "bare_url", _parse_bare_url)
    markdown.enable(["table", "bare_url"])
    # The library sorts its rules at first use, which two threads must not do at once.
    markdown.parse("*")
    return markdown


_MARKDOWN = _make_parser()
