"""What is let go of, and when: machinery that is of no use any more.

What people and agents have said stays, and so do people, conversations, turns and what they cost:
that is deleted by the owner's hand only (store/chats/forget.py, store/chats/held.py). What vanishes
by itself elsewhere stands in docs/architecture.md, with all of this.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, Table, delete, null, select, text, update

from core.messages.message import Reason
from core.states import MessageState
from store.sql.engine import Database
from store.sql.tables import NEEDLESS_RAW, audit, conversations, messages, sends, turns

AUDIT = timedelta(days=730)  # acts in the audit log
IDEMPOTENCY_KEYS = timedelta(days=30)  # what a program's request may be repeated by
RAW = timedelta(days=30)  # the protobuf of a message that was ignored
SERVICE = timedelta(days=90)  # rows about WhatsApp's programs talking to each other
HISTORY = timedelta(days=30)  # what a model was shown of turns that no model will be shown again

BATCH = 200  # rows in one transaction, so that others do not wait for the database


@dataclass(frozen=True)
class Rule:
    """What is deleted, or only emptied, once it is old."""

    name: str
    kept: timedelta
    table: Table
    find: Callable[[datetime], Select[Any]]  # the ids of rows older than a moment
    emptied: Mapping[str, Any] | None = None  # what the columns get; None: the rows are deleted


def let_go(database: Database, rule: Rule, now: datetime) -> int:
    """Delete or empty one batch. Returns how many rows; fewer than `BATCH` when nothing is left.

    Reads first, so that SQLite's lock for writers is taken only where there is something to do.
    """
    with database.read() as connection:
        ids = connection.scalars(rule.find(now - rule.kept).limit(BATCH)).all()
    if not ids:
        return 0
    found = rule.table.c.id.in_(ids)
    with database.write() as connection:
        if rule.emptied is None:
            return connection.execute(delete(rule.table).where(found)).rowcount
        return connection.execute(update(rule.table).where(found).values(rule.emptied)).rowcount


def _select_acts(before: datetime) -> Select[Any]:
    return select(audit.c.id).where(audit.c.at < before).order_by(audit.c.at)


def _select_keys(before: datetime) -> Select[Any]:
    """The send itself stays: by it a program asks how far its message got, and the transcript knows
    whose it was."""
    with_key = sends.c.idempotency_key.is_not(None)
    return select(sends.c.id).where(with_key, sends.c.created_at < before).order_by(sends.c.id)


def _select_raw(before: datetime) -> Select[Any]:
    old = messages.c.received_at < before
    return select(messages.c.id).where(text(NEEDLESS_RAW), old).order_by(messages.c.id)


def _select_service(before: datetime) -> Select[Any]:
    return select(messages.c.id).where(
        messages.c.reason == Reason.PROTOCOL,
        messages.c.state == MessageState.IGNORED,
        messages.c.chat_id.is_(None),
        messages.c.received_at < before,
    )


def _select_closed(before: datetime) -> Select[Any]:
    """Of conversations that `/new` has closed."""
    closed = conversations.c.closed_at < before
    return _with_history().where(closed, turns.c.finished_at < before)


def _select_summarised(before: datetime) -> Select[Any]:
    covered = turns.c.id <= conversations.c.summary_through
    return _with_history().where(covered, turns.c.finished_at < before)


def _with_history() -> Select[Any]:
    both = conversations.join(turns, turns.c.conversation_id == conversations.c.id)
    return select(turns.c.id).select_from(both).where(turns.c.history.is_not(None))


RULES: Sequence[Rule] = (
    Rule("audit", AUDIT, audit, _select_acts),
    Rule("idempotency keys", IDEMPOTENCY_KEYS, sends, _select_keys, {"idempotency_key": None}),
    Rule("raw messages", RAW, messages, _select_raw, {"raw": b""}),
    Rule("service messages", SERVICE, messages, _select_service),
    Rule("closed histories", HISTORY, turns, _select_closed, {"history": null()}),
    Rule("summarised histories", HISTORY, turns, _select_summarised, {"history": null()}),
)
