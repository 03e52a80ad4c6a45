"""What runs for every message, or every few seconds, must not read whole tables.

A year of one busy number: the databases are asked how they would do it, not how long it takes.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, text

from core.states import MessageState, PieceState, TurnState
from store import allowlist, link, retention
from store.chats import chats, contexts, held, messages, outbox, people, turns
from store.chats.turns import Answer
from store.pages import overview
from store.sql.engine import Database
from store.sql.tables import chats as chats_table
from store.sql.tables import conversations as conversations_table
from store.sql.tables import messages as messages_table
from store.sql.tables import outbox as outbox_table
from store.sql.tables import people as people_table
from store.sql.tables import turns as turns_table
from tests.store.rows import ADA, LID, NOW

PEOPLE, MESSAGES, TURNS = 500, 10_000, 5_000
LARGE = ("messages", "outbox", "turns", "conversations")
SMALL = ("chats", "people")  # PostgreSQL reads a few pages at once rather than by an index


@pytest.fixture
def busy(database: Database) -> Database:
    with database.write() as connection:
        _fill(connection)
    if database.engine.dialect.name == "postgresql":
        with database.write() as connection:
            connection.execute(text("ANALYZE"))  # as PostgreSQL does by itself; SQLite does not
    return database


def _fill(connection: Connection) -> None:
    crowd = range(1, PEOPLE + 1)
    connection.execute(insert(people_table), [_person(number) for number in crowd])
    connection.execute(
        insert(chats_table), [{"person_id": number, "address": f"{number}@x"} for number in crowd]
    )
    connection.execute(
        insert(conversations_table),
        [{"chat_id": number, "agent": "finn", "opened_at": NOW} for number in crowd],
    )
    connection.execute(insert(turns_table), [_turn(number) for number in range(TURNS)])
    connection.execute(insert(messages_table), [_message(number) for number in range(MESSAGES)])
    connection.execute(insert(outbox_table), [_reply(number) for number in range(TURNS)])


def _person(number: int) -> dict[str, Any]:
    seen = {"first_seen_at": NOW, "last_seen_at": NOW}
    return {"phone": f"+1555{number:07}", "lid": f"{number}@lid", "push_name": "x", **seen}


def _owner(number: int) -> int:
    return 1 + number % PEOPLE


def _turn(number: int) -> dict[str, Any]:
    state = TurnState.RUNNING if number % 1000 == 0 else TurnState.DONE
    chat = _owner(number)
    return {
        "chat_id": chat,
        "conversation_id": chat,
        "kind": "agent",
        "state": state,
        "request": "Hello",
        "history": ["Hello", "Hi"],
        "started_at": NOW,
    }


def _message(number: int) -> dict[str, Any]:
    rare = {
        1: MessageState.WAITING,
        2: MessageState.ANSWERING,
        3: MessageState.RECEIVED,
        4: MessageState.HELD,
    }
    owner = _owner(number)
    return {
        **dict.fromkeys(("account", "chat", "sender"), f"{owner}@x"),
        "message_id": str(number),
        "place": "direct",
        "kind": "text",
        "text": "Hello",
        "push_name": "x",
        "from_me": False,
        "raw": b"x" * 40,
        "state": rare.get(number % 1000, MessageState.ANSWERED),
        "person_id": owner,
        "chat_id": owner,
        "sent_at": NOW,
        "received_at": NOW - timedelta(minutes=number),
    }


def _reply(number: int) -> dict[str, Any]:
    owner = _owner(number)
    return {
        "chat_id": owner,
        "address": f"{owner}@x",
        "text": "Hi",
        "state": PieceState.QUEUED if number % 1000 == 0 else PieceState.SENT,
        "attempts": 1,
        "possibly_twice": False,
        "created_at": NOW,
    }


class Watch:
    """Notes every statement with its parameters, and asks for its plan afterwards."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.statements: list[tuple[str, Any]] = []
        event.listen(database.engine, "before_cursor_execute", self._note)

    def _note(self, connection, cursor, statement, parameters, context, executemany) -> None:
        if statement.split()[0] in ("SELECT", "UPDATE", "DELETE"):
            self.statements.append((statement, parameters))

    def full_reads(self) -> Iterator[str]:
        """The statements that would read a large table from end to end."""
        signs = [f"SCAN {table}" for table in LARGE + SMALL]
        signs += [f"Seq Scan on {table}" for table in LARGE]
        for statement, plan in self.plans():
            if any(sign in plan for sign in signs):
                yield f"{statement}\n{plan}"

    def plans(self) -> Iterator[tuple[str, str]]:
        """Each statement, and how the database would do it."""
        event.remove(self.database.engine, "before_cursor_execute", self._note)
        is_sqlite = self.database.engine.dialect.name == "sqlite"
        explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
        with self.database.read() as connection:
            for statement, parameters in self.statements:
                rows = connection.exec_driver_sql(explain + statement, parameters).all()
                yield statement, "\n".join(str(row[-1]) for row in rows)


def test_nothing_that_runs_often_reads_a_whole_table(busy: Database) -> None:
    watch = Watch(busy)
    with busy.write() as connection:
        assert len(messages.list_undecided(connection)) == 10
        assert len(chats.list_neglected(connection, NOW)) > 0
        assert len(chats.list_expecting(connection, NOW - timedelta(days=30))) > 0
        assert len(outbox.list_heads(connection)) > 0
        chat = chats.get(connection, 2)
        assert chat and len(messages.list_waiting(connection, chat.id)) > 0
        chats.lease(connection, chat.id, "job", NOW, NOW)
        messages.list_unread(connection, NOW - timedelta(days=1))
        conversation = contexts.find_or_open(connection, chat.id, "finn", NOW)
        assert len(contexts.list_past(connection, conversation)) > 1
        assert turns.interrupt(connection, 1, NOW) == TURNS // 1000
        turns.finish(connection, 2, chat, Answer([], ""), NOW)
        outbox.claim(connection, 1, link.raise_fence(connection, 1), NOW)
        outbox.recover(connection, 2)
        person = people.identify(connection, ADA, LID, "Ada", NOW)
        assert person.phone == ADA
        held.list_held(connection, limit=50)
        for rule in retention.RULES:
            if rule.table is not turns_table:  # those begin with conversations, once an hour
                connection.execute(rule.find(NOW).limit(retention.BATCH))
        allowlist.list_matching(connection, ADA, LID)
    assert len(watch.statements) > 15
    assert "\n\n".join(watch.full_reads()) == ""


def test_the_first_page_reads_a_day_of_messages_and_not_all_there_ever_were(busy: Database) -> None:
    if busy.engine.dialect.name == "postgresql":
        pytest.skip("knows how many rows there are of each state, and chooses by that")
    watch = Watch(busy)
    with busy.read() as connection:
        counts = overview.count(connection, NOW, NOW - timedelta(hours=12))
    assert counts.received.day > 1000
    plans = [plan for statement, plan in watch.plans() if "FROM messages" in statement]
    assert len(plans) == 2
    assert all("ix_messages_received_at" in plan for plan in plans), plans
