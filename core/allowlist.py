"""Who may write: exact numbers, prefixes such as +1555*, and * for everyone."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from core.errors import InvalidPattern, InvalidPhone
from core.phone import Phone, undecorated

_PREFIX = re.compile(r"\+[1-9][0-9]{0,14}\*")
EVERYONE = "*"
LABEL_MAX = 200  # characters


class Pattern(str):
    """`+15551234567`, `+1555*` or `*`."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what a person typed. Raises `InvalidPattern` with the sentence to show."""
        bare = undecorated(text)
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

    def matches(self, phone: Phone | None) -> bool:
        """Whether a sender matches. An unknown number (None) matches `*` only: the digits of a
        hidden WhatsApp id are not a phone number and must never match a prefix."""
        if self == EVERYONE:
            return True
        if phone is None:
            return False
        return phone.startswith(self[:-1]) if self.is_prefix else str(phone) == str(self)

    @property
    def rank(self) -> tuple[int, int]:
        """Sorts the more exact pattern first: number, longer prefix, shorter prefix, `*`."""
        if self == EVERYONE:
            return (2, 0)
        return (1, -len(self)) if self.is_prefix else (0, 0)


@dataclass(frozen=True)
class Entry:
    """One line of the allowlist. `agent` answers those who match, unless they chose another."""

    id: int
    pattern: Pattern
    label: str | None
    agent: str | None
    created_at: datetime
    updated_at: datetime


def candidates(phone: Phone | None) -> Sequence[Pattern]:
    """Every pattern that matches this sender, whether it is on a list or not."""
    prefixes = [Pattern(f"{phone[:end]}*") for end in range(2, len(phone) + 1)] if phone else []
    return [*([Pattern(phone)] if phone else []), *prefixes, Pattern(EVERYONE)]


def find(phone: Phone | None, entries: Iterable[Entry]) -> Entry | None:
    """The entry that decides about this sender: the most exact one that matches."""
    matching = [entry for entry in entries if entry.pattern.matches(phone)]
    return min(matching, key=lambda entry: entry.pattern.rank, default=None)
