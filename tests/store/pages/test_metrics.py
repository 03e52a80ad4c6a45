"""What is counted for Prometheus."""

from sqlalchemy import update

from core.messages.message import Reason
from core.states import MessageState, PieceState
from store.chats import outbox, turns
from store.chats.turns import Answer, TurnKind
from store.pages import metrics
from store.sql.engine import Database
from store.sql.tables import messages
from store.sql.tables import outbox as outbox_table
from tests.store.rows import NOW, chat_with, write


def test_there_is_a_nought_of_what_there_is_none_of(database: Database) -> None:
    with database.read() as connection:
        counts = metrics.count(connection)
    assert counts.messages == {reason.value: 0 for reason in Reason}
    assert counts.outbox == {state.value: 0 for state in PieceState}
    assert counts.turns == {("done", ""): 0}


def test_everything_that_happened_is_counted_once(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        ids = [write(connection, chat, name) for name in "ABCD"]
        values = {"reason": Reason.BLOCKED, "state": MessageState.IGNORED}
        connection.execute(update(messages).where(messages.c.id == ids[0]).values(values))
        undecided = {"reason": None, "state": MessageState.RECEIVED}
        connection.execute(update(messages).where(messages.c.id == ids[1]).values(undecided))
        for code in (None, None, "timeout"):
            kind = TurnKind.AGENT
            turn_id = turns.begin(connection, chat.id, [], NOW, kind=kind, request="")
            answer = Answer(["Hi"], "Hi", error_code=code)
            assert turns.finish(connection, turn_id, chat, answer, NOW)
        turns.begin(connection, chat.id, [], NOW, kind=TurnKind.AGENT, request="")
        [row] = outbox.add(connection, address="x", texts=["y"], now=NOW)
        table = outbox_table
        connection.execute(update(table).where(table.c.id == row).values(state=PieceState.SENT))
        counts = metrics.count(connection)
    assert {reason: number for reason, number in counts.messages.items() if number} == {
        "allowed_number": 2,
        "blocked": 1,
        metrics.UNDECIDED: 1,
    }
    assert counts.turns == {("done", ""): 2, ("failed", "timeout"): 1, ("running", ""): 1}
    assert {state: number for state, number in counts.outbox.items() if number} == {
        "queued": 3,
        "sent": 1,
    }
