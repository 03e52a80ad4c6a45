"""A program that calls the API, and holds it to its own description in every answer it gets."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from flask import Flask
from pydantic import BaseModel
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from app.api import OPERATIONS, openapi
from app.api.operation import Operation
from app.api.wire import Problem
from app.web.ext import Services
from store.account import api_keys
from store.redis.live import Live, Request, Wish
from store.sql.engine import Database

Script = Callable[[Request], None]


@dataclass
class Api:
    """One program with one key. `call` returns the answer; `get`, `post` ... insist that it is
    what `Operation.status` promises and return its JSON."""

    app: Flask
    database: Database
    live: Live
    key: str

    @property
    def services(self) -> Services:
        found: Services = self.app.extensions["djinnbot"]
        return found

    def call(self, method: str, path: str, body: object = None, **options: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        headers |= options.pop("headers", {})
        if body is not None:
            options["json"] = body
        response = self.app.test_client().open(
            f"/v1{path}", method=method, headers=headers, **options
        )
        check(self.app, method, f"/v1{path}", response)
        return response

    def ask(self, method: str, path: str, body: object = None) -> Any:
        response = self.call(method, path, body)
        assert response.status_code in (200, 202), response.text
        return response.json

    def get(self, path: str) -> Any:
        return self.ask("GET", path)

    def post(self, path: str, body: object = None) -> Any:
        return self.ask("POST", path, body)

    def put(self, path: str, body: object) -> Any:
        return self.ask("PUT", path, body)

    def delete(self, path: str) -> Any:
        return self.ask("DELETE", path)

    def refused(self, status: int, method: str, path: str, body: object = None) -> str:
        """The sentence of a refusal with this code."""
        response = self.call(method, path, body)
        assert response.status_code == status, response.text
        return str(response.json["detail"])

    def with_scopes(self, *scopes: str) -> "Api":
        with self.database.write() as connection:
            key = api_keys.create(connection, "program", scopes, datetime.now(UTC))
        return Api(self.app, self.database, self.live, key)

    def with_key(self, key: str) -> "Api":
        return Api(self.app, self.database, self.live, key)


def check(app: Flask, method: str, path: str, response: TestResponse) -> None:
    """Every answer is JSON as the operation describes it, and leaves nothing in a browser."""
    assert response.mimetype == "application/json", response.text
    assert response.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in response.headers
    if response.status_code >= 400:
        conforms(Problem, response.json)
    if operation := operation_at(app, method, path):
        described = describe_api()["paths"][openapi_path(operation)][method.lower()]["responses"]
        assert str(response.status_code) in described, f"{response.status_code} is not described"
        if response.status_code < 400:
            conforms(operation.answer, response.json)


def conforms(model: type[BaseModel], given: Any) -> None:
    """Exactly the fields of the model, with exactly their types."""
    read = model.model_validate_json(json.dumps(given), strict=True)
    assert json.loads(read.model_dump_json(by_alias=True)) == given


def operation_at(app: Flask, method: str, path: str) -> Operation | None:
    try:
        endpoint, _ = app.url_map.bind("localhost").match(path, method)
    except HTTPException:
        return None
    return next(each for each in OPERATIONS if endpoint == f"api.{each.name}")


def openapi_path(operation: Operation) -> str:
    """`/v1/whatsapp/allowlist/{entry_id}`, from the parts between the slashes."""
    parts = [
        "{" + part.rstrip(">").split(":")[-1].lstrip("<") + "}" if part.startswith("<") else part
        for part in operation.path.split("/")
    ]
    return "/v1" + "/".join(parts)


@cache
def describe_api() -> Any:
    """The same in every installation; `test_openapi.py` compares it with what is served."""
    return openapi.make_document(OPERATIONS)


def document(app: Flask) -> Any:
    return app.test_client().get("/v1/openapi.json").json


@contextmanager
def worker(live: Live, scripts: Mapping[Wish, Script]) -> Iterator[Sequence[Request]]:
    """A thread in the worker's place: for each request it plays the script of its wish. Yields
    the requests it has taken so far."""
    taken: list[Request] = []
    ended = threading.Event()

    def play() -> None:
        while not ended.is_set():
            if request := live.take_request(0.05):
                taken.append(request)
                scripts[request.wish](request)

    thread = threading.Thread(target=play)
    thread.start()
    try:
        yield taken
    finally:
        ended.set()
        thread.join()
