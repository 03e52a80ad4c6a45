"""The OpenAPI 3.1 document, made from the operations themselves."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from app.api.operation import ID_LIMIT, Operation
from app.api.problems import OWN_WORDS
from app.api.wire import Problem

_PART = re.compile(r"<(?:(?P<converter>\w+)(?:\(.*?\))?:)?(?P<name>\w+)>")
_ABOUT = """\
One WhatsApp number, many AI agents. Send an API key as `Authorization: Bearer <key>`; keys and \
their scopes are made in the control panel. Refusals are `{"detail": "a sentence"}`."""
_ROW = {"type": "integer", "minimum": 0, "maximum": ID_LIMIT}
_KEY_PROBLEMS = {
    401: "There is no API key, or it is unknown or revoked.",
    403: "The API key lacks the scope.",
    429: "Too many requests with this key, or without a valid one.",
}
_REFUSAL_HEADERS = {
    401: {"WWW-Authenticate": "Bearer"},
    429: {"Retry-After": "How many seconds to wait."},
}
_BODY_PROBLEMS = {
    400: "The body is not JSON.",
    413: OWN_WORDS[413],
    415: "The Content-Type is not application/json.",
    422: "A field has a value that can't be used; the sentence names it.",
}
_PARAMETER_PROBLEMS = {422: "A parameter has a value that can't be used."}
_ROW_PROBLEMS = {404: "There is nothing with this number."}
_AWAY = {503: "The database, Redis or the worker does not answer."}


def make_document(operations: Sequence[Operation]) -> dict[str, Any]:
    schemas = _make_schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        path = "/v1" + _PART.sub(r"{\g<name>}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _describe(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "DjinnBot for WhatsApp", "version": "1.0", "description": _ABOUT},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"apiKey": {"type": "http", "scheme": "bearer"}},
        },
    }


def _describe(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "security": [{"apiKey": [scope]} for scope in operation.scopes],
        "responses": {
            str(operation.status): _describe_response("Done.", operation.answer, operation.headers),
            **{
                str(status): _describe_response(why, Problem, _REFUSAL_HEADERS.get(status, {}))
                for status, why in _list_problems(operation)
            },
        },
    }
    parts = [_describe_part(part) for part in _PART.finditer(operation.path)]
    if parameters := [*parts, *(each.describe() for each in operation.parameters)]:
        described["parameters"] = parameters
    if operation.body:
        described["requestBody"] = {"required": True, "content": _describe_content(operation.body)}
    return described


def _list_problems(operation: Operation) -> Iterable[tuple[int, str]]:
    common = _KEY_PROBLEMS | _AWAY if operation.scopes else {}
    body = _BODY_PROBLEMS if operation.body else {}
    row = _ROW_PROBLEMS if "<int:" in operation.path else {}
    parameters = _PARAMETER_PROBLEMS if operation.parameters else {}
    return sorted((common | parameters | body | row | dict(operation.problems)).items())


def _describe_part(part: re.Match[str]) -> dict[str, Any]:
    schema = _ROW if part["converter"] == "int" else {"type": "string", "minLength": 1}
    return {"name": part["name"], "in": "path", "required": True, "schema": schema}


def _describe_response(
    description: str, model: type[BaseModel], headers: Mapping[str, str]
) -> dict[str, Any]:
    described = {"description": description, "content": _describe_content(model)}
    if headers:
        described["headers"] = {
            name: {"description": says, "schema": {"type": "string"}}
            for name, says in headers.items()
        }
    return described


def _describe_content(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}


def _make_schemas(operations: Sequence[Operation]) -> dict[str, Any]:
    asked: set[tuple[type[BaseModel], JsonSchemaMode]] = {(Problem, "serialization")}
    asked |= {(operation.answer, "serialization") for operation in operations}
    asked |= {(operation.body, "validation") for operation in operations if operation.body}
    _, schema = models_json_schema(
        sorted(asked, key=lambda item: item[0].__name__),
        ref_template="#/components/schemas/{model}",
    )
    found: dict[str, Any] = schema["$defs"]
    return found
