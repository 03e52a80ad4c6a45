"""A list is shown a page at a time, and never an empty page of a list that has rows."""

import pytest
from flask import Flask

from app.web.paging import LAST, Page, parse_page_number, read_page

ROWS = list("abcdefg")


def read(skip: int, limit: int) -> tuple[list[str], int]:
    return ROWS[skip : skip + limit], len(ROWS)


@pytest.mark.parametrize(
    ("number", "page"),
    [
        (1, Page(["a", "b", "c"], 7, 1, 3)),
        (3, Page(["g"], 7, 3, 3)),
        (9, Page(["g"], 7, 3, 3)),
    ],
)
def test_the_last_page_stands_for_those_behind_it(number: int, page: Page[str]) -> None:
    assert read_page(read, number, 3) == page


def test_an_empty_list_has_one_page() -> None:
    def read_nothing(skip: int, limit: int) -> tuple[list[str], int]:
        return [], 0

    assert read_page(read_nothing, 5, 3) == Page([], 0, 1, 1)


@pytest.mark.parametrize(
    ("query", "number"),
    [("", 1), ("?page=3", 3), ("?page=0", 1), ("?page=-2", 1), ("?page=x", 1)],
)
def test_the_address_says_which(query: str, number: int) -> None:
    with Flask(__name__).test_request_context(f"/{query}"):
        assert parse_page_number() == number


def test_nonsense_is_cut() -> None:
    with Flask(__name__).test_request_context("/?page=99999999999999999999"):
        assert parse_page_number() == LAST
