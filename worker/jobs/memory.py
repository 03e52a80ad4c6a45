"""What an agent remembers of a context: the summary, if there is one, and after it as many of
the latest turns as its model has room for.

SQL keeps everything; what is shown to the model is chosen anew for each turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from core.agents.agent import Agent
from core.errors import InvalidModel
from core.messages.content import Content
from core.models import window
from core.models.name import ModelName
from store.chats import contexts
from store.chats.contexts import Context, Past

PAGES = 10  # of `contexts.PAGE` turns: what was said before is forgotten in any case


@dataclass(frozen=True)
class Memory:
    """What there is to remember."""

    context: Context
    past: Sequence[Past]  # turns that no summary covers, in order, or the latest of them
    factor: float  # what estimates are to be multiplied by

    @property
    def sizes(self) -> Sequence[int]:
        """Tokens of each turn, as estimated."""
        return [window.of_messages(turn.messages) for turn in self.past]

    def with_summary(self, summary: str, kept: Sequence[Past]) -> "Memory":
        """The same with a summary of all but the `kept`."""
        return replace(self, context=replace(self.context, summary=summary), past=kept)


@dataclass(frozen=True)
class View:
    """What the model gets to see before the new message."""

    messages: Sequence[Any]
    turns: int
    estimated: int  # the whole request, before correction
    used: int  # the same, after it
    needed: int  # would be used if everything fitted


def load(connection: Connection, context: Context, window_tokens: int = window.CAP) -> Memory:
    """Read back as far as can matter to a model with this window."""
    past: list[Past] = []
    size = 0
    for _ in range(PAGES):
        page = contexts.list_past(connection, context, before=past[0].turn_id if past else None)
        past[:0] = page
        size += sum(window.of_messages(turn.messages) for turn in page)
        if len(page) < contexts.PAGE or size * window.MISJUDGED[0] > window_tokens:
            break
    return Memory(context, past, _measure_factor(past))


def choose_view(memory: Memory, instructions: str, content: Content, window_tokens: int) -> View:
    """Choose what fits into a window together with the instructions and the new message."""
    summary = render_summary(memory.context.summary)
    fixed = (
        window.of_text(instructions)
        + window.of_text(content.as_text)
        + 2 * window.PER_MESSAGE
        + window.of_messages(summary)
    )
    sizes = memory.sizes
    turns = window.that_fit(sizes, window.measure_room(window_tokens) / memory.factor - fixed)
    kept = memory.past[len(memory.past) - turns :]
    estimated = fixed + sum(sizes[len(sizes) - turns :])
    return View(
        messages=[*summary, *(message for turn in kept for message in turn.messages)],
        turns=turns,
        estimated=estimated,
        used=round(estimated * memory.factor),
        needed=round((fixed + sum(sizes)) * memory.factor),
    )


def find_window(agent: Agent, model: str) -> int:
    """Tokens that fit into this model's window, or as many as the agent's config.yml says."""
    if own := window.of_config(agent.config):
        return own
    try:
        return window.of_model(ModelName.parse(model))
    except InvalidModel:
        return window.UNKNOWN


def render_summary(summary: str | None) -> Sequence[Any]:
    """A summary as the beginning of a history: said to the agent, who takes note. Some models
    accept a conversation only when the two sides take turns."""
    if not summary:
        return []
    text = f"[A summary of our conversation so far]\n{summary}"
    return [
        {"kind": "request", "parts": [{"part_kind": "user-prompt", "content": text}]},
        {"kind": "response", "parts": [{"part_kind": "text", "content": "I remember."}]},
    ]


def _measure_factor(past: Sequence[Past]) -> float:
    """From the latest turn that was both estimated and counted."""
    for turn in reversed(past):
        counted = window.count_all(turn.messages)
        if turn.estimated and counted:
            return window.scale(turn.estimated, counted)
    return 1.0
