"""A conversation to take away, in each form."""

import csv
import io
import json
import re

import pytest

from app.web.ext import Services
from core.messages.message import Kind
from store.account import audit
from store.pages.transcripts import PAGE
from tests.app.talking import Talk, talk
from tests.app.visitor import Visitor, words


@pytest.fixture
def ana(services: Services) -> Talk:
    return talk(services, name="Ana <&>")


def export(owner: Visitor, talk: Talk, kind: str) -> str:
    answer = owner.open(f"/conversations/{talk.id}/export.{kind}")
    assert answer.status_code == 200
    assert re.fullmatch(
        rf'attachment; filename="conversation-{talk.id}-\d{{4}}-\d\d-\d\d\.{kind}"',
        answer.headers["Content-Disposition"],
    )
    return answer.text


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_a_page_that_needs_nothing_else(owner: Visitor, ana: Talk) -> None:
    ana.answered("<script>alert(1)</script>", "<img src=x>", model="custom/large")
    ana.hears("", kind=Kind.DOCUMENT, facts={"name": "<b>.pdf"})
    page = export(owner, ana, "html")
    assert page.startswith("<!doctype html>") and page.rstrip().endswith("</html>")
    assert "<script" not in page and "<img" not in page and "<b>" not in page
    assert not re.search(r"<[^>]*(src|href)=|url\(|@import", page)
    assert "Conversation with Ana &lt;&amp;&gt;" in page and "body { max-width" in page
    assert "custom/large" in page and "[Document &lt;b&gt;.pdf]" in page


def test_data_for_programs(owner: Visitor, ana: Talk) -> None:
    ana.answered("Hello", "Hi “there”", input_tokens=3)
    ana.starts_afresh()
    ana.sends("By hand")
    found = json.loads(export(owner, ana, "json"))
    assert found["person"] == {"phone": "+15550002001", "lid": None, "name": "Ana <&>"}
    pieces = [(each["from"], each["kind"], each.get("text")) for each in found["messages"]]
    assert pieces == [
        ("person", "text", "Hello"),
        ("agent", "text", "Hi “there”"),
        ("djinnbot", "turn", None),
        ("djinnbot", "fresh", None),
        ("owner", "text", "By hand"),
    ]
    assert found["messages"][2]["input_tokens"] == 3


def test_a_conversation_without_a_word(owner: Visitor, ana: Talk) -> None:
    assert json.loads(export(owner, ana, "json"))["messages"] == []
    assert rows(export(owner, ana, "csv")) == []
    assert "</html>" in export(owner, ana, "html")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\n=1"])
def test_a_table_holds_no_formula(owner: Visitor, ana: Talk, text: str) -> None:
    ana.hears(text)
    [row] = rows(export(owner, ana, "csv"))
    assert row["text"] == f"'{text}"


def test_a_table_keeps_lines_and_quotes(owner: Visitor, ana: Talk) -> None:
    ana.answered('He said "no",\nthen left', "So be it")
    said, reply, turn = rows(export(owner, ana, "csv"))
    assert said["text"] == 'He said "no",\nthen left' and said["name"] == "Ana <&>"
    assert (reply["from"], reply["agent"], reply["state"]) == ("agent", "finn", "queued")
    assert (turn["kind"], turn["model"]) == ("turn", "demo/echo")


def test_long_ones_are_whole(owner: Visitor, ana: Talk) -> None:
    size = PAGE + 5
    for number in range(size):
        ana.answered(f"message {number}", f"answer {number}")
    found = rows(export(owner, ana, "csv"))
    texts = [row["text"] for row in found if row["kind"] == "text"]
    assert texts == [part for n in range(size) for part in (f"message {n}", f"answer {n}")]
    assert sum(row["kind"] == "turn" for row in found) == size


def test_who_took_it_is_written_down(owner: Visitor, ana: Talk) -> None:
    export(owner, ana, "csv")
    with ana.services.db.read() as connection:
        [act] = audit.list_acts(connection, 1)
    assert (act.action, act.detail) == ("conversation exported", f"chat {ana.id}, as csv")


def test_other_kinds_are_not_found(owner: Visitor, ana: Talk) -> None:
    answer = owner.open(f"/conversations/{ana.id}/export.exe")
    assert answer.status_code == 404 and "no such page" in words(answer)
