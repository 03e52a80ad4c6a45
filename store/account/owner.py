"""The owner's account, the one-time set-up link and the browser sessions."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from store.sql.engine import insert_new
from store.sql.tables import owner as table
from store.sql.tables import sessions, setup_links

SESSION_IDLE = timedelta(days=14)
SEEN_EVERY = timedelta(minutes=1)  # a session's last use is written no oftener than this
RESET_VALID = timedelta(hours=1)


@dataclass(frozen=True)
class Owner:
    """The only user of the panel."""

    name: str
    password_hash: str
    totp_secret: str | None = None  # encrypted; None without a second factor
    recovery_codes_left: int = 0


@dataclass(frozen=True)
class BrowserSession:
    id: int
    user_agent: str
    address: str
    created_at: datetime
    last_seen_at: datetime


def fingerprint(secret: str) -> str:
    """What is stored of a random token: with so much chance in it, one fast hash will do."""
    return hashlib.sha256(secret.encode()).hexdigest()


def load(connection: Connection) -> Owner | None:
    row = connection.execute(select(table)).mappings().first()
    if row is None:
        return None
    left = len(row["recovery_hashes"] or ())
    return Owner(row["name"], row["password_hash"], row["totp_secret"], left)


def owner_exists(connection: Connection) -> bool:
    return load(connection) is not None


def create(connection: Connection, name: str, password_hash: str, now: datetime) -> bool:
    """Make the account and use up the set-up link. False if another was faster."""
    values = {"id": 1, "name": name, "password_hash": password_hash, "created_at": now}
    made = connection.execute(insert_new(connection, table).values(**values)).rowcount == 1
    if made:
        connection.execute(delete(setup_links))
    return made


def change_password(connection: Connection, password_hash: str) -> None:
    connection.execute(update(table).values(password_hash=password_hash))


def rename(connection: Connection, name: str) -> None:
    connection.execute(update(table).values(name=name))


def reset(connection: Connection, name: str, password_hash: str) -> bool:
    """The way back for who has lost the password or the second factor: use up the one-time link,
    replace both, and end all sessions. False if another was faster."""
    if connection.execute(delete(setup_links)).rowcount != 1:
        return False
    nothing = dict.fromkeys(("totp_secret", "totp_step", "recovery_hashes"))
    connection.execute(update(table).values(name=name, password_hash=password_hash, **nothing))
    connection.execute(delete(sessions))
    return True


def make_setup_token(connection: Connection, now: datetime) -> str:
    """A fresh one-time token; an earlier one stops working. Only its hash is stored."""
    token = secrets.token_urlsafe(24)
    values = {"token_hash": fingerprint(token), "created_at": now}
    connection.execute(insert_new(connection, setup_links).values(id=1, **values))
    connection.execute(update(setup_links).values(values))
    return token


def is_setup_token(connection: Connection, token: str) -> bool:
    stored = connection.execute(select(setup_links.c.token_hash)).scalar()
    return stored is not None and secrets.compare_digest(stored, fingerprint(token))


def is_reset_token(connection: Connection, token: str, now: datetime) -> bool:
    """Whether this one-time link may replace an account's password: not for long."""
    made = connection.execute(select(setup_links.c.created_at)).scalar()
    return bool(made and now - made <= RESET_VALID) and is_setup_token(connection, token)


def open_session(connection: Connection, user_agent: str, address: str, now: datetime) -> str:
    """Start a browser session; the returned token goes into the cookie and nowhere else. Those
    unused for `SESSION_IDLE` are forgotten."""
    connection.execute(delete(sessions).where(sessions.c.last_seen_at < now - SESSION_IDLE))
    token = secrets.token_urlsafe(32)
    connection.execute(
        insert(sessions).values(
            token_hash=fingerprint(token),
            user_agent=user_agent[:300],
            address=address[:100],
            created_at=now,
            last_seen_at=now,
        )
    )
    return token


def find_session(connection: Connection, token: str, now: datetime) -> BrowserSession | None:
    """The session behind a cookie, None if it has ended or was not used for `SESSION_IDLE`."""
    row = (
        connection.execute(select(sessions).where(sessions.c.token_hash == fingerprint(token)))
        .mappings()
        .first()
    )
    if row is None or now - row["last_seen_at"] > SESSION_IDLE:
        return None
    names = ("id", "user_agent", "address", "created_at", "last_seen_at")
    return BrowserSession(**{name: row[name] for name in names})


def touch_session(connection: Connection, session_id: int, now: datetime) -> None:
    connection.execute(update(sessions).where(sessions.c.id == session_id).values(last_seen_at=now))


def end_session(connection: Connection, session_id: int) -> bool:
    return connection.execute(delete(sessions).where(sessions.c.id == session_id)).rowcount == 1


def end_other_sessions(connection: Connection, kept: int) -> int:
    return connection.execute(delete(sessions).where(sessions.c.id != kept)).rowcount


def list_sessions(connection: Connection) -> Sequence[BrowserSession]:
    names = ("id", "user_agent", "address", "created_at", "last_seen_at")
    rows = connection.execute(select(sessions).order_by(sessions.c.last_seen_at.desc())).mappings()
    return [BrowserSession(**{name: row[name] for name in names}) for row in rows]
