"""Short notices on the owner's next page, or beside the fragment that htmx gets."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from flask import flash, get_template_attribute

Figure = str | int | None


@dataclass(frozen=True)
class Undo:
    """A button that takes back what was done: it posts `values` to the address `undo`, and the
    answer takes the place of `target`, a selector."""

    undo: str
    target: str
    values: Mapping[str, str | int]


def toast(
    code: str, category: str = "success", /, *, undo: Undo | None = None, **figures: Figure
) -> None:
    """Say this once. The words for each code are in `_toast_words.html`, and only the `figures` in
    them travel: in the browser's cookie, if the answer is a redirect.

    Raises `KeyError` for a code without words.
    """
    if code not in get_template_attribute("_toast_words.html", "WORDS"):
        raise KeyError(code)
    button = asdict(undo) if undo else {}
    flash({"code": code, "figures": figures, **button}, "undo" if undo else category)
