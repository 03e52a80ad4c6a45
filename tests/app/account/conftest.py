"""The owner's account, with a password that is known and with a second factor."""

import pytest
from flask import Flask

from app.account import passwords, second_factor
from app.web.ext import Services
from store.account import owner as store_owner
from store.account import second_factor as stored
from tests.app.account.authenticator import PASSWORD, Authenticator
from tests.app.visitor import Visitor


@pytest.fixture
def ana(owner: Visitor, services: Services) -> Visitor:
    """The owner, signed in, whose password is known, at a time that stands still.

    The hash is made in each test: one of a wider scope would be made before the costs are lowered,
    and each check of it would take the full time again."""
    now = services.now()
    services.now = lambda: now
    with services.db.write() as connection:
        store_owner.change_password(connection, passwords.hash_password(PASSWORD))
    return owner


@pytest.fixture
def phone(app: Flask, ana: Visitor, services: Services) -> Authenticator:
    """The second factor is on."""
    secret = second_factor.make_secret()
    phone = Authenticator(secret, services)
    with app.test_request_context(), services.db.write() as connection:
        step = second_factor.find_step(secret, phone.code(), services.now())
        assert step is not None
        encrypted = second_factor.encrypt_secret(secret)
        phone.recovery_codes = list(stored.switch_on(connection, encrypted, step))
    phone.wait()
    return phone
