"""Somebody with a browser, without the browser: follows the forms' rules and reads what comes."""

import re
import secrets
from html import unescape
from typing import Any

from flask import Flask
from flask import session as flask_session
from flask_wtf.csrf import generate_csrf
from werkzeug.test import TestResponse

from app.web.ext import Services
from store.account import owner

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
HTMX = {"HX-Request": "true"}


class Visitor:
    """One browser. `submit` sends a form as the page has it, with its CSRF token."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client = app.test_client()

    def open(self, path: str, htmx: bool = False, **headers: str) -> TestResponse:
        return self.client.get(path, headers=(HTMX if htmx else {}) | headers)

    def submit(
        self, path: str, htmx: bool = False, headers: dict[str, str] | None = None, **fields: Any
    ) -> TestResponse:
        sent = (HTMX if htmx else {}) | (headers or {})
        return self.client.post(path, data={"csrf_token": self.token(), **fields}, headers=sent)

    def token(self) -> str:
        """What the forms of this browser's pages hold, without the time that rendering one takes;
        `tests/app/account/test_sign_in.py` sends the one that a page holds."""
        with self.client.session_transaction() as session:
            kept = session.setdefault("csrf_token", secrets.token_hex(20))
        with self.app.test_request_context():
            flask_session["csrf_token"] = kept
            return generate_csrf()

    def sign_in(self, name: str = "ana") -> None:
        """As after the right password, without the quarter of a second that checking it takes."""
        services: Services = self.app.extensions["djinnbot"]
        now = services.now()
        with services.db.write() as connection:
            owner.create(connection, name, "no password", now)
            token = owner.open_session(connection, "a browser", "127.0.0.1", now)
        with self.client.session_transaction() as session:
            session["token"] = token


def words(response: TestResponse) -> str:
    """What the answer says: its text without tags, each gap one space."""
    text = re.sub(r"<[^>]*>", " ", response.text)
    return " ".join(unescape(text).split())


def tag(response: TestResponse, element_id: str) -> str:
    """The opening tag of the element with this id."""
    found = re.search(rf'<[a-z]+ [^>]*\bid="{element_id}"[^>]*>', response.text)
    assert found, f"there is no #{element_id}"
    return found[0]
