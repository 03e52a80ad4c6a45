"""Codes from an authenticator app (TOTP, RFC 6238), or recovery codes in their place."""

from datetime import datetime
from enum import Enum

import pyotp
from flask import current_app
from sqlalchemy import Connection

from app.web.throttle import Refusal, Throttle
from store.account import second_factor
from store.account.owner import Owner
from store.sql.cipher import Cipher, Undecipherable

ISSUER = "DjinnBot"
DRIFT = 1  # steps of 30 seconds that the app's clock may be ahead or behind


class Proof(Enum):
    """What kind of code was right."""

    APP = 1
    RECOVERY = 2


def make_secret() -> str:
    return pyotp.random_base32()


def format_uri(secret: str, name: str) -> str:
    """What the QR code holds: https://github.com/google/google-authenticator/wiki/Key-Uri-Format"""
    return pyotp.TOTP(secret, name=name, issuer=ISSUER).provisioning_uri()


def encrypt_secret(secret: str) -> str:
    return _make_cipher().encrypt(secret)


def decrypt_secret(encrypted: str) -> str:
    """Raises `Undecipherable`."""
    return _make_cipher().decrypt(encrypted)


def find_step(secret: str, code: str, now: datetime) -> int | None:
    """The step of time that this code is for; None when it is not of this time or this secret."""
    digits = "".join(code.split())
    try:
        totp = pyotp.TOTP(secret)
        return totp.verify_and_get_timecode(digits, for_time=now, valid_window=DRIFT)
    except pyotp.OTPVerificationError:
        return None


def check_code(connection: Connection, account: Owner, code: str, now: datetime) -> Proof | Refusal:
    """Use up a code. Each call counts as an attempt until one was right."""
    throttle = Throttle.of_second_factor()
    wait = throttle.seconds_to_wait()
    if wait:
        return Refusal.too_many(wait)
    if _use_code(connection, account, code, now):
        proof = Proof.APP
    elif second_factor.use_recovery_code(connection, code):
        proof = Proof.RECOVERY
    else:
        return Refusal("This code is wrong, or was used already.")
    throttle.forget()
    return proof


def _use_code(connection: Connection, account: Owner, code: str, now: datetime) -> bool:
    try:
        step = find_step(decrypt_secret(account.totp_secret or ""), code, now)
    except Undecipherable:
        current_app.logger.error("The second factor was encrypted with another SECRET_KEY")
        return False
    return step is not None and second_factor.use_step(connection, step)


def _make_cipher() -> Cipher:
    return Cipher(current_app.config["SECRET_KEY"], "second factor")
