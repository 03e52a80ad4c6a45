"""Markdown to the text WhatsApp shows: what every reply passes on its way to the outbox.

Pure functions; any process may call them. Agents write Markdown because models do; WhatsApp
knows bold, italic, strikethrough, code, bullets, numbers and quotes, each in its own way. What it
does not know (headings, links, tables, rules) becomes the nearest thing it does.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from markdown_it.token import Token
from markdown_it.utils import EnvType

from core.text.grid import Table
from core.text.inline import Writer, code_marks
from core.text.markdown import TooDeep, parse

FENCE = "```"
RULE = "———"

_TASKS = {"[ ] ": "☐ ", "[x] ": "☑ ", "[X] ": "☑ "}


def to_whatsapp(markdown: str) -> str:
    """The text to send for a Markdown text; empty when there is nothing to see.

    Every visible word is kept. Text nested too deeply to be read is returned as it came.
    """
    try:
        tokens, env = parse(markdown)
    except TooDeep:
        return markdown.strip()
    blocks = [block.text for block in _blocks(iter(tokens), "", quoted=False)]
    return "\n\n".join(blocks + _list_unused_definitions(markdown, tokens, env))


@dataclass
class _Block:
    """Text of a paragraph, list, table and so on."""

    text: str
    kind: str
    loose: bool = True  # as Markdown says it of lists


@dataclass
class _Item:
    marker: str
    blocks: list[_Block] = field(default_factory=list)

    def text(self, loose: bool) -> str:
        body = ""
        for block in self.blocks:
            gap = "\n\n" if loose and block.kind != "list" else "\n"
            body += (gap if body else "") + block.text
        return _render_item(self.marker, body)


def _blocks(stream: Iterator[Token], closing: str, quoted: bool) -> list[_Block]:
    """Reads blocks up to the closing token. In a quote there are no fences, only lines."""
    found = []
    for token in stream:
        if token.type == closing:
            break
        block = _block(token, stream, quoted)
        if block.text:
            found.append(block)
    return found


def _block(token: Token, stream: Iterator[Token], quoted: bool) -> _Block:
    match token.type:
        case "paragraph_open":
            return _Block(_inline(stream), "text", loose=not token.hidden)
        case "heading_open":
            return _Block(_inline(stream, mark="*"), "heading")
        case "bullet_list_open" | "ordered_list_open":
            return _Block(_list(token, stream, quoted), "list")
        case "blockquote_open":
            return _Block(_quote(_blocks(stream, "blockquote_close", quoted=True)), "quote")
        case "fence" | "code_block":
            return _Block(_code(token.content, quoted), "code")
        case "table_open":
            return _Block(_table(Table.read(stream), quoted), "table")
        case "hr":
            return _Block(RULE, "rule")
    return _Block("", token.type)


def _inline(stream: Iterator[Token], mark: str = "") -> str:
    """Takes the inline token and the closing one after it."""
    writer = Writer()
    if mark:
        writer.open(mark)
    writer.write(next(stream).children or [])
    if mark:
        writer.close()
    next(stream)
    return "\n".join(line.format().rstrip() for line in writer.lines()).strip()


def _list(opening: Token, stream: Iterator[Token], quoted: bool) -> str:
    ordered = opening.type == "ordered_list_open"
    number = int(opening.attrs.get("start", 1))
    items: list[_Item] = []
    for token in stream:
        if token.type != "list_item_open":
            break
        marker = f"{number + len(items)}{token.markup} " if ordered else "- "
        items.append(_Item(marker, _blocks(stream, "list_item_close", quoted)))
    loose = any(block.loose and block.kind == "text" for item in items for block in item.blocks)
    return ("\n\n" if loose else "\n").join(item.text(loose) for item in items)


def _render_item(marker: str, body: str) -> str:
    """An item behind its bullet, number or checkbox; the lines below it two spaces in."""
    box = _TASKS.get(body[:4], "")
    if box:
        body = body[4:]
        marker = box if marker == "- " else marker + box
    if body.startswith(FENCE):
        return f"{marker.rstrip()}\n{_indent(body)}"
    return marker + _indent(body).lstrip() if body else marker.rstrip()


def _indent(text: str) -> str:
    """Code stays at the margin, so that what is copied from it is what was written."""
    lines, in_code = [], False
    for line in text.split("\n"):
        in_code ^= line == FENCE
        lines.append(line if in_code or line in ("", FENCE) else f"  {line}")
    return "\n".join(lines)


def _quote(blocks: list[_Block]) -> str:
    lines = "\n\n".join(block.text for block in blocks).split("\n")
    return "\n".join(f"> {line}" if line else "" for line in lines)


def _code(content: str, quoted: bool) -> str:
    """A code block without its language, which WhatsApp would show as text.

    WhatsApp ends a block at the first three backticks, so those inside it are drawn apart.
    """
    content = content.replace(FENCE, "` ` `").rstrip()
    if not content.strip():
        return ""
    if quoted:
        return "\n".join(_code_line(line) for line in content.split("\n"))
    return f"{FENCE}\n{content}\n{FENCE}"


def _code_line(line: str) -> str:
    code = line.strip()
    return code.join(code_marks(code)) if code else ""


def _table(table: Table, quoted: bool) -> str:
    lines = table.render_monospace()
    if lines is None or quoted:
        return "\n\n".join(table.render_records())
    return _code("\n".join(lines), quoted)


def _list_unused_definitions(markdown: str, tokens: list[Token], env: EnvType) -> list[str]:
    """Link definitions that no link uses: invisible in Markdown, yet the agent wrote them."""
    children = [child for token in tokens for child in token.children or []]
    used = {child.attrs.get("href") or child.attrs.get("src") for child in children}
    lines = markdown.replace("\r\n", "\n").split("\n")
    definitions = [*env.get("references", {}).values(), *env.get("duplicate_refs", [])]
    unused = [entry["map"] for entry in definitions if entry["href"] not in used]
    return ["\n".join(lines[start:end]).strip() for start, end in sorted(unused)]
