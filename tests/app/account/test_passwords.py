"""The owner's password: kept as a hash, and guessed at only slowly."""

from dataclasses import replace

import argon2
import pytest
from flask import Flask

from app.account import passwords
from store.account.owner import Owner
from tests.app.visitor import Visitor

RIGHT = "the right password"


@pytest.fixture
def cheap_passwords() -> None:
    """Here it is the real thing."""


@pytest.fixture
def account(app: Flask, owner: Visitor) -> Owner:
    from app.web.ext import db
    from store.account import owner as store

    with app.app_context(), db().read() as connection:
        found = store.load(connection)
    assert found
    return replace(found, password_hash=passwords.hash_password(RIGHT))


def test_a_hash_is_argon2_with_the_costs_that_the_library_advises() -> None:
    made = passwords.hash_password(RIGHT)
    advised = argon2.profiles.RFC_9106_LOW_MEMORY
    assert argon2.extract_parameters(made) == advised
    assert made != passwords.hash_password(RIGHT), "each has salt of its own"
    assert argon2.extract_parameters(passwords._NOBODYS_HASH) == advised, "or the time would tell"


def test_name_and_password_have_to_be_right(app: Flask, account: Owner) -> None:
    with app.test_request_context(environ_base={"REMOTE_ADDR": "192.0.2.1"}):
        check = passwords.find_refusal
        assert check(account, RIGHT) is None and check(account, RIGHT, " ANA ") is None
        wrong = check(account, "wrong")
        assert wrong and wrong.text == "This password is wrong."
        for typed in ((account, "wrong", "ana"), (account, RIGHT, "bob")):
            refused = check(*typed)
            assert refused and refused.text == "Name or password is wrong."
