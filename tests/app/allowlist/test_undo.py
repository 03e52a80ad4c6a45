"""Taking back the removal of an entry."""

import re

import pytest

from app.web.ext import Services
from core.admission.allowlist import Entry
from store import allowlist
from tests.app.acts import list_acts
from tests.app.allowlist.entries import list_entries
from tests.app.visitor import Visitor, words


def undo_of(page) -> str:
    """What the toast's button posts."""
    found = re.search(r'name="entry" value="([^"]+)"', page.text)
    assert found, "nothing can be undone"
    return found[1]


@pytest.mark.parametrize("htmx", [False, True])
def test_removing_asks_first_and_can_be_undone(
    owner: Visitor, services: Services, ana: Entry, htmx: bool
) -> None:
    question = owner.open(f"/allowlist/{ana.id}/remove", htmx)
    assert "Remove +15551234567, Friend?" in words(question)
    answer = owner.submit(f"/allowlist/{ana.id}/remove", htmx)
    assert list_entries(services) == {}
    page = answer if htmx else owner.open("/allowlist/")
    assert "Friend was removed." in words(page) and "Undo" in words(page)
    owner.submit("/allowlist/restore", htmx, entry=undo_of(page))
    with services.db.read() as connection:
        assert allowlist.load(connection) == [ana]
    assert [act.split(" +")[0] for act in list_acts(services)] == [
        "ana: allowlist restored",
        "ana: allowlist removed",
    ]


def test_removing_twice_is_as_good_as_once(owner: Visitor, services: Services, ana: Entry) -> None:
    owner.submit(f"/allowlist/{ana.id}/remove")
    assert owner.submit(f"/allowlist/{ana.id}/remove").status_code == 303
    assert len(list_acts(services)) == 1


def test_undoing_twice_is_as_good_as_once(owner: Visitor, services: Services, ana: Entry) -> None:
    undo = undo_of(owner.submit(f"/allowlist/{ana.id}/remove", htmx=True))
    for _ in range(2):
        assert owner.submit("/allowlist/restore", entry=undo).status_code == 303
    assert "is on the allowlist already" in words(owner.open("/allowlist/"))
    assert list_entries(services) == {ana.pattern: ("Friend", "finn")}


@pytest.mark.parametrize("entry", ["", "nonsense", "e30.AAAA"])
def test_only_what_was_removed_can_come_back(
    owner: Visitor, services: Services, entry: str
) -> None:
    assert owner.submit("/allowlist/restore", entry=entry).status_code == 400
    assert list_entries(services) == {}
