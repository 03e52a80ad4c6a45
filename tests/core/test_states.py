"""The table of moves, as far as it can be judged without a database."""

import pytest

from config import ROOT
from core.states import (
    BEGINNINGS,
    MESSAGE_MOVES,
    PIECE_MOVES,
    TURN_MOVES,
    MessageState,
    PieceState,
    TurnState,
    draw_diagram,
    list_sources,
)

TABLES = {"messages": MESSAGE_MOVES, "turns": TURN_MOVES, "pieces": PIECE_MOVES}
STATES = {"messages": MessageState, "turns": TurnState, "pieces": PieceState}


@pytest.mark.parametrize("name", TABLES)
def test_every_state_stands_in_the_table(name):
    assert list(TABLES[name]) == list(STATES[name])


@pytest.mark.parametrize("name", TABLES)
def test_every_state_can_be_reached_from_where_rows_begin(name):
    moves = TABLES[name]
    reached, left = set(), [state for state in moves if state in BEGINNINGS]
    while left:
        reached.add(state := left.pop())
        left += moves[state] - reached
    assert reached == set(moves)


def test_sources_are_the_states_before():
    assert list_sources(MESSAGE_MOVES, MessageState.ANSWERED) == {
        MessageState.WAITING,
        MessageState.ANSWERING,
    }
    assert list_sources(TURN_MOVES, TurnState.RUNNING) == set()


@pytest.mark.parametrize("name", TABLES)
def test_the_docs_show_the_moves(name):
    """docs/architecture.md, "The states": paste what `draw_diagram` gives."""
    page = (ROOT / "docs" / "architecture.md").read_text()
    assert f"```mermaid\n{draw_diagram(TABLES[name])}\n```" in page


def test_every_state_of_a_message_has_a_sentence() -> None:
    assert all(str(state.sentence) for state in MessageState)
