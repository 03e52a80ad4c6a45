"""The owner's second factor and the two steps of signing in with it."""

from datetime import datetime, timedelta

import pyotp
from flask import Flask

from app.web.ext import Services
from tests.app.visitor import Visitor

PASSWORD = "four random words here"
WRONG_CODE = "This code is wrong, or was used already."


class Authenticator:
    """An authenticator app that has the secret. Waiting moves the panel's clock."""

    recovery_codes: list[str]

    def __init__(self, secret: str, services: Services) -> None:
        self.totp, self.services = pyotp.TOTP(secret), services

    def code(self, steps: int = 0) -> str:
        return self.totp.at(self.services.now(), counter_offset=steps)

    def wait(self, steps: int = 1) -> None:
        later: datetime = self.services.now() + timedelta(seconds=30 * steps)
        self.services.now = lambda: later


def give_password(app: Flask, path: str = "/login") -> Visitor:
    """A visitor who gave the right password and no code yet."""
    visitor = Visitor(app)
    answer = visitor.submit(path, username="ana", password=PASSWORD)
    assert answer.status_code == 303 and answer.location.startswith("/login/code")
    return visitor


def enter_code(visitor: Visitor, code: str, path: str = "/login/code"):
    return visitor.submit(path, code=code)
