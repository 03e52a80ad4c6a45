"""Sentences that people read, marked for translation.

A sentence is marked where it is written, with the names that gettext's tools look for, and is
looked up only when it is shown: in the catalogue of its reader. Without a catalogue it
stands as it was written.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from gettext import NullTranslations

_NONE = NullTranslations()
_catalogue: ContextVar[NullTranslations] = ContextVar("catalogue", default=_NONE)


@contextmanager
def reading_in(catalogue: NullTranslations) -> Iterator[None]:
    """Show sentences as this catalogue has them, in this thread or task only."""
    token = _catalogue.set(catalogue)
    try:
        yield
    finally:
        _catalogue.reset(token)


@dataclass(frozen=True)
class Sentence:
    """`str(sentence)` is what it says in the reader's language."""

    text: str
    context: str | None = None  # tells two sentences apart that are one in English

    def __str__(self) -> str:
        catalogue = _catalogue.get()
        if self.context is None:
            return catalogue.gettext(self.text)
        return catalogue.pgettext(self.context, self.text)

    def format(self, **figures: object) -> str:
        return str(self).format(**figures)


@dataclass(frozen=True)
class Counted:
    """A sentence that minds a number: `format(count=2)`."""

    one: str
    many: str
    none: Sentence | None = None  # for zero, where that is a sentence of its own

    def format(self, *, count: int, **figures: object) -> str:
        if count == 0 and self.none:
            return self.none.format(**figures)
        text = _catalogue.get().ngettext(self.one, self.many, count)
        return text.format(count=count, **figures)


def _(text: str) -> Sentence:
    return Sentence(text)


def pgettext(context: str, text: str) -> Sentence:
    return Sentence(text, context)


def ngettext(one: str, many: str, *, none: Sentence | None = None) -> Counted:
    return Counted(one, many, none)
