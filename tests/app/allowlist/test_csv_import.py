"""The allowlist out of and into a table."""

import io
import re
from html import unescape

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from app.web.ext import Services
from core.admission.allowlist import Entry, Pattern
from core.admission.allowlist_csv import BYTES
from store import allowlist
from store.account import audit
from tests.app.allowlist.entries import list_entries
from tests.app.visitor import Visitor, tag, words

TABLE = "phone,label,agent\n+15551234567,Countess,finn\n+15550000001,Bob,\n0821,x,\n"


@pytest.fixture
def ada(services: Services) -> Entry:
    with services.db.write() as connection:
        return allowlist.add(connection, Pattern("+15551234567"), "Ada", None, services.now())


def hidden(page, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, f"there is no {name}"
    return unescape(found[1])


def apply(owner: Visitor, page, htmx: bool = False, **changes: str):
    fields = {name: hidden(page, name) for name in ("text", "seen", "show")}
    return send(owner, "/allowlist/import/apply", htmx, **fields | changes)


def send(owner: Visitor, path: str, htmx: bool = False, **fields):
    """As a browser sends this form."""
    boundary, body = encode_multipart({"csrf_token": owner.token(), **fields})
    return owner.client.post(
        path,
        data=body,
        content_type=f"multipart/form-data; boundary={boundary}",
        headers={"HX-Request": "true"} if htmx else {},
    )


def file(content: bytes):
    return FileStorage(io.BytesIO(content), "people.csv")


def test_the_export_is_safe_for_spreadsheets_and_comes_back(
    owner: Visitor, services: Services, ada: Entry
) -> None:
    with services.db.write() as connection:
        allowlist.add(connection, Pattern("*"), "=HYPERLINK(1)", "eric", services.now())
    answer = owner.open("/allowlist/export.csv")
    assert answer.headers["Content-Disposition"] == "attachment; filename=allowlist.csv"
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.data.startswith(b"\xef\xbb\xbfphone,label,agent\r\n")
    assert "'=HYPERLINK(1)" in answer.text and "'+15551234567" in answer.text
    page = send(owner, "/allowlist/import/", file=file(answer.data))
    assert "all of this is on the allowlist already" in words(page)
    assert 'formaction="' not in page.text


@pytest.mark.parametrize("way", ["file", "text"])
def test_looking_and_importing(owner: Visitor, services: Services, ada: Entry, way: str) -> None:
    fields = {"file": file(TABLE.encode())} if way == "file" else {"text": TABLE}
    page = send(owner, "/allowlist/import/", **fields)
    assert page.status_code == 200
    said = words(page)
    assert "1 would be added, 1 would be changed. 1 line can't be used" in said
    assert "Changed Label: Ada becomes Countess; Agent: as in the settings becomes" in said
    assert "3 +15550000001 New Bob" in said
    assert "4 0821 Start with + and the country code" in said
    assert list_entries(services) == {"+15551234567": ("Ada", None)}, (
        "nothing happens before the click"
    )
    assert apply(owner, page).status_code == 303
    assert list_entries(services) == {
        "+15551234567": ("Countess", "finn"),
        "+15550000001": ("Bob", None),
    }
    assert "The import is done: 1 new, 1 changed, 1 refused." in words(owner.open("/allowlist/"))
    with services.db.read() as connection:
        [act] = audit.list_acts(connection)
    assert (act.action, act.detail) == ("allowlist imported", "1 new, 1 changed, 1 refused")


def test_all_of_it_in_place(owner: Visitor, services: Services, ada: Entry) -> None:
    def focus(answer) -> str:
        return answer.headers.get("HX-Trigger-After-Settle", "")

    page = send(owner, "/allowlist/import/", htmx=True, text=TABLE)
    assert page.status_code == 200 and "<html" not in page.text
    assert 'id="import"' in page.text and '"import"' in focus(page)
    kind = send(owner, "/allowlist/import/", htmx=True, text=TABLE, show=["", "refused"])
    assert 'id="show-refused"' in kind.text and not focus(kind)
    leafed = send(owner, "/allowlist/import/", htmx=True, text=TABLE, show="", page="1")
    assert 'id="lines"' in leafed.text and '"lines"' in focus(leafed)
    with services.db.write() as connection:
        allowlist.change(connection, ada.id, ada.pattern, "Lady", None, services.now())
    again = apply(owner, page, htmx=True)
    assert again.status_code == 422 and "Nothing was imported" in words(again)
    done = apply(owner, again, htmx=True)
    assert done.status_code == 200 and '"import"' in focus(done)
    assert "The import is done 1 new, 1 changed, 1 refused." in words(done)
    assert list_entries(services)["+15551234567"] == ("Countess", "finn")


def test_what_changed_meanwhile_is_told_and_nothing_is_imported(
    owner: Visitor, services: Services, ada: Entry
) -> None:
    page = send(owner, "/allowlist/import/", text=TABLE)
    with services.db.write() as connection:
        allowlist.change(connection, ada.id, ada.pattern, "Lady", None, services.now())
    again = apply(owner, page)
    assert again.status_code == 409
    said = words(again)
    assert "Nothing was imported" in said and "Label: Lady becomes Countess" in said
    assert "+15550000001 New" not in said, "that line is as it was"
    assert list_entries(services) == {"+15551234567": ("Lady", None)}
    assert apply(owner, again).status_code == 303
    assert list_entries(services)["+15551234567"] == ("Countess", "finn")


def test_another_text_than_the_one_looked_at_is_not_imported(
    owner: Visitor, services: Services
) -> None:
    page = send(owner, "/allowlist/import/", text="+15550000001,Bob")
    assert apply(owner, page, text="*").status_code == 409
    assert apply(owner, page, seen="").status_code == 409
    assert list_entries(services) == {}


def test_lines_of_one_kind_and_pages(owner: Visitor) -> None:
    text = "".join(f"+1555000{number:04}\n" for number in range(150)) + "nonsense\n"
    page = send(owner, "/allowlist/import/", text=text)
    assert "Page 1 of 2" in words(page) and "nonsense" not in words(page)
    second = send(owner, "/allowlist/import/", text=text, show="", page="2")
    assert "151 nonsense" in words(second)
    refused = send(owner, "/allowlist/import/", text=text, show=["new", "refused"])
    assert "nonsense" in words(refused) and "+15550000000" not in words(refused)
    assert send(owner, "/allowlist/import/", text=text, show="changed").status_code == 200


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({}, "text", "There is nothing in it"),
        ({"text": "label\nAda"}, "text", "The header has no column “phone”."),
        ({"text": "*\n" * 10_001}, "text", "at most 10,000 lines"),
        ({"file": "Özgür".encode("cp1252")}, "file", "not a text file in UTF-8"),
        ({"file": b"*" * (BYTES + 1)}, "file", "at most 1 MB"),
    ],
)
def test_what_is_no_table_is_told_beside_the_field(
    owner: Visitor, fields: dict, field: str, sentence: str
) -> None:
    sent = {name: file(value) if name == "file" else value for name, value in fields.items()}
    answer = send(owner, "/allowlist/import/", **sent)
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert f"{field}-error" in tag(answer, field) and "autofocus" in tag(answer, field)
    sent = {name: file(value) if name == "file" else value for name, value in fields.items()}
    part = send(owner, "/allowlist/import/", htmx=True, **sent)
    assert part.status_code == 422 and "<html" not in part.text and sentence in words(part)


def test_a_large_file_makes_its_way(owner: Visitor, services: Services) -> None:
    """As long as may be, and back from the page with the ends of lines that browsers make."""
    label = "é" * 40
    text = "\n".join(f"+1555{number:07},{label}" for number in range(9_600))
    assert 900_000 < len(text.encode()) < BYTES
    page = send(owner, "/allowlist/import/", file=file(text.encode()))
    assert page.status_code == 200
    sent = hidden(page, "text").replace("\n", "\r\n")
    assert apply(owner, page, text=sent).status_code == 303
    with services.db.read() as connection:
        assert allowlist.read_page(connection, limit=1).total == 9_600


def test_much_more_than_that_is_not_read_at_all(owner: Visitor) -> None:
    answer = send(owner, "/allowlist/import/", file=file(b"*" * (5 * BYTES)))
    assert answer.status_code == 413
    assert "That is too much at once" in words(answer)
    assert owner.submit("/allowlist/", pattern="*" * 300_000).status_code == 413


def test_what_stands_in_a_file_is_text(owner: Visitor) -> None:
    page = send(owner, "/allowlist/import/", text='+15550000001,"<script>alert(1)</script>"')
    assert "<script>alert" not in page.text
