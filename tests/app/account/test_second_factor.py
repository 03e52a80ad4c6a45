"""Codes: how often, how long and how many of them count."""

from datetime import datetime, timedelta

import pyotp
import pytest
from flask import Flask

from app.account import passwords, second_factor
from app.web.ext import Services
from app.web.throttle import PER_SECOND_FACTOR
from store.account import owner as store
from store.account import second_factor as stored
from tests.app.visitor import Visitor, words

PASSWORD = "four random words here"


WRONG = "This code is wrong, or was used already."


@pytest.fixture(scope="module")
def password_hash() -> str:
    return passwords.hash_password(PASSWORD)


@pytest.fixture
def ana(owner: Visitor, services: Services, password_hash: str) -> Visitor:
    """The owner, signed in, whose password is known, at a time that stands still."""
    now = services.now()
    services.now = lambda: now
    with services.db.write() as connection:
        store.change_password(connection, password_hash)
    return owner


class App:
    """An authenticator app that has the secret."""

    def __init__(self, secret: str, services: Services) -> None:
        self.totp, self.services = pyotp.TOTP(secret), services

    def code(self, steps: int = 0) -> str:
        return self.totp.at(self.services.now(), counter_offset=steps)

    def wait(self, steps: int = 1) -> None:
        later: datetime = self.services.now() + timedelta(seconds=30 * steps)
        self.services.now = lambda: later


@pytest.fixture
def phone(app: Flask, ana: Visitor, services: Services) -> App:
    """The second factor is on; `codes` are its recovery codes."""
    secret = second_factor.make_secret()
    phone = App(secret, services)
    with app.test_request_context(), services.db.write() as connection:
        step = second_factor.find_step(secret, phone.code(), services.now())
        assert step is not None
        phone.codes = stored.switch_on(connection, second_factor.encrypt_secret(secret), step)
    phone.wait()
    return phone


def halfway(app: Flask, path: str = "/login") -> Visitor:
    """Somebody who gave the right password."""
    visitor = Visitor(app)
    answer = visitor.submit(path, username="ana", password=PASSWORD)
    assert answer.status_code == 303 and answer.location.startswith("/login/code")
    return visitor


def enter(visitor: Visitor, code: str, path: str = "/login/code"):
    return visitor.submit(path, code=code)


def test_a_code_works_once(app: Flask, phone: App) -> None:
    one, other = halfway(app), halfway(app)
    assert enter(one, phone.code()).location == "/"
    assert WRONG in words(enter(other, phone.code()))
    phone.wait()
    assert enter(other, phone.code()).location == "/"


@pytest.mark.parametrize(("steps", "is_right"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_clocks_may_differ_by_a_step(app: Flask, phone: App, steps: int, is_right: bool) -> None:
    phone.wait(3)  # no older code of these was used
    assert enter(halfway(app), phone.code(steps)).status_code == (303 if is_right else 422)


def test_a_recovery_code_works_once_and_says_how_many_are_left(app: Flask, phone: App) -> None:
    visitor = halfway(app)
    assert enter(visitor, phone.codes[0].upper()).location == "/"
    assert "That recovery code is used up. Left: 9." in words(visitor.open("/"))
    assert WRONG in words(enter(halfway(app), phone.codes[0]))


def test_guessing_codes_is_slowed_down(app: Flask, phone: App) -> None:
    visitor = halfway(app)
    for _ in range(PER_SECOND_FACTOR):
        assert enter(visitor, "000000").status_code == 422
    answer = enter(visitor, phone.code())
    assert answer.status_code == 429
    assert "Too many attempts" in words(answer)


def test_the_right_code_starts_the_count_anew(app: Flask, phone: App) -> None:
    for _ in range(2):
        visitor = halfway(app)
        for _ in range(PER_SECOND_FACTOR - 1):
            enter(visitor, "000000")
        assert enter(visitor, phone.code()).status_code == 303
        phone.wait()


def test_with_another_secret_key_recovery_codes_still_work(
    app: Flask, phone: App, services: Services
) -> None:
    app.config["SECRET_KEY"] = "another one, and long enough"
    visitor = halfway(app)
    assert WRONG in words(enter(visitor, phone.code()))
    assert enter(visitor, phone.codes[0]).location == "/"
