"""Codes: how often, how long and how many of them count."""

import pytest
from flask import Flask

from app.web.ext import Services
from app.web.throttle import PER_SECOND_FACTOR
from tests.app.account.authenticator import WRONG_CODE, Authenticator, enter_code, give_password
from tests.app.visitor import words


def test_a_code_works_once(app: Flask, phone: Authenticator) -> None:
    one, other = give_password(app), give_password(app)
    assert enter_code(one, phone.code()).location == "/"
    assert WRONG_CODE in words(enter_code(other, phone.code()))
    phone.wait()
    assert enter_code(other, phone.code()).location == "/"


@pytest.mark.parametrize(("steps", "is_right"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_clocks_may_differ_by_a_step(
    app: Flask, phone: Authenticator, steps: int, is_right: bool
) -> None:
    phone.wait(3)  # no older code of these was used
    assert enter_code(give_password(app), phone.code(steps)).status_code == (
        303 if is_right else 422
    )


def test_a_recovery_code_works_once_and_says_how_many_are_left(
    app: Flask, phone: Authenticator
) -> None:
    visitor = give_password(app)
    assert enter_code(visitor, phone.recovery_codes[0].upper()).location == "/"
    assert "That recovery code is used up. Left: 9." in words(visitor.open("/"))
    assert WRONG_CODE in words(enter_code(give_password(app), phone.recovery_codes[0]))


def test_guessing_codes_is_slowed_down(app: Flask, phone: Authenticator) -> None:
    visitor = give_password(app)
    for _ in range(PER_SECOND_FACTOR):
        assert enter_code(visitor, "000000").status_code == 422
    answer = enter_code(visitor, phone.code())
    assert answer.status_code == 429
    assert "Too many attempts" in words(answer)


def test_the_right_code_starts_the_count_anew(app: Flask, phone: Authenticator) -> None:
    for _ in range(2):
        visitor = give_password(app)
        for _ in range(PER_SECOND_FACTOR - 1):
            enter_code(visitor, "000000")
        assert enter_code(visitor, phone.code()).status_code == 303
        phone.wait()


def test_with_another_secret_key_recovery_codes_still_work(
    app: Flask, phone: Authenticator, services: Services
) -> None:
    app.config["SECRET_KEY"] = "another one, and long enough"
    visitor = give_password(app)
    assert WRONG_CODE in words(enter_code(visitor, phone.code()))
    assert enter_code(visitor, phone.recovery_codes[0]).location == "/"
