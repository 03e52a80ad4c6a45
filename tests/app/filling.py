"""A form as a browser sends it, without the page around it."""

from typing import Any, TypeVar

from flask import Flask
from flask_wtf import FlaskForm

F = TypeVar("F", bound=FlaskForm)


def fill(kind: type[F], **typed: Any) -> tuple[F, dict[str, list[str]]]:
    """The form after its validation, and the sentences by field; none when it is valid."""
    app = Flask("forms")
    app.secret_key = "of these tests"
    with app.test_request_context(method="POST", data=typed):
        form = kind(meta={"csrf": False})
        form.validate()
        errors = {name: [str(each) for each in found] for name, found in form.errors.items()}
        return form, errors
