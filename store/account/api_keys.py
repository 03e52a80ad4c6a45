"""API keys. Only a hash is stored: a key is shown once, when it is made."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, insert, select, update

from store.account.owner import fingerprint
from store.sql.engine import insert_new
from store.sql.tables import api_keys as table

SCOPES = ("config:read", "config:write", "link", "allowlist", "send", "permissions", "metrics")
PREFIX = "djinn_"
SHOWN = 4  # characters of a key's secret part by which the owner knows it again
USED_EVERY = timedelta(minutes=1)  # a key's last use is written no oftener than this


@dataclass(frozen=True)
class ApiKey:
    id: int
    name: str
    prefix: str
    scopes: frozenset[str]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def create(connection: Connection, name: str, scopes: Sequence[str], now: datetime) -> str:
    """Make a key and return it: the only time that it is seen."""
    secret = PREFIX + secrets.token_urlsafe(32)
    connection.execute(insert(table).values(_make_row(name, secret, scopes, now)))
    return secret


def ensure(
    connection: Connection, name: str, secret: str, scopes: Sequence[str], now: datetime
) -> None:
    """Make the key that the operator chose (BOOTSTRAP_API_KEY). One that is there already gets
    the scopes that have come since; once revoked, it stays so."""
    row = _make_row(name, secret, scopes, now)
    if not connection.execute(insert_new(connection, table).values(row)).rowcount:
        known = table.c.key_hash == row["key_hash"]
        connection.execute(update(table).where(known).values(scopes=row["scopes"]))


def find(connection: Connection, secret: str) -> ApiKey | None:
    """The key, None if there is none like it or it was revoked."""
    row = (
        connection.execute(
            select(table).where(
                table.c.key_hash == fingerprint(secret), table.c.revoked_at.is_(None)
            )
        )
        .mappings()
        .first()
    )
    return _make_key(row) if row else None


def load(connection: Connection) -> Sequence[ApiKey]:
    rows = connection.execute(select(table).order_by(table.c.id.desc())).mappings()
    return [_make_key(row) for row in rows]


def get(connection: Connection, key_id: int) -> ApiKey | None:
    row = connection.execute(select(table).where(table.c.id == key_id)).mappings().first()
    return _make_key(row) if row else None


def is_taken(connection: Connection, name: str) -> bool:
    """Whether a valid key has this name: the audit log tells programs apart by it."""
    named = select(table.c.id).where(table.c.name == name, table.c.revoked_at.is_(None))
    return connection.execute(named).first() is not None


def revoke(connection: Connection, key_id: int, now: datetime) -> bool:
    """From now on it opens nothing. False, and the first date stays, if it was revoked
    before."""
    valid = table.c.id == key_id, table.c.revoked_at.is_(None)
    changed = connection.execute(update(table).where(*valid).values(revoked_at=now))
    return changed.rowcount == 1


def record_use(connection: Connection, key_id: int, now: datetime) -> None:
    connection.execute(update(table).where(table.c.id == key_id).values(last_used_at=now))


def _make_row(name: str, secret: str, scopes: Sequence[str], now: datetime) -> dict[str, object]:
    return {
        "name": name,
        "key_hash": fingerprint(secret),
        "prefix": secret[: SHOWN + (len(PREFIX) if secret.startswith(PREFIX) else 0)],
        "scopes": list(scopes),
        "created_at": now,
    }


def _make_key(row: RowMapping) -> ApiKey:
    return ApiKey(
        id=row["id"],
        name=row["name"],
        prefix=row["prefix"],
        scopes=frozenset(row["scopes"]),
        created_at=row["created_at"],
        last_used_at=row["last_used_at"],
        revoked_at=row["revoked_at"],
    )
