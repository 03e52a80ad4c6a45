"""API keys: shown once, kept as a hash."""

from datetime import timedelta

from sqlalchemy import select

from store.account import api_keys
from store.account.api_keys import SCOPES, ApiKey
from store.account.owner import fingerprint
from store.sql.engine import Database
from store.sql.tables import api_keys as table
from tests.store.rows import NOW, count, overlapping

CHOSEN = "the operator's own secret"
LATER = NOW + timedelta(hours=1)


def test_a_key_opens_what_it_is_for(database: Database) -> None:
    with database.write() as connection:
        secret = api_keys.create(connection, "a program", ["send", "link"], NOW)
        key = api_keys.find(connection, secret)
        assert key == ApiKey(
            key.id, "a program", secret[:10], frozenset({"send", "link"}), NOW, None, None
        )
        assert secret.startswith("djinn_") and len(secret) > 40


def test_only_a_hash_is_stored(database: Database) -> None:
    with database.write() as connection:
        secret = api_keys.create(connection, "a program", SCOPES, NOW)
        api_keys.ensure(connection, "chosen", CHOSEN, SCOPES, NOW)
        rows = connection.execute(select(table)).mappings().all()
    for row, kept in zip(rows, (secret, CHOSEN), strict=True):
        assert kept not in str(dict(row))
        assert row["key_hash"] == fingerprint(kept)
    assert rows[1]["prefix"] == CHOSEN[:4], "half of a short secret is no secret"


def test_what_is_no_key(database: Database) -> None:
    with database.write() as connection:
        secret = api_keys.create(connection, "a program", SCOPES, NOW)
        for wrong in ("", secret[:-1], secret.upper(), fingerprint(secret), "djinn_"):
            assert api_keys.find(connection, wrong) is None


def test_a_revoked_key_is_not_found_but_listed(database: Database) -> None:
    with database.write() as connection:
        secret, other = (api_keys.create(connection, name, SCOPES, NOW) for name in "ab")
        key = api_keys.find(connection, secret)
        assert key
        api_keys.revoke(connection, key.id, NOW)
        api_keys.revoke(connection, key.id, LATER)
        assert api_keys.find(connection, secret) is None
        assert api_keys.find(connection, other)
        listed = {each.name: each.revoked_at for each in api_keys.load(connection)}
        assert listed == {"b": None, "a": NOW}


def test_the_operators_key_is_made_once_and_stays_revoked(database: Database) -> None:
    with database.write() as connection:
        for _ in range(2):
            api_keys.ensure(connection, "BOOTSTRAP", CHOSEN, SCOPES, NOW)
        key = api_keys.find(connection, CHOSEN)
        assert key and key.scopes == frozenset(SCOPES)
        api_keys.revoke(connection, key.id, NOW)
        api_keys.ensure(connection, "BOOTSTRAP", CHOSEN, SCOPES, LATER)
        assert api_keys.find(connection, CHOSEN) is None
        assert count(connection, table) == 1


def test_two_machines_that_start_with_the_same_key(database: Database) -> None:
    ensure = lambda c: api_keys.ensure(c, "BOOTSTRAP", CHOSEN, SCOPES, NOW)  # noqa: E731
    overlapping(database, ensure, ensure)
    with database.read() as connection:
        assert count(connection, table) == 1


def test_the_last_use(database: Database) -> None:
    with database.write() as connection:
        secret = api_keys.create(connection, "a program", SCOPES, NOW)
        key = api_keys.find(connection, secret)
        assert key
        api_keys.record_use(connection, key.id, LATER)
        [used] = api_keys.load(connection)
        assert used.last_used_at == LATER
