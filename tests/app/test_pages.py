"""Every page of the panel is listed in tests/support/pages.py, and opens."""

from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.routing import Rule

from app.web.ext import Services
from tests.app.visitor import Visitor
from tests.support.history import Size, live_through
from tests.support.pages import DOORS, NOT_PAGES, PAGES

# They ask for an API key, or nobody at all; no person opens them.
FOR_PROGRAMS = {"api", "metrics", "up", "static"}


def rules(app: Flask) -> Iterator[Rule]:
    """What a browser may open."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] not in FOR_PROGRAMS and "GET" in (rule.methods or ()):
            yield rule


def test_every_page_is_listed(app: Flask) -> None:
    assert {rule.endpoint for rule in rules(app)} == PAGES.keys() | DOORS | NOT_PAGES.keys()
    addresses = app.url_map.bind("")
    for endpoint, path in PAGES.items():
        assert addresses.match(path.partition("?")[0])[0] == endpoint


@pytest.mark.parametrize("size", [None, Size()], ids=["fresh", "used"])
def test_every_page_opens(owner: Visitor, services: Services, size: Size | None) -> None:
    """In a fresh installation there may be nothing to show, or another page to go to."""
    if size:
        with services.db.write() as connection:
            live_through(connection, size, services.now())
    found = {path: owner.open(path).status_code for path in PAGES.values()}
    fine = {200} if size else {200, 303, 404}
    assert {path: status for path, status in found.items() if status not in fine} == {}
