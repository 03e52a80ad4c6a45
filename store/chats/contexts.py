"""Contexts: what one chat and one agent have said since the last /new, which is what the agent
remembers. Rows of the table `conversations`.

`/new` closes one and opens another; nothing is deleted. `/compact` stores a summary in place of
which the model is shown the turns no more; they stay too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, insert, select, update

from core.states import TurnState
from store.chats.turns import TurnKind
from store.sql.prepared import prepared
from store.sql.tables import conversations as table
from store.sql.tables import turns

PAGE = 50  # turns read at a time
NEVER = 2**63 - 1  # after every turn


@dataclass(frozen=True)
class Context:
    id: int
    chat_id: int
    agent: str
    model: str | None  # the person's own choice (/model), None while the agent's applies
    opened_at: datetime
    summary: str | None = None  # of the turns up to and including `summary_through`
    summary_through: int | None = None


@dataclass(frozen=True)
class Past:
    """An earlier turn."""

    turn_id: int
    messages: Sequence[Any]  # as the model library wrote them down
    estimated: int | None  # tokens that its first request was taken for


@dataclass(frozen=True)
class Totals:
    """What a context came to so far."""

    turns: int  # answers
    summarised: int  # how many of them only the summary covers
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal | None  # None where no price is known


def find_or_open(connection: Connection, chat_id: int, agent: str, now: datetime) -> Context:
    """The open one, made if there is none."""
    row = _select_open(connection, chat_id, agent).mappings().first()
    return _make_context(row) if row else _open(connection, chat_id, agent, None, now)


@prepared
def _select_open(chat_id: Any, agent: Any) -> Select[Any]:
    is_open = (table.c.chat_id == chat_id, table.c.agent == agent, table.c.closed_at.is_(None))
    return select(table).where(*is_open).order_by(table.c.id.desc()).limit(1)


def start_afresh(connection: Connection, old: Context, now: datetime) -> Context:
    """Close this one and open another with the same agent and the same choice of model."""
    connection.execute(
        update(table)
        .where(
            table.c.chat_id == old.chat_id,
            table.c.agent == old.agent,
            table.c.closed_at.is_(None),
        )
        .values(closed_at=now)
    )
    return _open(connection, old.chat_id, old.agent, old.model, now)


def start_all_afresh(connection: Connection, chat_id: int, now: datetime) -> int:
    """The same for every agent that has one open in this chat. Returns how many agents."""
    rows = connection.execute(
        select(table).where(table.c.chat_id == chat_id, table.c.closed_at.is_(None))
    ).mappings()
    opened = {row["agent"]: _make_context(row) for row in rows}
    for each in opened.values():
        start_afresh(connection, each, now)
    return len(opened)


def choose_model(connection: Connection, conversation_id: int, model: str | None) -> None:
    connection.execute(update(table).where(table.c.id == conversation_id).values(model=model))


def find_chosen_model(connection: Connection, chat_id: int, agent: str) -> str | None:
    """The model that was chosen for this agent here, None while the agent's own applies."""
    row = _select_open(connection, chat_id, agent).mappings().first()
    return row["model"] if row else None


def summarise(connection: Connection, conversation_id: int, summary: str, through: int) -> None:
    """From now on this is shown to the model in place of the turns up to and including that one."""
    connection.execute(
        update(table)
        .where(table.c.id == conversation_id)
        .values(summary=summary, summary_through=through)
    )


def list_past(
    connection: Connection, context: Context, before: int | None = None
) -> Sequence[Past]:
    """Up to `PAGE` turns that no summary covers, in order: the latest, or the latest before that
    one."""
    after = context.summary_through or 0
    rows = _select_past(connection, context.id, after, NEVER if before is None else before)
    return [Past(row.id, row.history or [], row.estimated_tokens) for row in rows][::-1]


@prepared
def _select_past(conversation_id: Any, after: Any, before: Any) -> Select[Any]:
    wanted = (
        turns.c.conversation_id == conversation_id,
        turns.c.state == TurnState.DONE,
        turns.c.history.is_not(None),
        turns.c.id > after,
        turns.c.id < before,
    )
    columns = (turns.c.id, turns.c.history, turns.c.estimated_tokens)
    return select(*columns).where(*wanted).order_by(turns.c.id.desc()).limit(PAGE)


def sum_totals(connection: Connection, context: Context) -> Totals:
    """Counts and costs of the whole context, the making of summaries included."""
    answers = (turns.c.kind == TurnKind.AGENT, turns.c.state == TurnState.DONE)
    row = connection.execute(
        select(
            func.count().filter(*answers),
            func.count().filter(*answers, turns.c.id <= (context.summary_through or 0)),
            func.coalesce(func.sum(turns.c.input_tokens), 0),
            func.coalesce(func.sum(turns.c.output_tokens), 0),
            func.sum(turns.c.cost_usd),
        ).where(turns.c.conversation_id == context.id)
    ).one()
    return Totals(row[0], row[1], int(row[2]), int(row[3]), row[4])


def _open(
    connection: Connection, chat_id: int, agent: str, model: str | None, now: datetime
) -> Context:
    row = connection.execute(
        insert(table)
        .values(chat_id=chat_id, agent=agent, model=model, opened_at=now)
        .returning(table)
    ).mappings()
    return _make_context(row.one())


def _make_context(row: RowMapping) -> Context:
    return Context(**{each.name: row[each.name] for each in fields(Context)})
