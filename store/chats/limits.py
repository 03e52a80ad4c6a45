"""What one person has asked for lately, and what was said about it. See `core.admission.limits`."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Select, func, select

from core.admission.limits import CRASHES, MINUTE
from core.states import MessageState, TurnState
from store.chats import messages as messages_store
from store.sql.prepared import prepared
from store.sql.tables import messages
from store.sql.tables import turns as table


def count_recent_messages(connection: Connection, person_id: int, newest: datetime) -> int:
    """How many messages of this person, wherever they wrote them, were accepted in the minute that
    ended with `newest`: by the messages' own times, so that a backlog after an outage is no
    flood."""
    count: int = _count_accepted(connection, person_id, newest - MINUTE, newest).scalar_one()
    return count


@prepared
def _count_accepted(person_id: Any, after: Any, until: Any) -> Select[Any]:
    # Ids rise with time: this keeps to the end of an index, however long they have been writing.
    first = select(func.min(messages.c.id)).where(messages.c.received_at > after)
    return select(func.count()).where(
        messages.c.person_id == person_id,
        messages.c.id >= first.scalar_subquery(),
        messages.c.received_at > after,
        messages.c.received_at <= until,
        messages.c.chat_id.is_not(None),
        messages.c.state != MessageState.IGNORED,  # reactions, the owner's own words
    )


def sum_costs(connection: Connection, person_id: int, since: datetime) -> Decimal:
    """What this person's turns have cost since then, in dollars, as far as prices are known."""
    cost = connection.execute(
        select(func.sum(table.c.cost_usd)).where(
            table.c.person_id == person_id, table.c.started_at >= since
        )
    ).scalar()
    return Decimal(cost or 0)


def find_refusal(
    connection: Connection, chat_id: int, person_id: int, code: str, since: datetime
) -> int | None:
    """The turn since then that refused this person in this chat for this reason, if any."""
    return connection.execute(
        select(table.c.id)
        .where(
            table.c.chat_id == chat_id,
            table.c.person_id == person_id,
            table.c.started_at >= since,
            table.c.error_code == code,
        )
        .order_by(table.c.id.desc())
        .limit(1)
    ).scalar()


def add_to(connection: Connection, turn_id: int, message_ids: Sequence[int], now: datetime) -> None:
    """Close these messages with that turn, whose refusal was sent already: nothing is sent."""
    messages_store.move(
        connection,
        {"id": list(message_ids)},
        to=MessageState.FAILED,
        turn_id=turn_id,
        answered_at=now,
    )


def keeps_crashing(connection: Connection, chat_id: int) -> bool:
    """Whether the latest turns of this chat have all lost their process."""
    latest = connection.scalars(
        select(table.c.state)
        .where(table.c.chat_id == chat_id)
        .order_by(table.c.id.desc())
        .limit(CRASHES)
    ).all()
    return len(latest) == CRASHES and set(latest) == {TurnState.INTERRUPTED}
