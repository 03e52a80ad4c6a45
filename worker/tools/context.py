"""What a tool works with while it is called."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.agents.agent import Agent
from store.redis.live import Live
from store.sql.engine import Database

RESULT_LIMIT = 20_000  # characters of a result that the model gets to see

InThread = Callable[..., Awaitable[Any]]
"""Calls a function that blocks, with its arguments, in a thread."""


@dataclass(frozen=True, kw_only=True)
class Office:
    """What the tools of all turns of a process share."""

    database: Database
    live: Live
    in_thread: InThread
    now: Callable[[], datetime]


@dataclass
class ToolContext:
    """One turn of one agent."""

    agent: Agent
    turn_id: int
    office: Office
    sends: int = 0  # how often it has tried to write to a person
    # For the owner: what did not work; holds no secret.
    remarks: list[str] = field(default_factory=list)


def render_result(result: object) -> str:
    """A tool's result as text that any model and any database takes, of bearable length."""
    text = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
    text = text.replace("\0", "").encode(errors="replace").decode()
    if len(text) <= RESULT_LIMIT:
        return text
    return f"{text[:RESULT_LIMIT]}\n[Cut here: the result has {len(text)} characters.]"
