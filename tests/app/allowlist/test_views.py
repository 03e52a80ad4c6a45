"""The allowlist, with and without scripts."""

import re

import pytest

from app.web.ext import Services
from core.admission.allowlist import Entry, Pattern
from core.phone import Phone
from core.settings import Settings
from store import allowlist, settings
from store.chats import people
from tests.app.acts import list_acts
from tests.app.allowlist.entries import change_entry, list_entries
from tests.app.visitor import Visitor, tag, words

PHONE = Phone("+15551234567")


def test_an_empty_list_says_what_that_means(owner: Visitor) -> None:
    said = words(owner.open("/allowlist/"))
    assert "Nobody yet" in said and "silently ignored" in said


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("+1 (555) 123-4567", "+15551234567"),
        ("0015551234567", "+15551234567"),
        ("+1 555 *", "+1555*"),
        (" * ", "*"),
    ],
)
@pytest.mark.parametrize("htmx", [False, True])
def test_adding(owner: Visitor, services: Services, typed: str, stored: str, htmx: bool) -> None:
    answer = owner.submit("/allowlist/", htmx, pattern=typed, label=" Bob ", agent="eric")
    assert answer.status_code == (200 if htmx else 303)
    assert list_entries(services) == {stored: ("Bob", "eric")}
    assert list_acts(services) == [f"ana: allowlist added {stored}, Bob, agent eric"]
    assert "may write from the next message on" in words(
        answer if htmx else owner.open("/allowlist/")
    )


def test_the_most_exact_come_first(owner: Visitor) -> None:
    for pattern in ("*", "+1555*", "+15557654321", "+15551234567"):
        owner.submit("/allowlist/", pattern=pattern)
    said = words(owner.open("/allowlist/")).split("Who may write")[1]
    found = [said.index(each) for each in ("555-123-4567", "555-765-4321", "+1555*", "Everyone")]
    assert found == sorted(found)


@pytest.mark.parametrize("htmx", [False, True])
def test_changing(owner: Visitor, services: Services, ana: Entry, htmx: bool) -> None:
    form = owner.open(f"/allowlist/{ana.id}/edit", htmx)
    assert 'value="+15551234567"' in tag(form, f"entry{ana.id}-pattern")
    answer = change_entry(owner, ana, htmx, pattern="+1555*", label="", agent="")
    assert answer.status_code == (200 if htmx else 303)
    assert list_entries(services) == {"+1555*": (None, None)}
    if htmx:
        assert f"edit-{ana.id}" in answer.headers["HX-Trigger-After-Settle"]
        assert "+1555*" in words(answer)


@pytest.mark.parametrize("htmx", [False, True])
def test_changing_to_one_that_is_there(
    owner: Visitor, services: Services, ana: Entry, htmx: bool
) -> None:
    owner.submit("/allowlist/", pattern="*")
    answer = change_entry(owner, ana, htmx, pattern="*")
    assert answer.status_code == 422
    assert "* is on the allowlist already." in words(answer)
    assert list_entries(services)["+15551234567"] == ("Friend", "finn")


def undo_of(page) -> str:
    """What the toast's button posts."""
    found = re.search(r'name="entry" value="([^"]+)"', page.text)
    assert found, "nothing can be undone"
    return found[1]


@pytest.fixture
def dave(services: Services) -> Entry:
    """Somebody whose number WhatsApp hides."""
    with services.db.write() as connection:
        people.identify(connection, None, "123@lid", "Dave", services.now())
        return allowlist.add(connection, Pattern("123@lid"), None, None, services.now())


@pytest.mark.parametrize("htmx", [False, True])
def test_a_hidden_number_is_an_entry_like_others(
    owner: Visitor, services: Services, dave: Entry, htmx: bool
) -> None:
    assert "Hidden number · Dave" in words(owner.open("/allowlist/", htmx))
    assert "Hidden number · Dave" in words(owner.open(f"/allowlist/{dave.id}/edit"))
    change_entry(owner, dave, htmx, pattern="123@lid", label="Dave W.", agent="eric")
    assert list_entries(services) == {"123@lid": ("Dave W.", "eric")}
    change_entry(owner, dave, htmx, pattern="123@lid", label="", agent="")
    asked = words(owner.open(f"/allowlist/{dave.id}/remove", htmx))
    assert "Remove Hidden number · Dave?" in asked
    gone = owner.submit(f"/allowlist/{dave.id}/remove", htmx)
    page = gone if htmx else owner.open("/allowlist/")
    assert "The hidden number was removed." in words(page) and list_entries(services) == {}
    owner.submit("/allowlist/restore", htmx, entry=undo_of(page))
    assert list_entries(services) == {"123@lid": (None, None)}


def test_a_number_that_is_hidden_no_more_is_shown(
    owner: Visitor, services: Services, dave: Entry
) -> None:
    with services.db.write() as connection:
        people.identify(connection, PHONE, "123@lid", "Dave", services.now())
    said = words(owner.open("/allowlist/"))
    assert "+1 555-123-4567 was hidden" in said and "Hidden number" not in said


@pytest.mark.parametrize("path", ["/allowlist/9/edit", "/allowlist/9/remove", "/allowlist/9"])
def test_an_entry_that_is_gone_is_not_found(owner: Visitor, path: str) -> None:
    assert owner.open(path).status_code == 404


def test_a_long_list_can_be_searched(owner: Visitor, services: Services) -> None:
    with services.db.write() as connection:
        for number in range(12):
            pattern = Pattern(f"+155512300{number:02}")
            allowlist.add(connection, pattern, f"Guest {number}", None, services.now())
    assert 'id="q"' in owner.open("/allowlist/").text
    for wanted, found in [("guest 11", 1), ("555 123 00", 12), ("123-0007", 1), ("nobody", 0)]:
        text = owner.open(f"/allowlist/?q={wanted}", htmx=True).text
        assert text.count('<tr id="entry-') == found, wanted
    assert "Nothing found" in words(owner.open("/allowlist/?q=nobody"))


def test_allow_all_is_told_where_the_list_is(owner: Visitor, services: Services) -> None:
    with services.db.write() as connection:
        settings.save(connection, Settings(allow_all=True), services.now())
    assert "everyone may write" in words(owner.open("/allowlist/"))


def test_what_people_type_is_text(owner: Visitor) -> None:
    owner.submit("/allowlist/", pattern="*", label="<script>alert(1)</script>")
    assert "<script>alert" not in owner.open("/allowlist/").text


@pytest.fixture
def crowd(services: Services) -> None:
    """More than one page."""
    with services.db.write() as connection:
        for number in range(101):
            pattern = Pattern(f"+1555123{number:04}")
            label = f"Guest {100 - number:03}"
            allowlist.add(connection, pattern, label, "finn" if number else None, services.now())


def rows(page) -> list[str]:
    return re.findall(r'class="number">\+1 555-123-0?(\d+)</span>', page.text)


@pytest.mark.usefixtures("crowd")
def test_a_long_list_comes_in_pages_and_orders(owner: Visitor) -> None:
    first = owner.open("/allowlist/")
    assert len(rows(first)) == 100 and "Page 1 of 2" in words(first)
    assert rows(owner.open("/allowlist/?page=2")) == ["100"]
    assert rows(owner.open("/allowlist/?page=7")) == ["100"]
    assert rows(owner.open("/allowlist/?sort=label"))[:2] == ["100", "099"]
    assert rows(owner.open("/allowlist/?sort=agent&page=2")) == ["000"]
    assert rows(owner.open("/allowlist/?sort=newest"))[0] == "100"
    assert len(rows(owner.open("/allowlist/?sort=nonsense&page=-3"))) == 100


@pytest.mark.usefixtures("crowd")
def test_the_agent_is_found_by_name(owner: Visitor) -> None:
    assert "100 found" in words(owner.open("/allowlist/?q=Finn"))


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize("htmx", [False, True])
def test_who_was_added_to_a_long_list_is_in_sight(owner: Visitor, htmx: bool) -> None:
    answer = owner.submit("/allowlist/", htmx, pattern="+15551239999")
    page = answer if htmx else owner.open(answer.location)
    assert rows(page)[0] == "9999"


@pytest.mark.usefixtures("crowd")
def test_the_place_in_the_list_is_kept(owner: Visitor, services: Services) -> None:
    here = "?q=guest&sort=label&page=2"
    page = owner.open(f"/allowlist/{here}")
    [number] = re.findall(r'id="remove-(\d+)"', page.text)
    assert f'href="/allowlist/{number}/edit?q=guest&amp;sort=label&amp;page=2"' in page.text
    answer = owner.submit(f"/allowlist/{number}/remove{here}")
    assert answer.location == f"/allowlist/{here}"
    assert len(rows(owner.open(answer.location))) == 100, "there is no second page any more"


def test_prefixes_are_explained(owner: Visitor) -> None:
    said = words(owner.open("/allowlist/"))
    assert "+1555* Every number that begins with +1555." in said
