"""What a support bundle shows of numbers, names and secrets: nothing that identifies a person."""

import re
from collections.abc import Callable, Iterable

# A phone number or a hidden id, bare or as people write it. Times and versions have fewer digits
# in a row and no plus sign before them.
_NUMBER = re.compile(r"\+\d[\d ().-]{5,}\d|\d{7,}")
_SHORTEST = 3  # characters of a name or a secret that is looked for; less is part of any text

Change = Callable[[str], str]


def mask_numbers(text: str) -> str:
    """+15551234567 becomes …67."""
    return _NUMBER.sub(lambda found: f"…{found[0][-2:]}", text)


def make_name_mask(names: Iterable[str]) -> Change:
    """What takes these out of a text, where they stand as words."""
    return _replace_words(names, "[name]", r"(?<!\w)(?:{})(?!\w)")


def make_secret_mask(secrets: Iterable[str]) -> Change:
    """What takes these out of a text, wherever they stand."""
    return _replace_words(secrets, "[hidden]", "{}")


def _replace_words(words: Iterable[str], instead: str, pattern: str) -> Change:
    """The longest first, so that a part of a word does not leave the rest of it."""
    known = sorted({word for word in words if len(word) >= _SHORTEST}, key=len, reverse=True)
    if not known:
        return str
    found = re.compile(pattern.format("|".join(map(re.escape, known))))
    return lambda text: found.sub(instead, text)
