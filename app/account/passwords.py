"""The owner's password: kept as an Argon2 hash, guessed at only slowly."""

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from flask import request

from app.web.throttle import Refusal, Throttle
from store.account.owner import Owner

_hasher = PasswordHasher()
# Checked when the name is wrong, so that a wrong name takes as long as a wrong password.
_NOBODYS_HASH = (
    "$argon2id$v=19$m=65536,t=3,p=4$VE4rKCD5CQUaKD1dhnZ3qA$"
    "UMUMncHD0MGItY8HsfFkI+lFLzJPGAgay3SLwOOvWi4"
)


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def get_login_throttle(name: str) -> Throttle:
    return Throttle.of_login(request.remote_addr or "", name)


def find_refusal(account: Owner, password: str, name: str | None = None) -> Refusal | None:
    """Why these don't open the account; None when they do. Without a name the owner is signed in.
    Each call counts as an attempt until `get_login_throttle(name).forget()`."""
    typed = account.name if name is None else name
    wait = get_login_throttle(typed).seconds_to_wait()
    if wait:
        return Refusal.too_many(wait)
    if _is_right(account, typed, password):
        return None
    return Refusal("This password is wrong." if name is None else "Name or password is wrong.")


def _is_right(account: Owner, name: str, password: str) -> bool:
    known = name.strip().casefold() == account.name.casefold()
    try:
        _hasher.verify(account.password_hash if known else _NOBODYS_HASH, password)
    except (Argon2Error, InvalidHashError):
        return False
    return known
