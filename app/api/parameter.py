"""What a request may say beside its path and its body: in the query or in a header."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from flask import abort, request
from pydantic import TypeAdapter, ValidationError


@dataclass(frozen=True)
class Parameter:
    """Never required. The handler gets it as `argument`: its text read as `kind`, a type that
    pydantic knows, or None when it was not sent."""

    place: Literal["query", "header"]
    name: str
    argument: str
    kind: Any
    about: str

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.kind)

    def read(self) -> Any:
        """Raises 422 with a sentence for a value that can't be used."""
        values = request.args if self.place == "query" else request.headers
        text = values.get(self.name)
        if text is None:
            return None
        try:
            return self.adapter.validate_python(text)
        except ValidationError as error:
            message = error.errors(include_url=False)[0]["msg"]
            return abort(422, f"{self.name}: {message.removeprefix('Value error, ')}")

    def describe(self) -> dict[str, Any]:
        """As OpenAPI has it."""
        return {
            "name": self.name,
            "in": self.place,
            "required": False,
            "description": self.about,
            "schema": self.adapter.json_schema(),
        }


def read_all(parameters: Sequence[Parameter]) -> dict[str, Any]:
    return {parameter.argument: parameter.read() for parameter in parameters}
