"""How much each agent has been used. Read-only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, and_, func, select

from store.chats.turns import TurnKind
from store.sql.tables import turns


@dataclass(frozen=True)
class Use:
    """An agent's turns since the beginning, and what they cost."""

    turns: int
    last_used_at: datetime
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal | None  # of the turns that have a price, None if none has
    unpriced: int  # turns whose model has no known price


def load(connection: Connection) -> Mapping[str, Use]:
    """By the agent's id, also of agents that are gone."""
    counted = turns.c.output_tokens.is_not(None)
    rows = connection.execute(
        select(
            turns.c.agent,
            func.count().label("turns"),
            func.max(turns.c.started_at).label("last_used_at"),
            func.coalesce(func.sum(turns.c.input_tokens), 0).label("input_tokens"),
            func.coalesce(func.sum(turns.c.output_tokens), 0).label("output_tokens"),
            func.sum(turns.c.cost_usd).label("cost_usd"),
            func.count().filter(and_(counted, turns.c.cost_usd.is_(None))).label("unpriced"),
        )
        .where(turns.c.kind == TurnKind.AGENT, turns.c.agent.is_not(None))
        .group_by(turns.c.agent)
    ).mappings()
    return {row["agent"]: Use(**{k: v for k, v in row.items() if k != "agent"}) for row in rows}
