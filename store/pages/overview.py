"""What the panel's first page counts. Read-only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from core.channel import ON_WHATSAPP
from core.states import ACCEPTED, NOT_DELIVERED, MessageState, TurnState
from store.chats import takeovers
from store.chats.chats import PANEL
from store.chats.turns import TurnKind
from store.sql.tables import allowlist, chats, messages, outbox, people, turns

HOURS = 24
SAMPLE = 250  # answers that the median is taken of, the latest ones


@dataclass(frozen=True)
class Figure:
    """How many since midnight, and in the last 24 hours."""

    today: int
    day: int


@dataclass(frozen=True)
class Cost:
    """In dollars, the panel's chats included."""

    today: Decimal
    day: Decimal  # of the last 24 hours
    unpriced: int  # answers of these hours from models without a known price


@dataclass(frozen=True)
class Counts:
    """What happened on WhatsApp."""

    received: Figure
    sent: Figure
    failed_turns: Figure
    unsent: Figure
    cost: Cost
    median_seconds: float | None  # from a message of the last 24 hours to its answer
    by_hour: Sequence[int]  # messages that came in within 24 hours, the oldest hour first

    @property
    def failed(self) -> Figure:
        """What did not go as it should, of either kind."""
        turns, replies = self.failed_turns, self.unsent
        return Figure(turns.today + replies.today, turns.day + replies.day)


def count(connection: Connection, now: datetime, midnight: datetime) -> Counts:
    """Messages of people who may write, replies that left, what failed of either, and what it
    cost. Midnight is where the owner is."""
    since = now - timedelta(hours=HOURS)
    today, by_hour = _count_received(connection, since, midnight)
    sent = select(outbox.c.sent_at.label("at"))
    # No answer because something was wrong. In the panel the owner sees it at once.
    failed = _on_whatsapp(select(turns.c.finished_at.label("at"))).where(
        turns.c.state == TurnState.FAILED
    )
    # Replies that WhatsApp refused, or of which it is unknown whether they left.
    unsent = select(outbox.c.created_at.label("at")).where(outbox.c.state.in_(NOT_DELIVERED))
    return Counts(
        received=Figure(today, sum(by_hour)),
        sent=_count_recent(connection, sent, since, midnight),
        failed_turns=_count_recent(connection, failed, since, midnight),
        unsent=_count_recent(connection, unsent, since, midnight),
        cost=_sum_cost(connection, since, midnight),
        median_seconds=_find_median(connection, since),
        by_hour=by_hour,
    )


def count_paused(connection: Connection, now: datetime) -> int:
    """In how many chats the agent is silent because the owner wants it so."""
    statement = select(func.count()).select_from(chats).where(takeovers.is_active(now))
    return connection.execute(statement).scalar_one()


def has_entries(connection: Connection) -> bool:
    """Whether the allowlist has entries."""
    return connection.execute(select(allowlist.c.id).limit(1)).first() is not None


def has_talked(connection: Connection) -> bool:
    """Whether an agent has ever answered on WhatsApp."""
    answered = _on_whatsapp(select(turns.c.id)).where(
        turns.c.kind == TurnKind.AGENT, turns.c.state == TurnState.DONE
    )
    return connection.execute(answered.limit(1)).first() is not None


def count_held(connection: Connection) -> int:
    """How many people are waiting at the door, as `store.chats.held` lists them."""
    statement = (
        select(func.count(messages.c.person_id.distinct()))
        .join(people, people.c.id == messages.c.person_id)
        .where(messages.c.state == MessageState.HELD, people.c.blocked_at.is_(None))
    )
    return connection.execute(statement).scalar_one()


def _on_whatsapp(statement: Select[Any]) -> Select[Any]:
    """Limit a query over turns to those of WhatsApp's chats."""
    return statement.join_from(turns, chats).where(chats.c.channel.in_(ON_WHATSAPP))


def _sum_cost(connection: Connection, since: datetime, midnight: datetime) -> Cost:
    cost, is_today, in_day = turns.c.cost_usd, _begun_after(midnight), _begun_after(since)
    row = connection.execute(
        select(
            func.sum(cost).filter(is_today),
            func.sum(cost).filter(in_day),
            func.count().filter(in_day, turns.c.output_tokens.is_not(None), cost.is_(None)),
        ).where(_begun_after(min(since, midnight)))
    ).one()
    return Cost(row[0] or Decimal(), row[1] or Decimal(), row[2])


def _begun_after(instant: datetime) -> ColumnElement[bool]:
    return turns.c.finished_at >= instant


def _count_recent(
    connection: Connection, moments: Select[Any], since: datetime, midnight: datetime
) -> Figure:
    """How many of these moments are recent."""
    at = moments.where(moments.selected_columns.at >= min(since, midnight)).subquery().c.at
    counts = select(func.count().filter(at >= midnight), func.count().filter(at >= since))
    return Figure(*connection.execute(counts).one())


def _find_median(connection: Connection, since: datetime) -> float | None:
    """Seconds from a message's arrival to its answer. Looks by arrival, for which there is an
    index: this must not become slower with every year of messages."""
    rows = connection.execute(
        select(messages.c.received_at, messages.c.answered_at)
        .where(messages.c.received_at >= since)
        .where(messages.c.answered_at.is_not(None), messages.c.account != PANEL)
        .order_by(messages.c.received_at.desc())
        .limit(SAMPLE)
    )
    seconds = [(answered - received).total_seconds() for received, answered in rows]
    return median(seconds) if seconds else None


def _count_received(
    connection: Connection, since: datetime, midnight: datetime
) -> tuple[int, Sequence[int]]:
    """Since midnight, and hour by hour. The state is not compared as it stands: SQLite would take
    its index, and walk through all messages ever answered, instead of that of the arrival."""
    at, state = messages.c.received_at, messages.c.state.concat("")
    starts = [midnight, *(since + timedelta(hours=hour) for hour in range(HOURS))]
    statement = select(*(func.count().filter(at >= start) for start in starts)).where(
        at >= min(since, midnight), state.in_(ACCEPTED), messages.c.account != PANEL
    )
    today, *from_hour_on = connection.execute(statement).one()
    return today, [
        count - later for count, later in zip(from_hour_on, [*from_hour_on[1:], 0], strict=True)
    ]
