"""To whom an agent may write on its own."""

from datetime import UTC, datetime

import pytest

from core.admission import permission
from core.admission.allowlist import Pattern
from core.admission.permission import Permission
from core.errors import InvalidPattern
from core.phone import Phone

ADA = Phone("+15550000001")


def permissions(*patterns: str) -> list[Permission]:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    return [
        Permission(number, "finn", Pattern.parse(pattern), None, at)
        for number, pattern in enumerate(patterns)
    ]


@pytest.mark.parametrize("text", ["+15550000001", "+1555*", "*", " +1 555 000 0001 "])
def test_numbers_prefixes_and_everyone_are_targets(text: str) -> None:
    assert permission.parse_target(text) == Pattern.parse(text)


def test_a_hidden_id_is_none() -> None:
    with pytest.raises(InvalidPattern, match="Agents write to numbers. A hidden id is none."):
        permission.parse_target("123456789012345@lid")


def test_what_is_no_pattern_is_refused() -> None:
    with pytest.raises(InvalidPattern):
        permission.parse_target("Ada")


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        (["*", "+1555*", "+15550000001"], "+15550000001"),
        (["+15550*", "+1555*", "*"], "+15550*"),
        (["*", "+44*"], "*"),
        (["+44*", "+15550000002"], None),
        ([], None),
    ],
)
def test_the_most_exact_one_counts(patterns: list[str], found: str | None) -> None:
    result = permission.find(ADA, iter(permissions(*patterns)))
    assert (result and str(result.pattern)) == found
