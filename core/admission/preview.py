"""What would become of a message if it came now. For the panel's tester.

The decisions of the worker and of the jobs, one after the other: the same functions in the same
order, but nothing is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.admission.allowlist import Entry
from core.admission.decide import Decision, decide
from core.agents import mention
from core.agents.agent import Agent
from core.agents.routing import Route, Why, route
from core.messages import batch, command
from core.messages.command import Call
from core.messages.message import Kind, Place, Reason
from core.phone import Phone
from core.settings import Settings
from core.text.translation import Sentence, _


class Handling(StrEnum):
    REFUSED = "refused"  # held or ignored: the decision says which
    PAUSED = "paused"  # it waits: the owner has taken over
    FLOOD = "flood"
    OVER_BUDGET = "over_budget"
    COMMAND = "command"
    NO_AGENT = "nobody"  # no agent is set up
    GREETING = "greeting"  # an agent's name and nothing else
    EXCUSE = "excuse"  # nothing that an agent could read
    AGENT = "agent"


@dataclass(frozen=True)
class Words:
    """A message that was never sent."""

    kind: Kind
    text: str
    received_at: datetime
    quoted_text: None = None
    facts: None = None
    person_id: None = None


@dataclass(frozen=True)
class PreviewInput:
    """How things are for this sender."""

    phone: Phone | None
    lid: str | None
    is_blocked: bool
    chat_id: int | None  # None for who was never answered
    sticky: str | None  # the agent whose session the chat is in
    sticky_until: datetime | None
    is_paused: bool
    paused_until: datetime | None  # None also for a pause without an end
    is_flood: bool
    is_over_budget: bool
    settings: Settings
    entries: Sequence[Entry]
    agents: Mapping[str, Agent]  # those that can be reached on WhatsApp


@dataclass(frozen=True)
class Preview:
    """What would become of the message."""

    decision: Decision
    handling: Handling
    route: Route
    call: Call | None = None
    turned_to: str | None = None  # the agent that its @name moves the session to
    excuse: str = ""  # what the sender would read instead of an agent's answer

    @property
    def agent(self) -> str | None:
        """Who would answer."""
        return self.turned_to or self.route.agent

    @property
    def title(self) -> Sentence:
        """To be formatted with the agent's `title` and `name`."""
        if self.handling is Handling.REFUSED:
            return _HELD if self.decision.verdict == "hold" else _IGNORED
        return _TITLES[self.handling]

    @property
    def reason(self) -> str:
        """In the present tense: nothing has come yet."""
        reason = self.decision.reason
        return str(_REASONS.get(reason, reason.sentence))

    @property
    def who(self) -> Sentence:
        """Who answers, if the message is accepted: to be formatted with the `agent`, with `until`
        when their session lasts, its `minutes`, and what the `settings` are called."""
        return _TURNED if self.turned_to else _WHO[self.route.why]


_HELD, _IGNORED = _("Held: no answer"), _("Ignored: no answer")
_OVER_LIMIT = _("Over a limit: no agent is asked")
_TITLES = {
    Handling.AGENT: _("{title} answers"),
    Handling.GREETING: _("The chat turns to {name}"),
    Handling.COMMAND: _("The command is carried out"),
    Handling.EXCUSE: _("Answered with one sentence"),
    Handling.PAUSED: _("It waits for you"),
    Handling.FLOOD: _OVER_LIMIT,
    Handling.OVER_BUDGET: _OVER_LIMIT,
    Handling.NO_AGENT: _("Nobody can answer"),
}
_REASONS = {
    Reason.NOT_ALLOWED: _("The number is not on the allowlist."),
    Reason.NUMBER_UNKNOWN: _("This person is not on the allowlist."),
    Reason.DISABLED: _("Answering is switched off."),
    Reason.REACTION: _("Reactions are not answered."),
}
_TURNED = _("{agent}: the message turns to them, and they keep the chat for {minutes} minutes.")
_WHO = {
    Why.STICKY: _("{agent}, whom they are talking to: the session lasts until {until}."),
    Why.SENDER_DEFAULT: _("{agent}, the default agent of the entry."),
    Why.FALLBACK: _("{agent}, the default agent of the {settings}."),
    Why.NO_AGENT: _("Nobody: neither the entry nor the {settings} name an agent who could."),
}


def preview_message(words: Words, given: PreviewInput) -> Preview:
    decision = decide(
        place=Place.DIRECT,
        kind=words.kind,
        from_me=False,
        phone=given.phone,
        lid=given.lid,
        is_blocked=given.is_blocked,
        settings=given.settings,
        entries=given.entries,
    )
    call = command.parse(words.text) if batch.is_command(words) else None
    turned = None if call else mention.read(words.text, given.agents.values())
    found = route(
        sticky=given.sticky,
        sender_default=decision.entry.agent if decision.entry else None,
        fallback=given.settings.default_agent,
        registry=given.agents.keys(),
    )
    turned_to = turned.agent if turned else None
    rest = Words(words.kind, turned.text, words.received_at) if turned else words
    handling = _choose_handling(decision, given, call, turned_to or found.agent, rest, bool(turned))
    excuse = batch.build_excuse([rest]) if handling is Handling.EXCUSE else ""
    return Preview(decision, handling, found, call, turned_to, excuse)


def _choose_handling(
    decision: Decision,
    given: PreviewInput,
    call: Call | None,
    agent: str | None,
    rest: Words,
    is_turned: bool,
) -> Handling:
    """In the order in which the worker and the jobs look."""
    if decision.verdict != "accept":
        return Handling.REFUSED
    if given.is_paused and not call:
        return Handling.PAUSED
    if given.is_flood:
        return Handling.FLOOD
    if given.is_over_budget and (call is None or call.asks_model):
        return Handling.OVER_BUDGET
    if call:
        return Handling.COMMAND
    if agent is None:
        return Handling.NO_AGENT
    if batch.build_content([rest]):
        return Handling.AGENT
    return Handling.GREETING if is_turned else Handling.EXCUSE
