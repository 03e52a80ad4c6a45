"""Tables for a chat: aligned columns where a phone shows them, else one line per value."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from unicodedata import east_asian_width

import emoji
import regex  # type: ignore[import-untyped]
from markdown_it.token import Token

from core.text.inline import TextLine, Writer

MAX_WIDTH = 40
"""Columns of monospace text that a phone held upright shows without wrapping, roughly."""

_GAP = "  "


@dataclass
class Table:
    """A Markdown table; the first row is the header. Cells are the tokens of their text."""

    rows: list[list[list[Token]]] = field(default_factory=list)
    aligns: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, stream: Iterator[Token]) -> "Table":
        """Takes tokens up to the end of the table."""
        table = cls()
        for token in stream:
            match token.type:
                case "tr_open":
                    table.rows.append([])
                case "th_open":
                    table.aligns.append(str(token.attrs.get("style", "")).rpartition(":")[2])
                case "inline":
                    table.rows[-1].append(token.children or [])
                case "table_close":
                    break
        return table

    def render_monospace(self) -> list[str] | None:
        """Lines with aligned columns, or None when a cell is too wide, or has a link to tap."""
        cells = [[_write_lines(cell) for cell in row] for row in self.rows]
        if any(len(lines) > 1 or lines[0].urls for row in cells for lines in row):
            return None
        texts = [[lines[0].render_plain().strip() for lines in row] for row in cells]
        widths = [max(map(measure_width, column)) for column in zip(*texts, strict=True)]
        if sum(widths) + len(_GAP) * (len(widths) - 1) > MAX_WIDTH:
            return None
        rule = ["-" * width for width in widths]
        rows = [texts[0], rule, *texts[1:]] if any(texts[0]) else texts[1:]
        return [self._align(row, widths) for row in rows]

    def _align(self, row: list[str], widths: list[int]) -> str:
        cells = zip(row, widths, self.aligns, strict=True)
        return _GAP.join(_pad(*cell) for cell in cells).rstrip()

    def render_records(self) -> list[str]:
        """For each row a block of lines `*Header:* value`; empty cells are left out."""
        header, *rows = self.rows
        if not rows:
            return ["\n".join(_render_label(cell, []) for cell in header if cell)]
        blocks = ([_render_label(*pair) for pair in zip(header, row, strict=True)] for row in rows)
        return ["\n".join(filter(None, block)) for block in blocks if any(block)]


def measure_width(text: str) -> int:
    """How many columns a text takes in a monospace font."""
    if text.isascii():
        return len(text)
    return sum(_measure_grapheme(grapheme) for grapheme in regex.findall(r"\X", text))


def _measure_grapheme(grapheme: str) -> int:
    wide = east_asian_width(grapheme[0]) in "WF" or emoji.is_emoji(grapheme)
    return 2 if wide else 1


def _pad(text: str, columns: int, align: str) -> str:
    space = columns - measure_width(text)
    left = {"right": space, "center": space // 2}.get(align, 0)
    return " " * left + text + " " * (space - left)


def _write_lines(cell: list[Token]) -> list[TextLine]:
    writer = Writer()
    writer.write(cell)
    return writer.lines()


def _render_label(header: list[Token], value: list[Token]) -> str:
    writer = Writer()
    if header:
        writer.open("*")
        writer.write(header)
        writer.text("" if writer.ends_with((":", "?")) else ":")
        writer.close()
        writer.text(" " if value else "")
    writer.write(value)
    return "\n".join(line.format() for line in writer.lines()) if value or header else ""
