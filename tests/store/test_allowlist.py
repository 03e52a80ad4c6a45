"""The allowlist's lines."""

from datetime import timedelta

import pytest

from core.admission.allowlist import Entry, Pattern
from core.admission.allowlist_csv import plan, read
from core.errors import DuplicateEntry
from core.phone import Phone
from store import allowlist
from store.account import audit
from store.allowlist import Sort
from store.chats import people
from store.sql.engine import Database
from tests.store.rows import LID, NOW, overlapping

ADA, AREA, ALL = Pattern("+15551234567"), Pattern("+1555*"), Pattern("*")
LATER = NOW + timedelta(hours=1)


def test_entries_come_back_newest_first(database: Database) -> None:
    with database.write() as connection:
        ada = allowlist.add(connection, ADA, "Ada", "finn", NOW)
        everyone = allowlist.add(connection, ALL, None, None, LATER)
    assert ada == Entry(ada.id, ADA, "Ada", "finn", NOW, NOW)
    with database.read() as connection:
        assert allowlist.load(connection) == [everyone, ada]
        assert allowlist.get(connection, ada.id) == ada
        assert allowlist.get(connection, 99) is None
    assert everyone.pattern.matches(None), "a pattern comes back as one"


def test_a_pattern_is_there_once_and_the_rest_of_the_transaction_stands(database: Database) -> None:
    with database.write() as connection:
        ada = allowlist.add(connection, ADA, "Ada", None, NOW)
        with pytest.raises(DuplicateEntry, match=r"\+15551234567 is on the allowlist already"):
            allowlist.add(connection, ADA, "Ada again", "eric", LATER)
        audit.record(connection, "owner", "tried", "", NOW)
    with database.read() as connection:
        assert allowlist.load(connection) == [ada]
        assert len(audit.list_acts(connection)) == 1


def test_two_who_add_the_same_at_once(database: Database) -> None:
    def attempt(connection) -> Entry | None:
        try:
            return allowlist.add(connection, ADA, None, None, NOW)
        except DuplicateEntry:
            return None

    added, refused = overlapping(database, attempt, attempt)
    assert added and refused is None


def test_an_entry_changes(database: Database) -> None:
    with database.write() as connection:
        entry = allowlist.add(connection, ADA, "Ada", "finn", NOW)
        changed = allowlist.change(connection, entry.id, AREA, None, "eric", LATER)
        assert changed == Entry(entry.id, AREA, None, "eric", NOW, LATER)
        assert allowlist.load(connection) == [changed]
        same = allowlist.change(connection, entry.id, AREA, "Area", "eric", LATER)
        assert same and same.label == "Area"


def test_a_change_into_another_entry_is_refused(database: Database) -> None:
    with database.write() as connection:
        ada = allowlist.add(connection, ADA, None, None, NOW)
        area = allowlist.add(connection, AREA, None, None, NOW)
        with pytest.raises(DuplicateEntry):
            allowlist.change(connection, ada.id, AREA, "x", None, LATER)
        assert allowlist.load(connection) == [area, ada]


def test_what_is_gone_is_none(database: Database) -> None:
    with database.write() as connection:
        entry = allowlist.add(connection, ADA, "Ada", "finn", NOW)
        assert allowlist.remove(connection, entry.id) == entry
        assert allowlist.remove(connection, entry.id) is None
        assert allowlist.change(connection, entry.id, ADA, None, None, NOW) is None
        assert allowlist.load(connection) == []


def test_what_was_removed_comes_back_as_it_was(database: Database) -> None:
    with database.write() as connection:
        ada = allowlist.add(connection, ADA, "Ada", "finn", NOW)
        allowlist.add(connection, ALL, None, None, LATER)
        allowlist.remove(connection, ada.id)
        assert allowlist.restore(connection, ada) == ada
        assert allowlist.load(connection)[-1] == ada
        with pytest.raises(DuplicateEntry, match=r"\+15551234567 is on the allowlist already"):
            allowlist.restore(connection, ada)


def test_what_comes_back_has_another_id_if_its_own_is_taken(database: Database) -> None:
    with database.write() as connection:
        ada = allowlist.add(connection, ADA, "Ada", None, NOW)
        allowlist.remove(connection, ada.id)
        allowlist.restore(connection, Entry(ada.id, ALL, None, None, NOW, NOW))
        back = allowlist.restore(connection, ada)
        assert back.id != ada.id and (back.pattern, back.label) == (ADA, "Ada")


def test_who_matches_is_found_without_reading_the_list(database: Database) -> None:
    with database.write() as connection:
        for pattern in ("+1*", "+1556*", "+15551234568", "+15551234567*"):
            allowlist.add(connection, Pattern(pattern), None, None, NOW)
        for pattern in (ADA, AREA, ALL):
            allowlist.add(connection, pattern, None, None, NOW)
        found = {entry.pattern for entry in allowlist.list_matching(connection, Phone(ADA), None)}
        assert found == {ADA, AREA, ALL, "+1*", "+15551234567*"}
        assert [entry.pattern for entry in allowlist.list_matching(connection, None, LID)] == [ALL]
        hidden = allowlist.add(connection, Pattern(LID), None, None, NOW)
        assert hidden in allowlist.list_matching(connection, None, LID)
        dave = people.identify(connection, None, LID, "Dave", NOW)
        bob = people.identify(connection, Phone("+15560000000"), None, "Bob", NOW)
        both = allowlist.list_matching_any(connection, [dave, bob])
        assert {entry.pattern for entry in both} == {"+1556*", "+1*", ALL, LID}
        assert allowlist.list_matching_any(connection, []) == []


def test_a_hidden_number_is_found_by_what_is_known_of_it(database: Database) -> None:
    with database.write() as connection:
        ada = allowlist.add(connection, ADA, None, None, NOW)
        hidden = allowlist.add(connection, Pattern(LID), None, None, NOW)
        allowlist.add(connection, AREA, None, None, NOW)
        people.identify(connection, None, LID, "Dave", NOW)

        def found(wanted: str) -> list[str]:
            return patterns(allowlist.read_page(connection, wanted, limit=9))

        assert found("dave") == found(LID) == [hidden.pattern]
        people.identify(connection, Phone("+15559990000"), LID, "Dave", NOW)
        assert found("999") == [hidden.pattern] and found("123") == [ada.pattern]
        assert patterns(allowlist.read_page(connection, limit=9)) == [ADA, LID, AREA]


def patterns(page: allowlist.Page) -> list[str]:
    return [str(entry.pattern) for entry in page.entries]


@pytest.fixture
def several(database: Database) -> Database:
    lines = [
        (ALL, None, None),
        (AREA, "the 100 % area", "Eric"),
        (ADA, "Ada", "finn"),
        (Pattern("+15550000001"), "bob", None),
        (Pattern("+1*"), "Özgür", "finn"),
    ]
    with database.write() as connection:
        for number, line in enumerate(lines):
            allowlist.add(connection, *line, NOW + timedelta(seconds=number))
    return database


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        (Sort.NUMBER, ["+15550000001", ADA, "+1*", AREA, ALL]),
        (Sort.LABEL, [ADA, "+15550000001", AREA, "+1*", ALL]),
        (Sort.AGENT, [AREA, ADA, "+1*", "+15550000001", ALL]),
        (Sort.NEWEST, ["+1*", "+15550000001", ADA, AREA, ALL]),
    ],
)
def test_the_order_of_a_page(several: Database, sort: Sort, order: list[str]) -> None:
    with several.read() as connection:
        assert patterns(allowlist.read_page(connection, sort=sort, limit=9)) == order
        page = allowlist.read_page(connection, sort=sort, skip=3, limit=1)
        assert (patterns(page), page.found, page.total) == (order[3:4], 5, 5)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("ADA", {ADA}),
        ("555 12-34", {ADA}),
        ("+1555", {ADA, "+15550000001", AREA}),
        ("*", {"+1*", AREA, ALL}),
        ("%", {AREA}),
        ("_", set()),
        ("eric", {AREA}),
        ("zgür", {"+1*"}),
        ("Mary", {ADA, "+1*"}),
        ("nobody", set()),
    ],
)
def test_what_is_looked_for_is_found(several: Database, wanted: str, found: set[str]) -> None:
    """Finn is called Mary here."""
    agents = ["finn"] if wanted == "Mary" else []
    with several.read() as connection:
        page = allowlist.read_page(connection, wanted, agents, limit=9)
    assert (set(patterns(page)), page.found, page.total) == (found, len(found), 5)


def test_upper_and_lower_case_are_the_same_in_sqlite_too(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        allowlist.add(connection, ALL, "Özgür", None, NOW)
        assert allowlist.read_page(connection, "ÖZGÜR", limit=9).found == 1


def test_an_import_is_carried_out(several: Database) -> None:
    text = "phone,label\n+15551234567,Countess\n*,\n+15550000007,New\nnonsense,x\n"
    with several.write() as connection:
        entries = allowlist.load(connection, lock=True)
        before = {entry.pattern: entry for entry in entries}
        lines = plan(read(text), entries, {}).lines
        allowlist.carry_out(connection, lines, LATER)
        after = {entry.pattern: entry for entry in allowlist.load(connection)}
    assert len(after) == 6
    countess = after[ADA]
    assert (countess.label, countess.agent, countess.id) == ("Countess", "finn", before[ADA].id)
    assert (countess.created_at, countess.updated_at) == (before[ADA].created_at, LATER)
    assert after[ALL] == before[ALL]
    assert after[Pattern("+15550000007")].label == "New"


def test_an_import_that_comes_too_late_changes_nothing(several: Database) -> None:
    with several.read() as connection:
        entries = allowlist.load(connection)
    lines = plan(read("+15551234567,x\n+15550000007,New\n*,All"), entries, {}).lines
    with several.write() as connection:
        allowlist.add(connection, Pattern("+15550000007"), "Quicker", None, LATER)
    with pytest.raises(DuplicateEntry), several.write() as connection:
        allowlist.carry_out(connection, lines, LATER)
    with several.read() as connection:
        labels = {entry.label for entry in allowlist.load(connection)}
    assert "Quicker" in labels and "Ada" in labels and "x" not in labels
