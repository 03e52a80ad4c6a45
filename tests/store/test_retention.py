"""What is let go of after its time, and what never is."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Table, insert, null, select, update

from core.agents.routing import Why
from core.messages.message import Kind, Reason
from core.states import MessageState
from store import retention
from store.account import api_keys, audit
from store.chats import contexts, messages, outbox, sends, turns
from store.chats.contexts import Context
from store.chats.turns import Answer, TurnKind
from store.retention import Rule
from store.sql import tables
from store.sql.engine import Database
from tests.store.rows import ADA, NOW, chat_with, column, count, inbound, write

DAY = timedelta(days=1)


def rule(name: str) -> Rule:
    [found] = (each for each in retention.RULES if each.name == name)
    return found


def let_go(database: Database, name: str, now: datetime) -> int:
    return retention.let_go(database, rule(name), now)


def values(database: Database, table: Table, name: str) -> Sequence[Any]:
    with database.read() as connection:
        return column(connection, table, name)


def turn(connection: Connection, conversation: Context, now: datetime) -> int:
    """An agent's answer that a model would be shown again."""
    chat = chat_with(connection)
    row = write(connection, chat, f"M{now}", now=now)
    made = turns.begin(
        connection,
        chat.id,
        [row],
        now,
        kind=TurnKind.AGENT,
        request="Hello",
        conversation_id=conversation.id,
        agent="finn",
        why=Why.FALLBACK,
    )
    turns.finish(connection, made, chat, Answer(["Hi"], "Hi", history=["Hello", "Hi"]), now)
    return made


def test_old_acts_leave_the_audit_log_in_batches(database: Database) -> None:
    old = [
        {"at": NOW - retention.AUDIT - DAY, "actor": "ana", "action": "x", "detail": str(number)}
        for number in range(retention.BATCH + 1)
    ]
    with database.write() as connection:
        connection.execute(insert(tables.audit), old)
        audit.record(connection, "ana", "kept", "", NOW - retention.AUDIT + DAY)
    assert let_go(database, "audit", NOW) == retention.BATCH
    assert let_go(database, "audit", NOW) == 1
    assert let_go(database, "audit", NOW) == 0
    assert values(database, tables.audit, "action") == ["kept"]


def test_an_idempotency_key_can_be_used_again_and_its_send_stays(database: Database) -> None:
    with database.write() as connection:
        secret = api_keys.create(connection, "CI", ["send"], NOW)
        key = api_keys.find(connection, secret)
        assert key

        def send(now: datetime) -> int | None:
            return sends.begin(
                connection,
                agent="finn",
                address="a@x",
                digest="d",
                now=now,
                api_key_id=key.id,
                idempotency_key="build-1",
            )

        first = send(NOW)
        assert first
        outbox.add(connection, address="a@x", texts=["hi"], now=NOW, send_id=first)
    assert let_go(database, "idempotency keys", NOW + retention.IDEMPOTENCY_KEYS) == 0
    late = NOW + retention.IDEMPOTENCY_KEYS + DAY
    assert let_go(database, "idempotency keys", late) == 1
    assert let_go(database, "idempotency keys", late) == 0
    with database.write() as connection:
        assert sends.find(connection, key.id, "build-1") is None
        assert sends.read_progress(connection, first)
        assert send(late), "a new message by now"


@pytest.mark.parametrize("state", [MessageState.IGNORED, MessageState.HELD, MessageState.ANSWERED])
def test_only_the_protobuf_of_ignored_messages_goes(
    database: Database, state: MessageState
) -> None:
    with database.write() as connection:
        write(connection, chat_with(connection), "M1", state, raw=b"protobuf")
    is_ignored = state is MessageState.IGNORED
    assert let_go(database, "raw messages", NOW + retention.RAW) == 0
    assert let_go(database, "raw messages", NOW + retention.RAW + DAY) == is_ignored
    assert let_go(database, "raw messages", NOW + retention.RAW + DAY) == 0
    assert values(database, tables.messages, "text") == ["Hello"]
    assert values(database, tables.messages, "raw") == [b"" if is_ignored else b"protobuf"]


def test_what_nobody_said_goes_and_what_somebody_said_stays(database: Database) -> None:
    with database.write() as connection:
        for message_id, kind, reason in (
            ("P1", Kind.PROTOCOL, Reason.PROTOCOL),
            ("G1", Kind.TEXT, Reason.GROUP),
            ("M1", Kind.TEXT, Reason.NOT_ALLOWED),
        ):
            messages.receive(connection, inbound(message_id, kind=kind), NOW)
            row = messages.list_undecided(connection)[-1].id
            messages.record_decision(
                connection, row, MessageState.IGNORED, reason, NOW, keep_text=False
            )
    assert let_go(database, "service messages", NOW + retention.SERVICE) == 0
    assert let_go(database, "service messages", NOW + retention.SERVICE + DAY) == 1
    assert values(database, tables.messages, "message_id") == ["G1", "M1"]


def test_the_history_of_a_closed_conversation_goes_and_the_turns_stay(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        old = contexts.find_or_open(connection, chat.id, "finn", NOW)
        turn(connection, old, NOW)
        new = contexts.start_afresh(connection, old, NOW + DAY)
        turn(connection, new, NOW + 2 * DAY)
    assert let_go(database, "closed histories", NOW + retention.HISTORY + DAY) == 0
    late = NOW + retention.HISTORY + 9 * DAY
    assert let_go(database, "closed histories", late) == 1
    assert let_go(database, "closed histories", late) == 0
    assert values(database, tables.turns, "history") == [None, ["Hello", "Hi"]]
    assert values(database, tables.turns, "reply") == ["Hi", "Hi"]
    with database.read() as connection:
        empty = select(tables.turns.c.id).where(tables.turns.c.history.is_(null()))
        assert len(connection.scalars(empty).all()) == 1, "none at all, and not JSON's null"


def test_the_history_that_a_summary_covers_goes(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        conversation = contexts.find_or_open(connection, chat.id, "finn", NOW)
        first = turn(connection, conversation, NOW)
        turn(connection, conversation, NOW + DAY)
        contexts.summarise(connection, conversation.id, "They said hello.", first)
    late = NOW + retention.HISTORY + 9 * DAY
    assert let_go(database, "summarised histories", NOW + retention.HISTORY) == 0
    assert let_go(database, "summarised histories", late) == 1
    assert values(database, tables.turns, "history") == [None, ["Hello", "Hi"]]
    with database.read() as connection:
        kept = contexts.find_or_open(connection, chat.id, "finn", late)
        assert len(contexts.list_past(connection, kept)) == 1


def test_nothing_that_was_said_ever_goes(database: Database) -> None:
    """However old, in whatever state."""
    with database.write() as connection:
        chat = chat_with(connection)
        for number, state in enumerate(MessageState):
            if state is not MessageState.RECEIVED:
                write(connection, chat, f"M{number}", state, raw=b"protobuf")
        conversation = contexts.find_or_open(connection, chat.id, "finn", NOW)
        turn(connection, conversation, NOW)
        connection.execute(update(tables.outbox).values(state="sent"))
        contexts.start_afresh(connection, conversation, NOW)
        said = [tables.messages, tables.turns, tables.outbox, tables.conversations, tables.people]
        before = [count(connection, table) for table in said]
        texts = column(connection, tables.messages, "text")
    for each in retention.RULES:
        retention.let_go(database, each, NOW + timedelta(days=10_000))
    with database.read() as connection:
        assert [count(connection, table) for table in said] == before
        assert column(connection, tables.messages, "text") == texts
        assert column(connection, tables.people, "phone") == [ADA]
