"""What the forms of signing in and of the account refuse, and in which words."""

from typing import Any

import pytest
from flask_wtf import FlaskForm

from app.account.forms import (
    LoginForm,
    NameForm,
    PasswordForm,
    ProofForm,
    SecondStepForm,
    SetupForm,
)
from tests.app.filling import fill

LONG = "x" * 101
GOOD = "long enough"


@pytest.mark.parametrize(
    ("kind", "typed", "errors"),
    [
        (LoginForm, {"username": "ana", "password": " "}, {}),
        (
            LoginForm,
            {},
            {"username": ["Enter your name."], "password": ["Enter your password."]},
        ),
        (SetupForm, {"username": " ana ", "password": GOOD, "confirm": GOOD}, {}),
        (
            SetupForm,
            {"username": LONG, "password": "short", "confirm": "other"},
            {
                "username": ["At most 100 characters."],
                "password": ["Use at least 10 characters."],
                "confirm": ["The two passwords are different."],
            },
        ),
        (
            SetupForm,
            {"username": "  "},
            {
                "username": ["Choose a name."],
                "password": ["Choose a password."],
                "confirm": ["Repeat the password."],
            },
        ),
        (
            SetupForm,
            {"username": "a", "password": "x" * 1001, "confirm": "x" * 1001},
            {"password": ["At most 1000 characters."]},
        ),
        (SecondStepForm, {"code": " 123 456 "}, {}),
        (SecondStepForm, {"code": " "}, {"code": ["Enter the code."]}),
        (SecondStepForm, {"code": LONG}, {"code": ["At most 100 characters."]}),
        (NameForm, {"username": ""}, {"username": ["Enter a name."]}),
        (NameForm, {"username": LONG}, {"username": ["At most 100 characters."]}),
        (PasswordForm, {"password": "old", "new": GOOD, "confirm": GOOD}, {}),
        (
            PasswordForm,
            {"password": "old", "new": "short", "confirm": "short"},
            {"new": ["Use at least 10 characters."]},
        ),
        (
            PasswordForm,
            {"new": GOOD, "confirm": GOOD + "!"},
            {
                "password": ["Enter your present password."],
                "confirm": ["The two passwords are different."],
            },
        ),
        (ProofForm, {"password": "p"}, {"code": ["Enter the code."]}),
        (ProofForm, {"code": "1"}, {"password": ["Enter your password."]}),
    ],
)
def test_each_mistake_has_its_sentence(
    kind: type[FlaskForm], typed: dict[str, Any], errors: dict[str, list[str]]
) -> None:
    assert fill(kind, **typed)[1] == errors


def test_space_around_a_name_or_a_code_is_none_of_it() -> None:
    form, _ = fill(SetupForm, username=" ana ", password=f" {GOOD} ", confirm=f" {GOOD} ")
    assert (form.username.data, form.password.data) == ("ana", f" {GOOD} ")
    assert fill(SecondStepForm, code=" 123 456 ")[0].code.data == "123 456"
