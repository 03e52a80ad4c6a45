"""Every allowed move works, every other leaves the row as it is."""

import pytest
from sqlalchemy import insert, select

from core.agents.routing import Why
from core.states import MESSAGE_MOVES, PIECE_MOVES, TURN_MOVES, MessageState, PieceState, TurnState
from store.chats import messages, outbox, turns
from store.chats.turns import TurnKind
from store.sql import tables
from tests.store.rows import NOW, chat_with, inbound

MACHINES = {
    "messages": (messages.move, tables.messages, MESSAGE_MOVES),
    "turns": (turns.move, tables.turns, TURN_MOVES),
    "outbox": (outbox.move, tables.outbox, PIECE_MOVES),
}
STEPS = [
    (name, start, end)
    for name, (_, _, moves) in MACHINES.items()
    for start in moves
    for end in moves
]


def add(connection, name: str, state: str) -> int:
    """A row of this table that is in this state already. Returns its id."""
    chat = chat_with(connection)
    if name == "messages":
        messages.receive(connection, inbound(), NOW)
        row = messages.list_undecided(connection)[-1].id
    elif name == "turns":
        kind = TurnKind.AGENT
        row = turns.begin(connection, chat.id, [], NOW, kind=kind, request="?", why=Why.STICKY)
    else:
        [row] = outbox.add(connection, address=chat.address, texts=["Hi"], now=NOW)
    table = MACHINES[name][1]
    connection.execute(table.update().where(table.c.id == row).values(state=state))
    return row


@pytest.mark.parametrize(("name", "start", "end"), STEPS)
def test_only_allowed_moves_move_a_row(sqlite_database, name, start, end):
    move, table, moves = MACHINES[name]
    with sqlite_database.write() as connection:
        row = add(connection, name, start)
        is_allowed = end in moves[start]
        assert move(connection, {"id": row}, to=end).rowcount == is_allowed
        state = connection.scalar(select(table.c.state).where(table.c.id == row))
        assert state == (end if is_allowed else start)


def test_rows_are_named_by_values_by_lists_and_by_conditions(database):
    table = tables.outbox
    with database.write() as connection:
        address = {"address": "a@b", "created_at": NOW, "text": "Hi"}
        for state in PieceState:
            connection.execute(insert(table).values(state=state, **address))
        ids = list(connection.scalars(select(table.c.id).order_by(table.c.id)))
        queued, sending, *_ = ids
        failed = PieceState.FAILED
        moved = outbox.move(
            connection, {"id": ids, "address": "a@b"}, to=failed, returning=[table.c.id], error="x"
        )
        assert set(moved.scalars()) == {queued, sending, ids[-1]}
        assert outbox.move(connection, {"id": []}, to=failed).rowcount == 0
        assert outbox.move(connection, table.c.id > queued, to=PieceState.UNKNOWN).rowcount == 3
        errors = connection.scalars(select(table.c.error).order_by(table.c.id)).all()
        assert errors == ["x", "x", None, None, "x"]


def test_out_of_narrows_what_moves(database):
    with database.write() as connection:
        row = add(connection, "messages", MessageState.ANSWERING)
        waiting, ignored = MessageState.WAITING, MessageState.IGNORED
        assert not messages.move(connection, {"id": row}, out_of=waiting, to=ignored).rowcount
        both = (waiting, MessageState.ANSWERING)
        assert messages.move(connection, {"id": row}, out_of=both, to=ignored).rowcount


def test_a_move_that_is_never_allowed_is_a_bug(sqlite_database):
    with sqlite_database.write() as connection, pytest.raises(ValueError, match="turns move"):
        turns.move(connection, {"id": 1}, out_of=TurnState.DONE, to=TurnState.FAILED)
