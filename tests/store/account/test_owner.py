"""The owner's account, the one-time link, and browser sessions."""

from datetime import timedelta

from store.account import owner, second_factor
from store.account.owner import RESET_VALID, SESSION_IDLE, BrowserSession, Owner
from store.sql.engine import Database
from store.sql.tables import owner as table
from store.sql.tables import sessions, setup_links
from tests.store.rows import NOW, column, count, overlapping, together

LATER = NOW + timedelta(minutes=5)


# ---- the account -------------------------------------------------------------------------------


def test_the_account_is_made_once(database: Database) -> None:
    with database.write() as connection:
        assert owner.load(connection) is None and not owner.owner_exists(connection)
        assert owner.create(connection, "Ana", "hash", NOW)
        assert not owner.create(connection, "Mallory", "other", LATER)
        assert owner.load(connection) == Owner("Ana", "hash")
        assert owner.owner_exists(connection)


def test_of_two_who_have_the_link_one_becomes_the_owner(database: Database) -> None:
    made = overlapping(
        database,
        lambda c: owner.create(c, "Ana", "hash", NOW),
        lambda c: owner.create(c, "Mallory", "other", NOW),
    )
    assert made == (True, False)
    with database.read() as connection:
        assert owner.load(connection) == Owner("Ana", "hash")


def test_of_many_at_once_one_becomes_the_owner(database: Database) -> None:
    names = ["Ana", "Bea", "Cleo", "Dora"]
    made = together(database, *[lambda c, n=n: owner.create(c, n, "hash", NOW) for n in names])
    assert sorted(made) == [False, False, False, True]
    with database.read() as connection:
        assert column(connection, table, "name") == [names[made.index(True)]]


def test_a_new_password(database: Database) -> None:
    with database.write() as connection:
        owner.create(connection, "Ana", "hash", NOW)
        owner.change_password(connection, "new hash")
        assert owner.load(connection) == Owner("Ana", "new hash")


def test_a_new_name(database: Database) -> None:
    with database.write() as connection:
        owner.create(connection, "Ana", "hash", NOW)
        owner.rename(connection, "Bea")
        assert owner.load(connection) == Owner("Bea", "hash")


def test_the_way_back_works_once_and_leaves_no_other_way_in(database: Database) -> None:
    with database.write() as connection:
        owner.create(connection, "Ana", "hash", NOW)
        assert not owner.reset(connection, "Mallory", "other")
        second_factor.switch_on(connection, "encrypted", 1)
        owner.open_session(connection, "a browser", "127.0.0.1", NOW)
        token = owner.make_setup_token(connection, NOW)
        assert owner.is_reset_token(connection, token, NOW + RESET_VALID)
        assert not owner.is_reset_token(connection, token, NOW + RESET_VALID + timedelta(seconds=1))
        assert not owner.is_reset_token(connection, "wrong", NOW)
        assert owner.reset(connection, "Ana", "new hash")
        assert owner.load(connection) == Owner("Ana", "new hash")
        assert not owner.list_sessions(connection)
        assert not owner.reset(connection, "Mallory", "other")


# ---- the one-time link -------------------------------------------------------------------------


def test_only_the_newest_link_works_and_only_its_hash_is_kept(database: Database) -> None:
    with database.write() as connection:
        assert not owner.is_setup_token(connection, "")
        old, new = (owner.make_setup_token(connection, NOW) for _ in range(2))
        assert old != new
        assert owner.is_setup_token(connection, new)
        for wrong in (old, "", new[:-1], owner.fingerprint(new)):
            assert not owner.is_setup_token(connection, wrong)
        assert column(connection, setup_links, "token_hash") == [owner.fingerprint(new)]


def test_the_link_is_used_up_with_the_account(database: Database) -> None:
    with database.write() as connection:
        token = owner.make_setup_token(connection, NOW)
        owner.create(connection, "Ana", "hash", NOW)
        assert not owner.is_setup_token(connection, token)


def test_two_machines_that_make_a_link_at_once(database: Database) -> None:
    make = lambda c: owner.make_setup_token(c, NOW)  # noqa: E731
    first, second = overlapping(database, make, make)
    with database.read() as connection:
        assert owner.is_setup_token(connection, second)
        assert not owner.is_setup_token(connection, first)


# ---- sessions ----------------------------------------------------------------------------------


def test_a_session_is_found_by_its_token_alone(database: Database) -> None:
    with database.write() as connection:
        token = owner.open_session(connection, "a browser", "127.0.0.1", NOW)
        found = owner.find_session(connection, token, LATER)
        assert found == BrowserSession(found.id, "a browser", "127.0.0.1", NOW, NOW)
        [stored] = column(connection, sessions, "token_hash")
        assert token not in stored
        assert owner.find_session(connection, stored, LATER) is None
        assert owner.find_session(connection, "", LATER) is None


def test_a_session_ends_when_nobody_uses_it(database: Database) -> None:
    with database.write() as connection:
        token = owner.open_session(connection, "a browser", "127.0.0.1", NOW)
        end = NOW + SESSION_IDLE
        found = owner.find_session(connection, token, end)
        assert found and owner.find_session(connection, token, end + timedelta(seconds=1)) is None
        owner.touch_session(connection, found.id, end)
        touched = owner.find_session(connection, token, end + SESSION_IDLE)
        assert touched and touched.last_seen_at == end


def test_sessions_that_are_over_are_forgotten(database: Database) -> None:
    with database.write() as connection:
        owner.open_session(connection, "old", "127.0.0.1", NOW)
        owner.open_session(connection, "in use", "127.0.0.1", NOW + SESSION_IDLE)
        owner.open_session(connection, "new", "127.0.0.1", NOW + 1.5 * SESSION_IDLE)
        assert [each.user_agent for each in owner.list_sessions(connection)] == ["new", "in use"]


def test_what_a_browser_says_of_itself_is_cut(database: Database) -> None:
    with database.write() as connection:
        owner.open_session(connection, "x" * 9999, "y" * 9999, NOW)
        [session] = owner.list_sessions(connection)
        assert (len(session.user_agent), len(session.address)) == (300, 100)


def test_signing_out_here_and_everywhere_else(database: Database) -> None:
    with database.write() as connection:
        tokens = [owner.open_session(connection, name, "", NOW) for name in "abc"]
        kept, gone, _ = (owner.find_session(connection, token, NOW) for token in tokens)
        assert kept and gone
        owner.end_session(connection, gone.id)
        assert owner.find_session(connection, tokens[1], NOW) is None
        assert owner.end_other_sessions(connection, kept.id) == 1
        assert owner.list_sessions(connection) == [kept]
        assert count(connection, sessions) == 1
