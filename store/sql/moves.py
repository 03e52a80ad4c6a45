"""The one way in which a row changes its state."""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from functools import cache
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    CursorResult,
    and_,
    bindparam,
    update,
)
from sqlalchemy.schema import Table
from sqlalchemy.sql.dml import ReturningUpdate, Update

from core.states import Moves, list_sources

S = TypeVar("S", bound=StrEnum)


class Mover(Generic[S]):
    """Moves rows of a table from state to state, as far as a table of moves allows.

    `moves` names for each state those that may follow it. Threads may share it.
    """

    def __init__(self, table: Table, moves: Moves[S]) -> None:
        self._table = table
        self._moves = moves
        self._build = cache(self._build_by_columns)

    def __call__(
        self,
        connection: Connection,
        which: Mapping[str, Any] | ColumnElement[bool],
        *,
        to: S,
        out_of: S | Collection[S] | None = None,
        returning: Sequence[Column[Any]] = (),
        **changes: Any,
    ) -> CursorResult[Any]:
        """Move these rows, and set `changes` besides. Rows whose present state allows no such move
        stay as they are; with `out_of` only those move that are in this state, or one of these.

        `which` names columns and the value, or the list of values, that they must have: such a
        statement is built once. Or it is any condition. The result has the `rowcount` of what
        moved, and the `returning` columns of it. ValueError: a move that is never allowed.
        """
        sources = self._list_sources(to, out_of)
        if not isinstance(which, Mapping):
            statement = self._build_update(which & self._table.c.state.in_(sources), returning)
            return connection.execute(statement.values(state=to, **changes))
        names = tuple((name, isinstance(value, list)) for name, value in which.items())
        values = {f"p_{name}": value for name, value in which.items()}
        built = self._build(names, tuple(returning))
        return connection.execute(built, {**values, "p_sources": sources, "state": to, **changes})

    def _list_sources(self, to: S, out_of: S | Collection[S] | None) -> list[S]:
        allowed = list_sources(self._moves, to)
        if out_of is None:
            return sorted(allowed)
        wanted = {out_of} if isinstance(out_of, StrEnum) else set(out_of)
        if not wanted <= allowed:
            raise ValueError(f"no {self._table.name} move from {sorted(wanted)} to {to}")
        return sorted(wanted)

    def _build_by_columns(
        self, names: tuple[tuple[str, bool], ...], returning: tuple[Column[Any], ...]
    ) -> Update | ReturningUpdate[Any]:
        conditions: list[ColumnElement[bool]] = [
            self._table.c.state.in_(bindparam("p_sources", expanding=True))
        ]
        for name, is_list in names:
            column: Column[Any] = self._table.c[name]
            value: BindParameter[Any] = bindparam(f"p_{name}", expanding=is_list)
            conditions.append(column.in_(value) if is_list else column == value)
        return self._build_update(and_(*conditions), returning)

    def _build_update(
        self, condition: ColumnElement[bool], returning: Sequence[Column[Any]]
    ) -> Update | ReturningUpdate[Any]:
        statement = update(self._table).where(condition)
        return statement.returning(*returning) if returning else statement
