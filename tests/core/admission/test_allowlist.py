"""Who may write: patterns and which of them decides."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.admission.allowlist import Entry, Pattern, find, list_candidates, one_sender
from core.errors import InvalidPattern, InvalidPhone
from core.phone import Phone

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ADA = Phone("+15551234567")
HIDDEN = "15551234567@lid"  # digits as a number could have them
DIGITS = st.text("0123456789", min_size=8, max_size=15)


def entry(pattern: str) -> Entry:
    return Entry(1, Pattern.parse(pattern), None, None, NOW, NOW)


@pytest.mark.parametrize(
    ("typed", "pattern"),
    [
        ("+15551234567", "+15551234567"),
        ("+1 (555) 123-4567", "+15551234567"),
        ("+1555*", "+1555*"),
        ("+1\u2011555 *", "+1555*"),
        ("001555*", "+1555*"),
        ("+١٥٥٥*", "+1555*"),
        (" * ", "*"),
        (" 123456789012345@LID ", "123456789012345@lid"),
    ],
)
def test_how_a_pattern_may_be_typed(typed: str, pattern: str) -> None:
    assert Pattern.parse(typed) == pattern


@pytest.mark.parametrize(
    "text", ["1555*", "+*", "+0*", "**", "+1*5*", "*555", "+1555**", "+1a*", "1555*@lid"]
)
def test_a_star_in_the_wrong_place_is_refused(text: str) -> None:
    with pytest.raises(InvalidPattern, match=r"one \* at the end"):
        Pattern.parse(text)


def test_a_bad_number_is_refused_with_the_sentence_about_numbers() -> None:
    with pytest.raises(InvalidPattern, match="country code"):
        Pattern.parse("5551234567")


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("*", True),
        ("+1555*", True),
        ("+15551234567*", True),
        ("+15551234567", True),
        ("+1556*", False),
        ("+155512345678*", False),
        ("+15551234568", False),
        ("15551234567@lid", False),
    ],
)
def test_what_matches_a_number(pattern: str, matches: bool) -> None:
    assert Pattern.parse(pattern).matches(ADA) is matches


def test_a_hidden_sender_matches_their_id_and_everyone_and_nothing_else() -> None:
    for pattern in ("*", HIDDEN):
        assert Pattern.parse(pattern).matches(None, HIDDEN)
        assert Pattern.parse(pattern).matches(Phone("+441234567890"), HIDDEN), "known by now"
    for pattern in ("+1555*", "+15551234567", "+1*", "1555123456@lid", "155512345678@lid"):
        assert not Pattern.parse(pattern).matches(None, HIDDEN)
    assert not Pattern.parse(HIDDEN).matches(None)


def test_whom_a_pattern_names() -> None:
    assert Pattern.parse("+15551234567").sender == (ADA, None)
    assert Pattern.parse(HIDDEN).sender == (None, HIDDEN)
    assert Pattern.parse("+1555*").sender == Pattern.parse("*").sender == (None, None)
    assert one_sender("+1 555 123 4567") == ADA and one_sender(f" {HIDDEN}") == HIDDEN
    for text in ("*", "+1555*", "123", "x@lid"):
        with pytest.raises((InvalidPattern, InvalidPhone)):
            one_sender(text)


def test_the_most_exact_entry_decides() -> None:
    everyone, country, area, ada = map(entry, ["*", "+1*", "+1555*", "+15551234567"])
    every = [country, everyone, ada, area]
    assert find(ADA, None, every) is ada
    assert find(Phone("+15550000000"), None, every) is area
    assert find(Phone("+16660000000"), None, every) is country
    assert find(Phone("+441234567890"), None, every) is everyone
    assert find(None, HIDDEN, every) is everyone
    assert find(None, HIDDEN, [ada, area]) is None
    assert find(ADA, None, []) is None
    hidden = entry(HIDDEN)
    assert find(None, HIDDEN, [*every, hidden]) is hidden
    assert find(Phone("+15550000000"), HIDDEN, [*every, hidden]) is hidden
    assert find(ADA, HIDDEN, [hidden, *every]) is ada


@given(DIGITS, st.sets(DIGITS.map(lambda digits: digits[:5]), max_size=8), st.booleans())
def test_the_order_of_the_list_does_not_matter(
    digits: str, prefixes: set[str], everyone: bool
) -> None:
    patterns = sorted(Pattern(f"+{prefix}*") for prefix in prefixes)
    entries = [entry_of(pattern) for pattern in patterns]
    entries += [entry_of(Pattern("*"))] if everyone else []
    phone = Phone("+" + digits)
    found = find(phone, None, entries)
    assert found == find(phone, None, entries[::-1])
    matching = [each for each in patterns if phone.startswith(each[:-1])]
    expected = max(matching, key=len, default=Pattern("*") if everyone else None)
    assert (found.pattern if found else None) == expected


@given(DIGITS)
def test_the_candidates_are_all_that_match(digits: str) -> None:
    phone = Phone("+" + digits)
    found = list_candidates(phone, f"{digits}@lid")
    assert all(pattern.matches(phone, f"{digits}@lid") for pattern in found)
    assert len(set(found)) == len(digits) + 3
    assert list(list_candidates(None, f"{digits}@lid")) == [f"{digits}@lid", "*"]
    assert list(list_candidates(None, None)) == ["*"]


def entry_of(pattern: Pattern) -> Entry:
    return Entry(1, pattern, None, None, NOW, NOW)
