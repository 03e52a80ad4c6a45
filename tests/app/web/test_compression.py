"""What leaves packed, and what does not."""

import gzip
import re
from html import unescape

import pytest
from werkzeug.test import TestResponse

from app.web.ext import Services
from tests.app.visitor import Visitor
from tests.support.history import Size, live_through

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


def test_the_stylesheets_leave_packed(used: Visitor) -> None:
    sheets = [address for address in assets(load(used, "/")) if ".css" in address]
    assert sum(len(load(used, address).data) for address in sheets) < STYLES


def test_a_file_is_the_same_packed_and_unpacked(owner: Visitor) -> None:
    packed = load(owner, "/static/app.js")
    plain = owner.open("/static/app.js")
    assert packed.content_encoding == "gzip" and plain.content_encoding is None
    assert "Accept-Encoding" in packed.vary and "Accept-Encoding" in plain.vary
    assert gzip.decompress(packed.data) == plain.get_data()
    plain.close()
    again = owner.open(
        "/static/app.js", **{"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]}
    )
    again.close()
    assert again.status_code == 304


def test_pages_leave_unpacked(owner: Visitor) -> None:
    """They hold the form's token."""
    assert load(owner, "/").content_encoding is None
