"""Taking back the removal of an entry."""

import re

import pytest

from app.web.ext import Services
from core.admission.allowlist import Entry, Pattern
from store import allowlist
from store.account import audit
from tests.app.visitor import Visitor, words


@pytest.fixture
def ana(services: Services) -> Entry:
    """The entry of a friend who is answered by Finn."""
    with services.db.write() as connection:
        pattern = Pattern("+15551234567")
        return allowlist.add(connection, pattern, "Friend", "finn", services.now())


def entries(services: Services) -> dict[str, tuple[str | None, str | None]]:
    with services.db.read() as connection:
        return {e.pattern: (e.label, e.agent) for e in allowlist.load(connection)}


def acts(services: Services) -> list[str]:
    with services.db.read() as connection:
        return [f"{act.actor}: {act.action} {act.detail}" for act in audit.latest(connection)]


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
    assert entries(services) == {}
    page = answer if htmx else owner.open("/allowlist/")
    assert "Friend was removed." in words(page) and "Undo" in words(page)
    owner.submit("/allowlist/restore", htmx, entry=undo_of(page))
    with services.db.read() as connection:
        assert allowlist.load(connection) == [ana]
    assert [act.split(" +")[0] for act in acts(services)] == [
        "ana: allowlist restored",
        "ana: allowlist removed",
    ]


def test_removing_twice_is_as_good_as_once(owner: Visitor, services: Services, ana: Entry) -> None:
    owner.submit(f"/allowlist/{ana.id}/remove")
    assert owner.submit(f"/allowlist/{ana.id}/remove").status_code == 303
    assert len(acts(services)) == 1


def test_undoing_twice_is_as_good_as_once(owner: Visitor, services: Services, ana: Entry) -> None:
    undo = undo_of(owner.submit(f"/allowlist/{ana.id}/remove", htmx=True))
    for _ in range(2):
        assert owner.submit("/allowlist/restore", entry=undo).status_code == 303
    assert "is on the allowlist already" in words(owner.open("/allowlist/"))
    assert entries(services) == {ana.pattern: ("Friend", "finn")}


@pytest.mark.parametrize("entry", ["", "nonsense", "e30.AAAA"])
def test_only_what_was_removed_can_come_back(
    owner: Visitor, services: Services, entry: str
) -> None:
    assert owner.submit("/allowlist/restore", entry=entry).status_code == 400
    assert entries(services) == {}
