"""What a browser loads for a page, the first time it opens one."""

import re
from html import unescape

import pytest
from werkzeug.test import TestResponse

from app.web.ext import Services
from tests.app.visitor import Visitor
from tests.support.history import Size, live_through
from tests.support.pages import PAGES

# Bytes, without the stylesheets, which stay in the browser's cache for a year, packed as they are.
MOST, STYLES = 150_000, 120_000


BUSY = Size(people=200, messages=600, longest=200, entries=200, others=60)


_ASSETS = re.compile(r'(?:src|href)="(/static/[^"#]+)')


def assets(page: TestResponse) -> set[str]:
    """The addresses of what the page loads besides itself."""
    return {unescape(address) for address in _ASSETS.findall(page.text)}


def load(visitor: Visitor, address: str) -> TestResponse:
    """The answer, read to its end: a file is closed then."""
    answer = visitor.open(address, **{"Accept-Encoding": "gzip"})
    assert answer.status_code == 200, address
    answer.get_data()
    answer.close()
    return answer


@pytest.fixture
def used(owner: Visitor, services: Services) -> Visitor:
    with services.db.write() as connection:
        live_through(connection, BUSY, services.now())
    return owner


def test_no_page_weighs_much(used: Visitor) -> None:
    weights = {}
    for path in PAGES.values():
        page = load(used, path)
        weights[path] = len(page.data) + sum(
            len(load(used, address).data) for address in assets(page) if ".css" not in address
        )
    assert {path: weight for path, weight in weights.items() if weight > MOST} == {}


def test_what_is_loaded_with_a_page_is_kept(used: Visitor) -> None:
    loaded = assets(load(used, "/"))
    assert len(loaded) >= 5
    for address in loaded:
        assert load(used, address).cache_control.max_age == 365 * 24 * 3600, address
