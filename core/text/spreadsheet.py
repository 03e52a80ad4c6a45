"""CSV for spreadsheets: these take a cell that begins with one of =+-@ for a formula, and anyone
may have written what stands in it. An apostrophe in front makes it a text."""

import csv
import io
import re
from collections.abc import Iterable

# What a spreadsheet skips before a formula, and apostrophes: so that one differs from ours.
_FORMULA = re.compile(r"[' \n]*[=+\-@\t\r]")


def format_row(values: Iterable[object]) -> str:
    """A line of CSV with its line end; texts are guarded."""
    out = io.StringIO()
    cells = (guard_cell(value) if isinstance(value, str) else value for value in values)
    csv.writer(out).writerow(cells)
    return out.getvalue()


def guard_cell(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguard_cell(cell: str) -> str:
    """What `guard_cell` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
