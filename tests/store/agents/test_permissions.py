"""To whom agents may write, in SQL."""

from datetime import UTC, datetime

import pytest

from core.admission.allowlist import Pattern
from core.admission.permission import find
from core.errors import DuplicateEntry
from core.phone import Phone
from store.agents import permissions
from store.sql.engine import Database

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ADA = Pattern("+15550000001")
PREFIX = Pattern("+1555*")


def test_nobody_may_write_to_anybody_at_first(database: Database) -> None:
    with database.read() as connection:
        assert permissions.load(connection) == []


def test_each_agent_has_its_own(database: Database) -> None:
    with database.write() as connection:
        first = permissions.add(connection, "finn", ADA, "Ada", NOW)
        second = permissions.add(connection, "finn", PREFIX, None, NOW)
        third = permissions.add(connection, "eric", ADA, None, NOW)
    with database.read() as connection:
        assert permissions.load(connection) == [third, second, first]
        assert permissions.load(connection, "finn") == [second, first]
        assert permissions.get(connection, first.id) == first
        assert (first.agent, first.pattern, first.label, first.created_at) == (
            "finn",
            ADA,
            "Ada",
            NOW,
        )


def test_the_same_twice_is_refused_and_changes_nothing(database: Database) -> None:
    with database.write() as connection:
        permissions.add(connection, "finn", ADA, "Ada", NOW)
        with pytest.raises(DuplicateEntry, match="finn may write to .* already"):
            permissions.add(connection, "finn", ADA, None, NOW)
    with database.read() as connection:
        assert [permission.label for permission in permissions.load(connection)] == ["Ada"]


def test_removing_tells_what_was_there(database: Database) -> None:
    with database.write() as connection:
        added = permissions.add(connection, "finn", ADA, None, NOW)
        assert permissions.remove(connection, added.id) == added
        assert permissions.remove(connection, added.id) is None


def test_replacing_leaves_others_alone(database: Database) -> None:
    with database.write() as connection:
        permissions.add(connection, "finn", ADA, None, NOW)
        others = permissions.add(connection, "eric", ADA, None, NOW)
        given = permissions.replace(connection, "finn", [(PREFIX, "Team")], NOW)
    with database.read() as connection:
        assert permissions.load(connection, "finn") == given
        assert [(p.pattern, p.label) for p in given] == [(PREFIX, "Team")]
        assert permissions.load(connection, "eric") == [others]


def test_replacing_with_the_same_twice_changes_nothing(database: Database) -> None:
    with database.write() as connection:
        permissions.add(connection, "finn", ADA, None, NOW)
    with pytest.raises(DuplicateEntry), database.write() as connection:
        permissions.replace(connection, "finn", [(PREFIX, None), (PREFIX, "again")], NOW)
    with database.read() as connection:
        assert [p.pattern for p in permissions.load(connection)] == [ADA]


def test_the_most_exact_permission_is_found(database: Database) -> None:
    with database.write() as connection:
        for pattern in ("*", "+1555*", "+15550000001"):
            permissions.add(connection, "finn", Pattern(pattern), None, NOW)
        given = permissions.load(connection)

    def found(phone: str) -> str | None:
        permission = find(Phone(phone), given)
        return permission and permission.pattern

    assert found("+15550000001") == ADA
    assert found("+15550000002") == PREFIX
    assert found("+445550000002") == "*"
    assert find(Phone("+445550000002"), given[1:2]) is None
