"""What a turn is decided on: who writes, who answers here, and what limits and stops there are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection

from config import Config
from core.admission import allowlist as allowlist_rules
from core.admission import limits
from core.agents import introduction, mention
from core.agents.agent import Agent
from core.agents.mention import Mention
from core.agents.routing import Route, Why, route
from core.messages import batch, command
from core.messages.command import Call
from core.settings import Settings
from store import allowlist
from store import settings as settings_store
from store.agents.agents import Registry
from store.chats import chats, contexts, messages, people, turns
from store.chats import limits as limits_store
from store.chats.chats import Chat
from store.chats.contexts import Context
from store.chats.messages import Waiting
from store.chats.people import Person


@dataclass(frozen=True)
class Due:
    """What waits in a chat, as far as it is to be answered now."""

    settings: Settings
    registry: Registry  # as people on the chat's channel know it
    waiting: Sequence[Waiting]  # all that the chat wants answered
    messages: Sequence[Waiting]  # those of them that the next turn answers


@dataclass(frozen=True)
class TurnContext:
    """All that it takes to decide about the messages that are due: plain values, at one moment."""

    config: Config
    settings: Settings
    registry: Registry
    now: datetime
    chat: Chat
    person: Person | None  # who writes; None in the panel
    waiting: Sequence[Waiting]  # all that the chat wants answered
    messages: Sequence[Waiting]  # those of them that the next turn answers
    route: Route
    recent_messages: int  # of this person within a minute; 0 if that is not limited
    spent_usd: Decimal  # by this person today; 0 if that is not limited
    has_unsent: bool  # pieces of the latest answer, while a /stop waits
    has_stopped: bool  # a turn was just stopped here
    keeps_crashing: bool  # the latest turns have all lost their process

    @property
    def agent(self) -> Agent | None:
        """Who answers here at the moment."""
        return self.registry.agents[self.route.agent] if self.route.agent else None

    @property
    def call(self) -> Call | None:
        """The command that is due, if it is one."""
        first = self.messages[0]
        return command.parse(first.text) if batch.is_command(first) else None

    @property
    def sticky(self) -> timedelta:
        return timedelta(minutes=self.settings.sticky_minutes)

    @property
    def introduction(self) -> str:
        """What an agent reads about the person."""
        if self.person is None:
            return ""
        subject = self.chat.subject or ""
        return introduction.introduce(self.person.push_name, self.person.phone, subject)

    def find_mention(self) -> Mention | None:
        """The agent that the messages turn to by its @name."""
        return mention.read(self.messages[0].text, self.registry.agents.values())

    def turn_to(self, mentioned: Mention) -> "TurnContext":
        """The same with this agent, and without its @name in front of the words."""
        first = replace(self.messages[0], text=mentioned.text)
        messages = [first, *self.messages[1:]]
        return replace(self, route=Route(mentioned.agent, Why.STICKY), messages=messages)


def find_due(connection: Connection, chat: Chat, registry: Registry, now: datetime) -> Due | None:
    """What waits for us, None if nothing does: in a chat that the owner has taken over, only
    commands."""
    waiting = messages.list_waiting(connection, chat.id)
    if chat.is_paused(now):
        waiting = batch.select_commands(waiting)
    if not waiting:
        return None
    agents = registry.agents.values()
    chosen = batch.take(waiting, lambda each: mention.read(each.text, agents) is not None)
    return Due(settings_store.load(connection), registry, waiting, chosen)


def look_up(
    connection: Connection,
    config: Config,
    *,
    chat: Chat,
    due: Due,
    now: datetime,
    has_stopped: bool,
    was_interrupted: bool,
) -> TurnContext:
    """All that the decision about the messages that are due needs. `was_interrupted`: the last turn
    of the chat was found without its process."""
    person_id = due.messages[0].person_id
    person = people.get(connection, person_id) if person_id else None
    interrupted = batch.find_interrupted(due.waiting)
    return TurnContext(
        config=config,
        settings=due.settings,
        registry=due.registry,
        now=now,
        chat=chat,
        person=person,
        waiting=due.waiting,
        messages=due.messages,
        route=_find_route(connection, due.settings, due.registry, person, chat.find_sticky(now)),
        recent_messages=_count_recent_messages(connection, person, due),
        spent_usd=_sum_costs_of_today(connection, person, due.settings, now),
        has_unsent=bool(interrupted) and turns.has_unsent(connection, chat.id),
        has_stopped=has_stopped,
        keeps_crashing=was_interrupted and limits_store.keeps_crashing(connection, chat.id),
    )


def find_home(connection: Connection, context: TurnContext) -> Route:
    """Where messages of this chat would go without a session."""
    return _find_route(connection, context.settings, context.registry, context.person, None)


def open_context(connection: Connection, context: TurnContext, agent: Agent) -> Context:
    """What this agent remembers of the chat, made if it remembers nothing yet."""
    return contexts.find_or_open(connection, context.chat.id, agent.id, context.now)


def stick_to(connection: Connection, context: TurnContext, agent: Agent) -> None:
    """The chat stays with this agent for a while."""
    chats.stick(connection, context.chat.id, agent.id, context.now + context.sticky)


def _find_route(
    connection: Connection,
    settings: Settings,
    registry: Registry,
    person: Person | None,
    sticky: str | None,
) -> Route:
    """The allowlist is asked only where its word counts: not within a session."""
    entry = None
    if sticky not in registry.agents:
        phone, lid = (person.phone, person.lid) if person else (None, None)
        entry = allowlist_rules.find(phone, lid, allowlist.list_matching(connection, phone, lid))
    return route(
        sticky=sticky,
        sender_default=entry.agent if entry else None,
        fallback=settings.default_agent,
        registry=registry.agents.keys(),
    )


def _count_recent_messages(connection: Connection, person: Person | None, due: Due) -> int:
    """What was written in the panel is under no limit: there the owner pays for the owner."""
    if person is None or due.settings.messages_per_minute is None:
        return 0
    times = [each.received_at for each in due.waiting if each.person_id == person.id]
    return limits_store.count_recent_messages(connection, person.id, times[-1])


def _sum_costs_of_today(
    connection: Connection, person: Person | None, settings: Settings, now: datetime
) -> Decimal:
    if person is None or settings.daily_cost_usd is None:
        return Decimal(0)
    return limits_store.sum_costs(connection, person.id, limits.find_start_of_day(now))
