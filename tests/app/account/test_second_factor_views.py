"""A code on top of the password: switching it on and off, and signing in with it."""

import re

import pytest
from flask import Flask

from app.web.ext import Services
from store.account import audit
from store.account import owner as store
from store.account.second_factor import RECOVERY_CODES
from tests.app.account.authenticator import (
    PASSWORD,
    WRONG_CODE,
    Authenticator,
    enter_code,
    give_password,
)
from tests.app.visitor import Visitor, words


def secret_of(answer) -> str:
    found = re.search(r'id="second-factor-secret">([^<]+)<', answer.text)
    assert found
    return "".join(found[1].split())


def codes_of(answer) -> list[str]:
    found = re.search(r'id="recovery-codes">([^<]+)<', answer.text)
    assert found
    return found[1].split()


def account(services: Services) -> store.Owner:
    with services.db.read() as connection:
        found = store.load(connection)
    assert found
    return found


@pytest.mark.parametrize("htmx", [True, False])
def test_it_counts_once_a_code_was_typed(ana: Visitor, services: Services, htmx: bool) -> None:
    answer = ana.open("/account/second-factor/on", htmx)
    secret = secret_of(answer)
    assert "<svg" in answer.text
    assert account(services).totp_secret is None
    phone = Authenticator(secret, services)
    given = {"password": PASSWORD, "code": phone.code()}
    answer = ana.submit("/account/second-factor/on", htmx, **given)
    if not htmx:
        assert answer.location == "/account/second-factor/codes"
        answer = ana.open(answer.location)
    assert len(codes_of(answer)) == RECOVERY_CODES
    assert ana.open("/account/second-factor/codes").location == "/account/"
    kept = account(services).totp_secret
    assert kept and secret not in kept
    assert "10 are left." in words(ana.open("/account/"))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"code": "000000"}, "This is not the code that the app shows"),
        ({"code": ""}, "Enter the code."),
        ({"password": "wrong"}, "This password is wrong."),
    ],
)
def test_a_wrong_code_keeps_the_secret_on_the_page(
    ana: Visitor, services: Services, given: dict[str, str], sentence: str
) -> None:
    secret = secret_of(ana.open("/account/second-factor/on"))
    right = {"password": PASSWORD, "code": Authenticator(secret, services).code()}
    answer = ana.submit("/account/second-factor/on", **(right | given))
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert secret_of(answer) == secret
    assert account(services).totp_secret is None


def test_the_secret_is_not_readable_in_the_cookie(ana: Visitor) -> None:
    secret = secret_of(ana.open("/account/second-factor/on"))
    with ana.client.session_transaction() as session:
        assert secret not in str(dict(session))


@pytest.mark.parametrize("htmx", [True, False])
def test_switching_it_off_asks_for_both(
    ana: Visitor, phone: Authenticator, services: Services, htmx: bool
) -> None:
    path = "/account/second-factor/off"
    assert "Switch the second factor off?" in words(ana.open(path, htmx))
    wrong = ana.submit(path, htmx, password="wrong", code=phone.code())
    assert "This password is wrong." in words(wrong)
    assert WRONG_CODE in words(ana.submit(path, htmx, password=PASSWORD, code="123"))
    assert account(services).totp_secret
    answer = ana.submit(path, htmx, password=PASSWORD, code=phone.code())
    assert answer.status_code == (200 if htmx else 303)
    assert account(services) == store.Owner("ana", account(services).password_hash)
    assert ana.open(path, htmx).location == "/account/second-factor/"


def test_new_recovery_codes(ana: Visitor, phone: Authenticator, app: Flask) -> None:
    given = {"password": PASSWORD, "code": phone.code()}
    answer = ana.submit("/account/second-factor/codes/new", htmx=True, **given)
    [first, *_] = codes_of(answer)
    visitor = give_password(app)
    assert WRONG_CODE in words(enter_code(visitor, phone.recovery_codes[0]))
    assert enter_code(visitor, first).location == "/"


def test_the_password_alone_opens_nothing(app: Flask, phone: Authenticator) -> None:
    visitor = give_password(app, "/login?next=/people/")
    assert visitor.open("/people/").location.startswith("/login")
    answer = enter_code(visitor, phone.code(), "/login/code?next=/people/")
    assert answer.location == "/people/"
    assert visitor.open("/people/").status_code == 200


def test_before_the_password_is_right_nothing_tells_of_a_second_factor(
    app: Flask, phone: Authenticator
) -> None:
    visitor = Visitor(app)
    answer = visitor.submit("/login", username="ana", password="wrong")
    assert "Name or password is wrong." in words(answer)
    assert visitor.open("/login/code").location == "/login"
    assert enter_code(visitor, phone.code()).location == "/login"


def test_the_code_must_follow_the_password_soon(app: Flask, phone: Authenticator) -> None:
    visitor = give_password(app)
    phone.wait(21)
    assert enter_code(visitor, phone.code()).location == "/login"


def test_a_new_password_ends_what_is_half_done(
    app: Flask, phone: Authenticator, services: Services
) -> None:
    visitor = give_password(app)
    with services.db.write() as connection:
        store.change_password(connection, "another hash")
    assert enter_code(visitor, phone.code()).location == "/login"


def test_what_was_done_is_noted_without_secrets(
    app: Flask, ana: Visitor, phone: Authenticator, services: Services
) -> None:
    enter_code(give_password(app), phone.recovery_codes[0])
    ana.submit("/account/second-factor/off", password=PASSWORD, code=phone.code())
    with services.db.read() as connection:
        acts = audit.list_acts(connection)
    assert [act.action for act in acts] == ["second factor off", "signed in"]
    assert acts[1].detail == "127.0.0.1, with a recovery code"
