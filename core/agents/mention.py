"""A leading @name: the short way to turn to an agent."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from core.agents.agent import Agent

_ENDS = re.compile(r"[,:!]?(?:\s+|$)")


@dataclass(frozen=True)
class Mention:
    """The agent (its id) that a message turns to, and what it says to them, perhaps nothing."""

    agent: str
    text: str


def read(text: str, agents: Iterable[Agent]) -> Mention | None:
    """`@finn what is a queue?`, by an agent's id or name in any case; None for all other talk.

    An @ before anything else than an agent's whole name is talk too: people write to each other's
    handles, and to agents that are not here any more.
    """
    bare = text.lstrip()
    if not bare.startswith("@"):
        return None
    names = ((name, agent.id) for agent in agents for name in (agent.id, agent.name))
    for name, agent_id in sorted(names, key=lambda pair: len(pair[0]), reverse=True):
        end = 1 + len(name)
        if bare[1:end].casefold() == name.casefold() and (gap := _ENDS.match(bare, end)):
            return Mention(agent_id, bare[gap.end() :].strip())
    return None
