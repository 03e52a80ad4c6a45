"""Statements that are built once: those that every message on its way needs.

SQLAlchemy takes about 0.3 ms to build a statement and 0.05 ms to run one that is built.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, CursorResult, Executable, bindparam


class Prepared:
    """Called with a connection and a value for each parameter of `build`, in order, it runs the
    statement that `build` made of them. What an INSERT or an UPDATE sets may be named besides.
    Threads may share it.

    `build` is called once, with placeholders: it can't look at values. A value may be None only
    where SQL's NULL will do, so not in `==`; `in_` takes a list, which may be empty.
    """

    def __init__(self, build: Callable[..., Executable]) -> None:
        code = build.__code__
        self._build = build
        self._names = [f"p_{name}" for name in code.co_varnames[: code.co_argcount]]

    @cached_property
    def _statement(self) -> Executable:
        return self._build(*map(bindparam, self._names))

    def __call__(
        self, connection: Connection, /, *values: Any, **columns: Any
    ) -> CursorResult[Any]:
        placed = dict(zip(self._names, values, strict=True))
        return connection.execute(self._statement, placed | columns)


prepared = Prepared  # as a decorator it reads as what it does
