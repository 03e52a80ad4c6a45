"""The allowlist as a table for spreadsheets: writing one, reading one, and what it would change.

A spreadsheet takes a cell that begins with one of =+-@ for a formula, numbers such as +15551234567
among them. Such a cell is written with an apostrophe before it, and read without.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from core.admission.allowlist import LABEL_MAX, Entry, Pattern
from core.errors import DjinnError, InvalidTable
from core.text.spreadsheet import guard_cell, unguard_cell

COLUMNS = ("phone", "label", "agent")
BYTES = 1024 * 1024
LINES = 10_000
DIGEST = 8  # characters

_NAMES = {
    **dict.fromkeys(("phone", "phone number", "phonenumber", "number", "pattern"), "phone"),
    **dict.fromkeys(("label", "name"), "label"),
    **dict.fromkeys(("agent", "default agent", "defaultagentid"), "agent"),
}
_SEPARATORS = ",;\t"
_DECLARED = re.compile(r"sep=(.)\n", re.IGNORECASE)  # the first line of some of Excel's files
_SAMPLE = 20  # lines that the separator is guessed from
_NUMBER = re.compile(r"'*[+*\d][\d\s+*()./-]*(@lid)?", re.IGNORECASE)


class _Refused(DjinnError):
    """Why a line is not taken."""


class Fate(StrEnum):
    """What an import would do with a line."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    REFUSED = "refused"


@dataclass(frozen=True)
class Row:
    """A line as it stands there. A column that the line does not have is None."""

    number: int
    phone: str
    label: str | None
    agent: str | None
    is_too_long: bool = False


@dataclass(frozen=True)
class Sheet:
    """What a text holds."""

    rows: Sequence[Row]
    unused: Sequence[str] = ()  # the header's columns that mean nothing to us


@dataclass(frozen=True)
class CsvLine:
    """A row and what would become of it: an entry with this label and agent, or a refusal."""

    row: Row
    fate: Fate
    pattern: Pattern | None = None
    label: str | None = None
    agent: str | None = None
    before: Entry | None = None  # the entry that is there
    why: str = ""  # the refusal

    @property
    def digest(self) -> str:
        """The same for lines with which the same would happen: eight characters."""
        old = self.before and (self.before.id, self.before.label, self.before.agent)
        facts = (self.row.number, self.fate, self.pattern, self.label, self.agent, old, self.why)
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:DIGEST]


@dataclass(frozen=True)
class Plan:
    lines: Sequence[CsvLine]
    unused: Sequence[str] = ()

    def of(self, fate: Fate) -> Sequence[CsvLine]:
        return [line for line in self.lines if line.fate is fate]

    @property
    def counts(self) -> Mapping[Fate, int]:
        return {fate: len(self.of(fate)) for fate in Fate}

    @property
    def has_effect(self) -> bool:
        return any(line.fate in (Fate.NEW, Fate.CHANGED) for line in self.lines)

    @property
    def fingerprint(self) -> str:
        return "".join(line.digest for line in self.lines)

    def list_differing(self, fingerprint: str) -> frozenset[int]:
        """The numbers of the lines with which something else would happen than in the plan of this
        fingerprint."""
        seen = [fingerprint[at : at + DIGEST] for at in range(0, len(fingerprint), DIGEST)]
        missing = [""] * (len(self.lines) - len(seen))
        pairs = zip(self.lines, [*seen, *missing], strict=False)
        return frozenset(line.row.number for line, digest in pairs if line.digest != digest)


def write(entries: Iterable[Entry]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for entry in entries:
        cells = entry.pattern, entry.label or "", entry.agent or ""
        writer.writerow([guard_cell(cell) for cell in cells])
    return out.getvalue()


def decode(content: bytes) -> str:
    """A file's text. Raises `InvalidTable`."""
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise InvalidTable(
            "This is not a text file in UTF-8. In a spreadsheet, save it as “CSV UTF-8”."
        ) from None


def read(text: str) -> Sheet:
    """The rows of a table, with or without a header. Raises `InvalidTable`."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    if len(text) > BYTES or len(text.encode(errors="replace")) > BYTES:
        raise InvalidTable(f"That is too much: at most {BYTES // 1024**2} MB at once.")
    try:
        rows = list(_read_rows(text))
    except csv.Error:
        raise InvalidTable("A cell is longer than any could be: a quote is missing.") from None
    if not rows:
        raise InvalidTable("There is nothing in it: no line has any text.")
    columns, unused = _read_header(rows[0][1])
    if columns:
        rows = rows[1:]
    if len(rows) > LINES:
        raise InvalidTable(f"That is too much: at most {LINES:,} lines at once.")
    return Sheet([_read_row(number, cells, columns or COLUMNS) for number, cells in rows], unused)


def plan(sheet: Sheet, entries: Iterable[Entry], agents: Mapping[str, str]) -> Plan:
    """What importing these rows would do. `agents` are ids by id and name, in lower case."""
    known = {entry.pattern: entry for entry in entries}
    first: dict[Pattern, int] = {}
    lines = []
    for row in sheet.rows:
        line = _plan_line(row, known, agents)
        if line.pattern is not None and line.pattern in first:
            why = f"{line.pattern} is on line {first[line.pattern]} already."
            line = CsvLine(row, Fate.REFUSED, why=why)
        elif line.pattern is not None:
            first[line.pattern] = row.number
        lines.append(line)
    return Plan(lines, sheet.unused)


def _plan_line(row: Row, known: Mapping[Pattern, Entry], agents: Mapping[str, str]) -> CsvLine:
    try:
        pattern = _read_pattern(row)
        before = known.get(pattern)
        label = _read_label(row, before)
        agent = _read_agent(row, before, agents)
    except DjinnError as error:
        return CsvLine(row, Fate.REFUSED, why=str(error))
    line = CsvLine(row, Fate.NEW, pattern, label, agent, before)
    if before is None:
        return line
    is_same = (before.label, before.agent) == (label, agent)
    return replace(line, fate=Fate.SAME if is_same else Fate.CHANGED)


def _read_pattern(row: Row) -> Pattern:
    if row.is_too_long:
        raise _Refused("There are more cells than columns. Quote cells that hold commas.")
    if not row.phone:
        raise _Refused("There is no number.")
    return Pattern.parse(row.phone)


def _read_label(row: Row, before: Entry | None) -> str | None:
    """A column that is not there changes nothing; an empty cell takes the label away."""
    if row.label is None:
        return before.label if before else None
    if len(row.label) > LABEL_MAX:
        raise _Refused(f"The label is too long: at most {LABEL_MAX} characters.")
    return row.label or None


def _read_agent(row: Row, before: Entry | None, agents: Mapping[str, str]) -> str | None:
    """An agent that is gone may stay where it is."""
    if row.agent is None:
        return before.agent if before else None
    if before and row.agent and row.agent == before.agent:
        return before.agent
    if row.agent and row.agent.casefold() not in agents:
        raise _Refused(f"There is no agent called “{row.agent[:40]}”.")
    return agents[row.agent.casefold()] if row.agent else None


def _read_rows(text: str) -> Iterator[tuple[int, Sequence[str]]]:
    """Lines with something in them, with the number of the line on which each begins."""
    declared = _DECLARED.match(text)
    skipped, body = (1, text[declared.end() :]) if declared else (0, text)
    separator = declared[1] if declared else _guess_separator(body)
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=separator)
    begin = 1 + skipped
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield begin, [cell.strip() for cell in cells]
        begin = reader.line_num + 1 + skipped


def _guess_separator(text: str) -> str:
    """The one with which the first lines make most sense: numbers and names of columns stand in
    cells of their own, and there are columns at all."""
    sample = text.split("\n", _SAMPLE)[:_SAMPLE]

    def sense(separator: str) -> tuple[int, int]:
        rows = list(csv.reader(sample, delimiter=separator))
        cells = [cell.strip() for row in rows for cell in row]
        clear = sum(bool(_NUMBER.fullmatch(cell)) or cell.casefold() in _NAMES for cell in cells)
        return clear, max((len(row) for row in rows), default=0)

    return max(_SEPARATORS, key=sense)


def _read_header(cells: Sequence[str]) -> tuple[Sequence[str | None], Sequence[str]]:
    """What each column is, and the names of those that mean nothing to us. Nothing when this is no
    header. Raises `InvalidTable` for one without numbers."""
    names = [_NAMES.get(cell.casefold()) for cell in cells]
    if not any(names) or any(_NUMBER.fullmatch(cell) for cell in cells):
        return (), ()
    if "phone" not in names:
        raise InvalidTable("The header has no column “phone”.")
    columns = [None if name in names[:at] else name for at, name in enumerate(names)]
    return columns, [cell for cell, name in zip(cells, columns, strict=True) if cell and not name]


def _read_row(number: int, cells: Sequence[str], columns: Sequence[str | None]) -> Row:
    found = {
        name: unguard_cell(cell).strip() for name, cell in zip(columns, cells, strict=False) if name
    }
    surplus = any(cells[len(columns) :])
    return Row(number, found.get("phone", ""), found.get("label"), found.get("agent"), surplus)
