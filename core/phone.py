"""Phone numbers in E.164: a plus sign and 7 to 15 digits."""

import re
import unicodedata
from typing import Self

import phonenumbers

from core.errors import InvalidPhone

# What stands between digits: spaces, dashes, brackets, dots, slashes, and the marks that are
# invisible (soft hyphens, zero-width spaces, directions of writing) but that are copied along.
_DECORATION = re.compile(
    r"[\s\-()./\u00ad\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2060-\u2069\u2212\ufeff]+"
)
_INTERNATIONAL = re.compile(r"\+[0-9]+")
_SHOWN = 40  # characters of typed text that a sentence repeats


class Phone(str):
    """A possible number in E.164, such as +15551234567. Compares and stores as its text."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what a person typed. Raises `InvalidPhone` with the sentence to show.

        A number must be possible, not assigned: the numbers that documentation uses
        (+1 555 ...) are possible but not assigned.
        """
        bare = strip_decoration(text)
        if not bare.startswith("+"):
            raise InvalidPhone("Start with + and the country code, for example +15551234567.")
        try:
            number = phonenumbers.parse(bare, None)
        except phonenumbers.NumberParseException:
            raise InvalidPhone(f"“{_quote(text)}” is not a phone number.") from None
        # Not is_possible_number(): that takes a number without its area code too.
        length = phonenumbers.is_possible_number_with_reason(number)
        if length != phonenumbers.ValidationResult.IS_POSSIBLE:
            raise InvalidPhone(f"“{_quote(text)}” has too few or too many digits.")
        # The library reads letters as a telephone's keys and drops extensions: that is guessing.
        if not _INTERNATIONAL.fullmatch(bare):
            raise InvalidPhone(f"“{_quote(text)}” is not a phone number.")
        return cls(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))

    @classmethod
    def from_digits(cls, digits: str) -> Self:
        """WhatsApp's own spelling (digits only), taken as it is: the service knows its numbers."""
        if not digits.isascii() or not digits.isdigit() or len(digits) > 15:
            raise InvalidPhone(f"“{digits}” is not a phone number.")
        return cls("+" + digits)

    @property
    def digits(self) -> str:
        return self[1:]

    @property
    def pretty(self) -> str:
        """Grouped for people: +1 555-123-4567."""
        try:
            number = phonenumbers.parse(self, None)
        except phonenumbers.NumberParseException:
            return str(self)
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def strip_decoration(text: str) -> str:
    """What was typed without what stands between digits: 00 as +, digits as 0 to 9, in
    whatever script they were."""
    kept = _DECORATION.sub("", unicodedata.normalize("NFKC", text))
    plain = "".join(str(unicodedata.decimal(character, character)) for character in kept)
    return "+" + plain[2:] if plain.startswith("00") else plain


def _quote(text: str) -> str:
    return text.strip()[:_SHOWN]
