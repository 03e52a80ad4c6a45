"""Without signing in, or an API key, nothing is shown and nothing happens: all routes at once.

A new route is asked for here like all others; one that is open to the world is entered in `PUBLIC`
with its reason."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app.web.ext import Services
from store.account import owner
from store.sql.tables import metadata
from tests.app.api.program import check
from tests.app.visitor import HTMX, Visitor
from tests.support.history import Size, live_through
from tests.support.pages import NOT_PAGES, PAGES

PUBLIC = {
    "static": "style sheets, scripts and pictures, the same in every installation",
    "auth.log_in": "the way in",
    "auth.enter_code": "the way in, with a second factor",
    "auth.set_up": "the one-time link: its token is the key",
    "auth.choose_theme": "a cookie of the visitor's own browser",
    "up.check_alive": "monitoring: whether the process answers",
    "up.check_ready": "monitoring: which process is missing, in fixed sentences",
    "api.read_openapi": "the description of the API, the same in every installation",
}
FOR_KEYS = ("api", "metrics")  # they look for an API key, and never at a browser's session
SECRETS = (
    "Person 1",
    "Which database",
    "Label 1",
    "Program 1",
)  # as `tests/support/history.py` writes them
SAMPLES = {"agent_id": "finn", "name": "openai", "kind": "html", "trial_id": "1"}


def routes(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Each rule that is not public, with each of its methods."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint not in PUBLIC:
            for method in sorted((rule.methods or set()) - {"OPTIONS"}):
                yield rule, method


def address(app: Flask, rule: Rule) -> str:
    """One with something behind it, as far as `tests/support/history.py` has made it."""
    if rule.endpoint in PAGES:
        return PAGES[rule.endpoint]
    values = {name: SAMPLES.get(name, 2) for name in rule.arguments}
    return app.url_map.bind("localhost").build(rule.endpoint, values, method=None)


@pytest.fixture
def visitor(app: Flask, stranger: Visitor, services: Services) -> Visitor:
    """A stranger at an installation in use, whose forms have a good CSRF token."""
    with services.db.write() as connection:
        live_through(connection, Size(), services.now())
        owner.create(connection, "ana", "no password", services.now())
    return stranger


def is_refused(rule: Rule, method: str, answer: TestResponse, htmx: bool) -> bool:
    if rule.endpoint.partition(".")[0] in FOR_KEYS:
        asks = answer.headers.get("WWW-Authenticate") == "Bearer"
        is_said = method == "HEAD" or "Authorization: Bearer" in answer.get_json()["detail"]
        return answer.status_code == 401 and asks and is_said
    if htmx:
        moves = answer.headers.get("HX-Redirect", "").partition("?")[0] == "/login"
        return answer.status_code == 401 and moves and not answer.data
    return answer.status_code == 303 and answer.location.partition("?")[0] == "/login"


def contents(services: Services) -> dict[str, list[tuple[object, ...]]]:
    with services.db.read() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }


@pytest.mark.parametrize("htmx", [False, True])
def test_strangers_see_and_change_nothing(
    app: Flask, visitor: Visitor, services: Services, htmx: bool
) -> None:
    before, token = contents(services), visitor.token()
    let_in = []
    for number, (rule, method) in enumerate(routes(app)):
        path = address(app, rule)
        answer = visitor.client.open(
            path,
            method=method,
            headers=HTMX if htmx else {},
            data={"csrf_token": token} if method not in ("GET", "HEAD") else None,
            # Another each time: many wrong keys of one address are slowed down.
            environ_base={"REMOTE_ADDR": f"192.0.2.{number % 250}"},
        )
        if rule.endpoint.startswith("api.") and method != "HEAD":
            check(app, method, path, answer)
        is_silent = not any(secret in answer.text for secret in SECRETS)
        if not (is_silent and is_refused(rule, method, answer, htmx)):
            let_in.append(f"{method} {path} ({rule.endpoint}): {answer.status}")
    assert let_in == []
    assert contents(services) == before


def test_what_is_public_is_there(app: Flask) -> None:
    """An entry that outlives its route would open the next one of that name unseen."""
    assert PUBLIC.keys() <= {rule.endpoint for rule in app.url_map.iter_rules()}
    assert not PUBLIC.keys() & (PAGES.keys() | NOT_PAGES.keys())
