"""One endpoint, described once: the route, the checks and the OpenAPI document all come from it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from flask import Response, abort, current_app, request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from app.api import parameter
from app.api.keys import authorise
from app.api.parameter import Parameter

ID_LIMIT = 2**63 - 1  # a larger number is no row's, and more than a database can read
BODY_LIMIT = 1024 * 1024  # bytes; the longest message, with every character escaped, fits


@dataclass(frozen=True)
class Operation:
    """How a program asks for something, and what it gets. The view runs in a thread of the web
    process."""

    method: str
    path: str  # below /v1, in Flask's spelling
    # Gets the path's parts by name, its parameters, and `body` if there is a model for it.
    handler: Callable[..., BaseModel]
    summary: str
    answer: type[BaseModel]
    scopes: tuple[str, ...] = ()  # any one of them opens it; without any it is open to all
    body: type[BaseModel] | None = None
    status: int = 200
    parameters: Sequence[Parameter] = ()
    problems: Mapping[int, str] = field(default_factory=dict)  # beside those of key and body
    headers: Mapping[str, str] = field(default_factory=dict)  # of a good answer, with what they say

    @property
    def name(self) -> str:
        return self.handler.__name__

    def run(self, **parts: Any) -> Response:
        """The Flask view."""
        authorise(self.scopes)
        if any(isinstance(part, int) and part > ID_LIMIT for part in parts.values()):
            abort(404)
        parts |= parameter.read_all(self.parameters)
        if self.body is not None:
            parts["body"] = read_body(self.body)
        return answer(self.handler(**parts), self.status)


def answer(model: BaseModel, status: int) -> Response:
    return current_app.response_class(
        model.model_dump_json(by_alias=True), status, mimetype="application/json"
    )


def read_body(model: type[BaseModel]) -> BaseModel:
    """Raises 400 for broken JSON, 413, 415, and 422 with a sentence for every bad field."""
    if not request.is_json:
        abort(415, "Send JSON, with Content-Type: application/json.")
    request.max_content_length = BODY_LIMIT
    try:
        return model.model_validate_json(request.get_data())
    except ValidationError as error:
        _refuse(error.errors(include_url=False, include_context=False, include_input=False))


def _refuse(problems: Sequence[ErrorDetails]) -> NoReturn:
    if problems[0]["type"] == "json_invalid":
        abort(400, f"The body can't be read. {problems[0]['msg']}.")
    abort(422, " ".join(_make_sentence(problem) for problem in problems))


def _make_sentence(problem: ErrorDetails) -> str:
    """`stickyTtlMinutes must be a valid integer.`"""
    subject = ".".join(str(part) for part in problem["loc"]) or "The body"
    message = problem["msg"]
    if problem["type"] == "missing":
        return f"{subject} is required."
    if problem["type"] == "value_error":
        return f"{subject}: {message.removeprefix('Value error, ')}"
    if message.startswith("Input should"):
        return f"{subject} must{message.removeprefix('Input should')}."
    return f"{subject}: {message}."
