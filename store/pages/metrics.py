"""What is counted for Prometheus. Read-only, and each count is read from an index."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Column, Connection, func, select

from core.messages.message import Reason
from core.states import PieceState, TurnState
from store.sql.tables import messages, outbox, turns

UNDECIDED = "undecided"  # of a message that has just come in


@dataclass(frozen=True)
class Counts:
    """All since the beginning."""

    messages: Mapping[str, int]  # by reason, or UNDECIDED
    turns: Mapping[tuple[str, str], int]  # by state and failure, "" without one
    outbox: Mapping[str, int]  # by state


def count(connection: Connection) -> Counts:
    """The counts, zeros included, so that a graph begins at zero."""
    reasons = _count_by(connection, messages.c.reason).items()
    groups = turns.c.state, turns.c.error_code
    ended = connection.execute(select(*groups, func.count()).group_by(*groups))
    return Counts(
        messages={**_none(Reason), **{reason or UNDECIDED: number for reason, number in reasons}},
        turns={
            (TurnState.DONE.value, ""): 0,
            **{(state, failure or ""): number for state, failure, number in ended},
        },
        outbox={**_none(PieceState), **_count_by(connection, outbox.c.state)},
    )


def _none(kinds: Iterable[StrEnum]) -> Mapping[str, int]:
    return dict.fromkeys([kind.value for kind in kinds], 0)


def _count_by(connection: Connection, column: "Column[str]") -> dict[str, int]:
    rows = connection.execute(select(column, func.count()).group_by(column))
    return {value: number for value, number in rows}
