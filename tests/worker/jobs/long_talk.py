"""A long talk that an agent remembers, as if it had been said."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert

from store.chats import contexts
from store.chats.contexts import Context
from store.sql import tables
from tests.worker.world import Friend, World

WINDOW = 4_000


def small(world: World, tokens: int = WINDOW, agent: str = "finn") -> None:
    """Give the agent a window of so many tokens."""
    with (world.config.agents_dir / agent / "config.yml").open("a") as file:
        file.write(f"context_window: {tokens}\n")


def said(number: int, words: int = 10) -> list[dict[str, Any]]:
    """A turn without tools, as the model library wrote it down."""
    question = {"part_kind": "user-prompt", "content": f"question {number}"}
    answer = {"part_kind": "text", "content": f"answer {number}" + " word" * words}
    return [{"kind": "request", "parts": [question]}, {"kind": "response", "parts": [answer]}]


def looked_up(number: int, words: int = 10) -> list[dict[str, Any]]:
    """The same with a tool used in between: four messages that belong together."""
    call = {
        "part_kind": "tool-call",
        "tool_name": "look_up",
        "args": {"what": f"thing {number}"},
        "tool_call_id": f"call{number}",
    }
    result = {
        "part_kind": "tool-return",
        "tool_name": "look_up",
        "content": f"result {number}" + " word" * words,
        "tool_call_id": f"call{number}",
    }
    question, answer = said(number, words)
    return [
        question,
        {"kind": "response", "parts": [call]},
        {"kind": "request", "parts": [result]},
        answer,
    ]


def remember(world: World, friend: Friend, turns: Sequence[list[dict[str, Any]]]) -> Context:
    """As if all this had been said."""
    conversation: Context = world.do(contexts.find_or_open, friend.chat_id, "finn", world.clock())
    rows = [
        {
            "chat_id": friend.chat_id,
            "conversation_id": conversation.id,
            "kind": "agent",
            "state": "done",
            "agent": "finn",
            "request": "?",
            "history": turn,
            "started_at": world.clock(),
        }
        for turn in turns
    ]
    world.do(lambda connection: connection.execute(insert(tables.turns), rows))
    return conversation


def conversation_of(world: World, friend: Friend) -> Context:
    found: Context = world.do(contexts.find_or_open, friend.chat_id, "finn", world.clock())
    return found
