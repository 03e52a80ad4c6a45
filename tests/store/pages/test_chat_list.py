"""The list of chats on a busy number: quick, however it is narrowed down. What it shows is tried
through the page, in tests/app/conversations/."""

import pytest

from store.chats import chats
from store.pages import chat_list, traces, transcripts
from store.pages.chat_list import PAGE, Show, Wanted
from store.pages.transcripts import Cursor
from store.sql.engine import Database
from tests.store.rows import NOW
from tests.store.test_plans import Watch, busy

__all__ = ["busy"]


def test_no_list_reads_a_whole_table(busy: Database, subtests: pytest.Subtests) -> None:
    all_wanted = [Wanted(), *(Wanted(show=show) for show in Show), Wanted(agent="finn", person=7)]
    for wanted in all_wanted:
        with subtests.test(wanted=wanted):
            watch = Watch(busy)
            with busy.read() as connection:
                chat_list.load(connection, wanted, NOW, skip=PAGE)
                chat_list.load(connection, wanted, NOW)
                assert chat_list.is_there_any(connection)
            assert "\n\n".join(watch.full_reads()) == ""


def test_no_transcript_reads_a_whole_table(busy: Database) -> None:
    watch = Watch(busy)
    with busy.read() as connection:
        chat = chats.get(connection, 7)
        assert chat
        page = transcripts.read_page(connection, chat)
        assert len(page.items) > 20
        transcripts.read_page(connection, chat, Cursor(5000, 2500))
        transcripts.read_onwards(connection, 7, Cursor(100, 100))
        transcripts.read_open_end(connection, chat)
        traces.trace_message(connection, 7)
        traces.trace_sent(connection, 8, 7)
    # PostgreSQL reads five hundred conversations at once rather than by an index.
    found = [plan for plan in watch.full_reads() if "Seq Scan on conversations" not in plan]
    assert found == []


def test_searching_takes_as_many_statements_as_not_searching(busy: Database) -> None:
    counts = []
    for text in ("", "hello"):
        watch = Watch(busy)
        with busy.read() as connection:
            rows, has_more = chat_list.load(connection, Wanted(text), NOW)
        assert len(rows) == PAGE and has_more
        counts.append(len(watch.statements))
    assert counts == [4, 8]
