"""What the allowlist's form refuses."""

import pytest

from app.web.ext import Services
from core.admission.allowlist import Pattern
from store import allowlist
from tests.app.acts import list_acts
from tests.app.allowlist.entries import change_entry, list_entries
from tests.app.visitor import Visitor, tag, words


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Enter a number such as"),
        ("0821234567", "Start with + and the country code"),
        ("+15*55", "A prefix is +, digits and one * at the end"),
        ("+1555", "has too few or too many digits"),
        ("+15551234567", "is on the allowlist already"),
    ],
)
@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.usefixtures("ana")
def test_a_bad_number_is_told_beside_it_and_nothing_changes(
    owner: Visitor, services: Services, typed: str, sentence: str, htmx: bool
) -> None:
    answer = owner.submit("/allowlist/", htmx, pattern=typed, label="kept", agent="")
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert 'aria-invalid="true"' in tag(answer, "pattern")
    assert 'value="kept"' in tag(answer, "label")
    assert list_entries(services) == {"+15551234567": ("Friend", "finn")}
    assert list_acts(services) == []


def test_an_agent_that_does_not_exist_is_refused(owner: Visitor, services: Services) -> None:
    answer = owner.submit("/allowlist/", pattern="*", agent="nobody")
    assert answer.status_code == 422
    assert "There is no agent called “nobody” any more." in words(answer)


def test_too_long_a_label_is_refused(owner: Visitor) -> None:
    answer = owner.submit("/allowlist/", pattern="*", label="x" * 201)
    assert "At most 200 characters." in words(answer)


def test_an_agent_that_is_gone_can_stay(owner: Visitor, services: Services) -> None:
    with services.db.write() as connection:
        entry = allowlist.add(connection, Pattern("*"), None, "gone", services.now())
    assert "gone is missing" in words(owner.open("/allowlist/"))
    assert change_entry(owner, entry, label="All", agent="gone").status_code == 303
    assert list_entries(services) == {"*": ("All", "gone")}
