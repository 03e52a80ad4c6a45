"""Lists that are shown a page at a time; templates/_pages.html leads from one to the next."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from flask import request

LAST = 10_000  # pages: an address that asks for more asks for nonsense

Row = TypeVar("Row")


@dataclass(frozen=True)
class Page(Generic[Row]):
    rows: Sequence[Row]
    found: int  # how many rows all pages have
    number: int  # counted from 1
    pages: int


def parse_page_number(parameter: str = "page") -> int:
    """Which page the address or the form asks for."""
    return min(max(request.values.get(parameter, 1, type=int), 1), LAST)


def read_page(read: Callable[..., tuple[Sequence[Row], int]], number: int, size: int) -> Page[Row]:
    """The page with this number; the last one if there are not so many (any more).

    `read` takes `skip` and `limit`, and returns these rows and the number of all.
    """
    rows, found = read(skip=size * (number - 1), limit=size)
    pages = max(-(-found // size), 1)
    if number > pages:
        number = pages
        rows, found = read(skip=size * (number - 1), limit=size)
    return Page(rows, found, number, pages)
