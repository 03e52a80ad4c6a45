"""What was done, by whom: filters, pages, and the table."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from app.account.audit_log import BATCH, PAGE
from app.web.ext import Services
from store.account import audit
from tests.app.visitor import Visitor, words

THEN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def acts(services: Services) -> None:
    with services.db.write() as connection:
        for number in range(PAGE + 5):
            at = THEN + timedelta(minutes=number)
            audit.record(connection, "ana", "settings saved", f"version {number}.", at)
        audit.record(connection, "api:shop", "message queued", "+15551234567", THEN)


def table(answer) -> list[list[str]]:
    assert answer.mimetype == "text/csv"
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def test_before_anything_was_done(owner: Visitor) -> None:
    assert "Nothing was done yet" in words(owner.open("/account/audit/"))


@pytest.mark.usefixtures("acts")
def test_pages(owner: Visitor) -> None:
    first = owner.open("/account/audit/")
    assert "message queued" in words(first) and "version 54." in words(first)
    assert "version 5." not in words(first)
    [older] = [part.split('"')[0] for part in first.text.split('href="') if "before=" in part]
    second = words(owner.open(older.replace("&amp;", "&")))
    assert "version 5." in second and "version 6." not in second
    assert "Newest" in second and "Older" not in second


@pytest.mark.usefixtures("acts")
def test_filters(owner: Visitor) -> None:
    answer = owner.open("/account/audit/?actor=api:shop", htmx=True)
    assert "message queued" in words(answer) and "settings saved" not in words(answer)
    assert "<html" not in answer.text
    assert "version 7." in words(owner.open("/account/audit/?action=settings+saved&q=VERSION+7."))
    assert "Nothing found" in words(owner.open("/account/audit/?q=nothing+like+it"))


@pytest.mark.usefixtures("acts")
def test_the_table_has_what_the_page_has_and_no_formulas(owner: Visitor) -> None:
    rows = table(owner.open("/account/audit/audit.csv?actor=api:shop"))
    assert rows == [
        ["time (UTC)", "who", "what", "details"],
        ["2026-03-01 12:00:00", "api:shop", "message queued", "'+15551234567"],
    ]


def test_a_long_log_is_handed_out_whole(owner: Visitor, services: Services) -> None:
    with services.db.write() as connection:
        for number in range(BATCH + 1):
            audit.record(connection, "ana", "settings saved", str(number), THEN)
    rows = table(owner.open("/account/audit/audit.csv"))
    assert [row[3] for row in rows[1:]] == [str(number) for number in range(BATCH, -1, -1)]
