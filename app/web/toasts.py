"""Short notices on the owner's next page, or beside the fragment that htmx gets."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, cast

from flask import flash, get_flashed_messages

from app.web.toast_words import NAMELESS, WORDS

Figure = str | int | None


@dataclass(frozen=True)
class Undo:
    """A button that takes back what was done."""

    undo: str  # the address to post to
    target: str  # a selector: the answer takes its place
    values: Mapping[str, str | int]  # what is posted


@dataclass(frozen=True)
class Toast:
    """One as the page shows it."""

    category: str
    text: str
    undo: Undo | None = None


def toast(
    code: str, category: str = "success", /, *, undo: Undo | None = None, **figures: Figure
) -> None:
    """Say this once. Only the code and its `figures` travel: in the browser's cookie, if the answer
    is a redirect.

    Raises `KeyError` for a code without words.
    """
    if code not in WORDS:
        raise KeyError(code)
    button = asdict(undo) if undo else {}
    # Flask keeps any value in the session, though it says text.
    flash(cast(Any, {"code": code, "figures": figures, **button}), "undo" if undo else category)


def read_toasts() -> Iterator[Toast]:
    """Those that were not shown yet. A browser's cookie may hold some of another version of the
    panel: these are left out."""
    pairs = cast("Iterable[tuple[str, Any]]", get_flashed_messages(with_categories=True))
    for category, kept in pairs:
        if not isinstance(kept, Mapping) or kept.get("code") not in WORDS:
            continue
        undo = Undo(kept["undo"], kept["target"], kept["values"]) if "undo" in kept else None
        yield Toast(category, describe(kept["code"], kept["figures"]), undo)


def describe(code: str, figures: Mapping[str, Figure]) -> str:
    """Raises `KeyError` for a code without words and for a figure that is missing."""
    named: dict[str, Any] = {
        name: str(NAMELESS[name]) if figure is None and name in NAMELESS else figure
        for name, figure in figures.items()
    }
    return WORDS[code].format(**named)
