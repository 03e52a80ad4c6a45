"""Who may write: exact numbers, prefixes such as +1555*, * for everyone, and single people whose
number WhatsApp hides, by the id under which it does.

That id (a “LID”) looks like 12345@lid. Its digits are no phone number: it is only ever compared as
a whole.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from core.errors import InvalidPattern, InvalidPhone
from core.phone import Phone, strip_decoration

_PREFIX = re.compile(r"\+[1-9][0-9]{0,14}\*")
_HIDDEN = re.compile(r"[0-9]{1,90}@lid")
HIDDEN = "@lid"  # how WhatsApp's hidden ids end
EVERYONE = "*"
LABEL_MAX = 200  # characters


class Pattern(str):
    """`+15551234567`, `12345@lid`, `+1555*` or `*`."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what a person typed. Raises `InvalidPattern` with the sentence to show."""
        if _HIDDEN.fullmatch(hidden := text.strip().lower()):
            return cls(hidden)
        bare = strip_decoration(text)
        if bare == EVERYONE or _PREFIX.fullmatch(bare):
            return cls(bare)
        if "*" in bare:
            raise InvalidPattern("A prefix is +, digits and one * at the end, for example +1555*.")
        try:
            return cls(Phone.parse(text))
        except InvalidPhone as error:
            raise InvalidPattern(str(error)) from None

    @property
    def is_prefix(self) -> bool:
        return self != EVERYONE and self.endswith("*")

    @property
    def is_hidden(self) -> bool:
        """Whether it is one person, by their hidden id."""
        return self.endswith(HIDDEN)

    @property
    def sender(self) -> tuple[Phone | None, str | None]:
        """The number and the hidden id of the one person that it names, as far as it does."""
        if self.is_hidden:
            return None, str(self)
        return (None if self.endswith(EVERYONE) else Phone(self)), None

    def matches(self, phone: Phone | None, lid: str | None = None) -> bool:
        """Whether a sender matches, by their number or by their hidden id, as far as either is
        known. A hidden id matches itself and `*` only: it must never match a prefix."""
        if self == EVERYONE:
            return True
        if self.is_hidden:
            return lid == str(self)
        if phone is None:
            return False
        return phone.startswith(self[:-1]) if self.is_prefix else str(phone) == str(self)

    @property
    def rank(self) -> tuple[int, int]:
        """Sorts the more exact pattern first: number, hidden id, longer prefix, shorter prefix,
        `*`."""
        if self == EVERYONE:
            return (2, 0)
        return (1, -len(self)) if self.is_prefix else (0, self.is_hidden)


def one_sender(text: str) -> Pattern:
    """A pattern that names one person. Raises `InvalidPattern` or `InvalidPhone`."""
    is_hidden = text.strip().lower().endswith(HIDDEN)
    return Pattern.parse(text) if is_hidden else Pattern(Phone.parse(text))


@dataclass(frozen=True)
class Entry:
    """One line of the allowlist."""

    id: int
    pattern: Pattern
    label: str | None
    agent: str | None  # answers those who match, unless they chose another
    created_at: datetime
    updated_at: datetime


def list_candidates(phone: Phone | None, lid: str | None) -> Sequence[Pattern]:
    """Every pattern that matches this sender, whether it is on a list or not."""
    prefixes = [Pattern(f"{phone[:end]}*") for end in range(2, len(phone) + 1)] if phone else []
    exact = [Pattern(each) for each in (phone, lid) if each]
    return [*exact, *prefixes, Pattern(EVERYONE)]


def find(phone: Phone | None, lid: str | None, entries: Iterable[Entry]) -> Entry | None:
    """The entry that decides about this sender: the most exact one that matches."""
    matching = [entry for entry in entries if entry.pattern.matches(phone, lid)]
    return min(matching, key=lambda entry: entry.pattern.rank, default=None)
