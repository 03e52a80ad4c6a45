"""Which agent answers, and why.

The sticky agent comes before all others. A command such as `/agent` is read before routing and
*moves* the sticky agent; were it the other way round, a chat could never leave an agent.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from core.text.translation import Sentence, _


class Why(StrEnum):
    """Stored with the turn."""

    STICKY = "sticky"
    SENDER_DEFAULT = "sender_default"
    FALLBACK = "fallback"
    NO_AGENT = "nobody"

    @property
    def sentence(self) -> Sentence:
        """What the owner reads after who it was."""
        return _REASONS[self]


class Absence(StrEnum):
    """Why an agent that would have come first could not answer. Stored with the turn."""

    GONE = "gone"
    BROKEN = "broken"  # its files can't be read
    HIDDEN = "hidden"  # switched off for this channel

    @property
    def sentence(self) -> Sentence:
        """What the owner reads after "was chosen but"."""
        return _ABSENCES[self]


_REASONS = {
    Why.STICKY: _("the conversation was with them"),
    Why.SENDER_DEFAULT: _("they are this sender's agent on the allowlist"),
    Why.FALLBACK: _("they are the default agent"),
    Why.NO_AGENT: _("no agent could be chosen"),
}
_ABSENCES = {
    Absence.GONE: _("was not there any more"),
    Absence.BROKEN: _("could not be loaded"),
    Absence.HIDDEN: _("was switched off for WhatsApp"),
}


@dataclass(frozen=True)
class Route:
    """Who answers, and why."""

    agent: str | None  # None when no agent can answer
    why: Why
    missing: tuple[str, ...] = ()  # would have come first but are gone from the registry


def route(
    *,
    sticky: str | None,
    sender_default: str | None,
    fallback: str | None,
    registry: Collection[str],
) -> Route:
    """In this order: the sticky agent, the sender's, the default one. `sticky` is None once it
    has run out."""
    missing: list[str] = []
    for agent, why in (
        (sticky, Why.STICKY),
        (sender_default, Why.SENDER_DEFAULT),
        (fallback, Why.FALLBACK),
    ):
        if agent is None:
            continue
        if agent in registry:
            return Route(agent, why, tuple(missing))
        if agent not in missing:
            missing.append(agent)
    return Route(None, Why.NO_AGENT, tuple(missing))
