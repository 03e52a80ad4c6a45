"""What is kept of a second factor, and that nothing of it works twice."""

import pytest

from store.account import owner, second_factor
from store.account.second_factor import RECOVERY_CODES
from store.sql.engine import Database
from store.sql.tables import owner as table
from tests.store.rows import NOW, column, overlapping, together


@pytest.fixture
def codes(database: Database) -> list[str]:
    """The recovery codes of an owner who has a second factor."""
    with database.write() as connection:
        owner.create(connection, "Ana", "hash", NOW)
        return second_factor.switch_on(connection, "encrypted", 100)


def test_on_and_off(database: Database, codes: list[str]) -> None:
    with database.write() as connection:
        account = owner.load(connection)
        assert account and account.totp_secret == "encrypted"
        assert account.recovery_codes_left == RECOVERY_CODES == len(set(codes))
        second_factor.switch_off(connection)
        assert owner.load(connection) == owner.Owner("Ana", "hash")
        assert not second_factor.use_recovery_code(connection, codes[0])


def test_a_step_of_time_is_used_once_and_no_older_one_after_it(
    database: Database, codes: list[str]
) -> None:
    with database.write() as connection:
        used = [second_factor.use_step(connection, step) for step in (100, 99, 101, 101, 103, 102)]
    assert used == [False, False, True, False, True, False]


def test_of_two_with_the_same_code_one_gets_in(database: Database, codes: list[str]) -> None:
    step = lambda connection: second_factor.use_step(connection, 101)  # noqa: E731
    assert overlapping(database, step, step) == (True, False)
    spend = lambda connection: second_factor.use_recovery_code(connection, codes[0])  # noqa: E731
    assert sorted(together(database, spend, spend, spend)) == [False, False, True]


def test_each_recovery_code_works_once(database: Database, codes: list[str]) -> None:
    with database.write() as connection:
        [stored] = column(connection, table, "recovery_hashes")
        assert not set(stored) & set(codes)
        assert second_factor.use_recovery_code(connection, codes[3].upper().replace("-", " "))
        assert not second_factor.use_recovery_code(connection, codes[3])
        assert not second_factor.use_recovery_code(connection, "")
        account = owner.load(connection)
        assert account and account.recovery_codes_left == RECOVERY_CODES - 1


def test_new_ones_end_the_old_ones(database: Database, codes: list[str]) -> None:
    with database.write() as connection:
        new = second_factor.replace_recovery_codes(connection)
        assert not second_factor.use_recovery_code(connection, codes[0])
        assert second_factor.use_recovery_code(connection, new[0])
