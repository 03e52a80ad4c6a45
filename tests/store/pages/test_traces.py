"""What happened to one message, with its times."""

from datetime import timedelta

from sqlalchemy import update

from store.chats import chats, messages, outbox, turns
from store.chats.turns import Answer, TurnKind
from store.pages import traces
from store.sql.engine import Database
from store.sql.tables import outbox as outbox_table
from tests.store.rows import NOW, chat_with, write

SECOND = timedelta(seconds=1)


def test_every_step_from_phone_to_phone(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        row = write(connection, chat, "A", sent_at=NOW - SECOND)
        kind = TurnKind.AGENT
        given_up = turns.begin(connection, chat.id, [row], NOW + SECOND, kind=kind, request="")
        turns.interrupt(connection, chat.id, NOW + 2 * SECOND)
        turn = turns.begin(connection, chat.id, [row], NOW + 3 * SECOND, kind=kind, request="")
        answer = Answer(["one", "two"], "one two")
        assert turns.finish(connection, turn, chat, answer, NOW + 5 * SECOND)
        table = outbox_table
        first = table.c.text == "one"
        values = {"sent_at": NOW + 6 * SECOND, "delivered_at": NOW + 5 * SECOND}
        connection.execute(update(table).where(first).values(values))
        trace = traces.trace_message(connection, row)
    assert trace and trace.message and trace.message.id == row
    assert [attempt.id for attempt in trace.attempts] == [given_up]
    assert trace.turn and trace.turn.id == turn and len(trace.parts) == 2
    steps = [(step.what, step.number) for step in trace.steps]
    assert steps == [
        ("written", 0),
        ("received", 0),
        ("decided", 0),
        ("attempt", 0),
        ("began", 0),
        ("finished", 0),
        ("queued", 1),
        ("queued", 2),
        ("sent", 1),
        ("delivered", 1),
    ]
    gaps = {step.what: step.gap for step in trace.steps}
    assert gaps["received"] is None, "two clocks"
    assert (gaps["began"], gaps["finished"], gaps["delivered"]) == (
        2 * SECOND,
        2 * SECOND,
        SECOND * 0,
    )


def test_a_message_of_ours_that_answers_none(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        [row] = outbox.add(connection, address="x", texts=["Hi"], now=NOW, chat_id=chat.id)
        trace = traces.trace_sent(connection, chat.id, row)
        assert trace and (trace.message, trace.turn, trace.attempts) == (None, None, ())
        assert [step.what for step in trace.steps] == ["queued"]
        assert traces.trace_sent(connection, chat.id + 1, row) is None
        assert traces.trace_sent(connection, chat.id, 99) is None


def test_what_is_said_in_the_panel_has_no_trace(database: Database) -> None:
    with database.write() as connection:
        chat = chats.begin_in_panel(connection, "finn", NOW)
        messages.write_in_panel(connection, chat, "Hello", "Ana", NOW)
        assert traces.trace_message(connection, 1) is None
        assert traces.trace_message(connection, 99) is None
