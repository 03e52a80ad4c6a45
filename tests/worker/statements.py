"""Counts what a piece of work asks of the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event

from store.sql.engine import Database


@dataclass
class Tally:
    statements: list[str] = field(default_factory=list)  # savepoints too, BEGIN not
    transactions: int = 0

    def __str__(self) -> str:
        """For whoever finds that it has become more."""
        lines = [" ".join(each.split())[:150] for each in self.statements]
        return "\n".join([f"{len(lines)} in {self.transactions} transactions", *lines])


@contextmanager
def counting(*databases: Database) -> Iterator[Tally]:
    """What is asked of these databases, in any thread, while this lasts."""
    tally = Tally()

    def note_statement(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if not statement.startswith("BEGIN"):  # SQLite's is a statement, PostgreSQL's is not
            tally.statements.append(statement)

    def note_begin(connection: Any) -> None:
        tally.transactions += 1

    engines = [database.engine for database in databases]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note_statement)
        event.listen(engine, "begin", note_begin)
    try:
        yield tally
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note_statement)
            event.remove(engine, "begin", note_begin)
