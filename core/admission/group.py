"""What is different in a group: many people talk there, most of it not to us."""

import re
from collections.abc import Collection, Iterable

from core.agents import mention
from core.agents.agent import Agent
from core.agents.introduction import plain_name
from core.messages import command

NAMELESS = "Somebody"  # who has no name

_AROUND = r"[ \t]*(?<!\w)@(?:{})(?!\w)[,:]?"


def is_addressed(text: str, agents: Collection[Agent]) -> bool:
    """Whether a text is for us by how it begins: one of our commands, or the @name of one of these
    agents. A slash before any other word is talk, perhaps to another program."""
    call = command.parse(text)
    if call:
        return call.command is not None
    return mention.read(text, agents) is not None


def may_mention(text: str) -> bool:
    """Whether it takes the agents' names to say if a text is for us."""
    return text.lstrip().startswith("@")


def without_mentions(text: str, names: Iterable[str]) -> str:
    """The text without an @ and one of these names: mentions are written as digits after an @."""
    known = "|".join(re.escape(name) for name in names if name)
    return re.sub(_AROUND.format(known), "", text).strip() if known else text


def prefix_speaker(name: str, text: str) -> str:
    """`Ana: What is a queue?`, as an agent reads who wrote it. The name is what they call
    themselves, so it must not look like more than one."""
    gap = "\n" if text.startswith(">") else " "  # they begin with what they answer
    return f"{name_speaker(name)}:{gap}{text}"


def name_speaker(name: str) -> str:
    return plain_name(name.replace(":", " ")) or NAMELESS
