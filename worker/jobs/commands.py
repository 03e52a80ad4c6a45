"""What each command does. Its name, its help and how it is read are in `core.messages.command`.

All state is in SQL: a command takes a connection, in the transaction of its own turn, and returns
what the person reads. Nothing has changed when it refuses.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from sqlalchemy import Connection

from config import Config
from core.agents import introduction
from core.agents.agent import Agent
from core.agents.routing import Route, Why
from core.errors import InvalidModel, UnknownAgent
from core.messages import status_text
from core.messages.command import Call, help_text
from core.messages.status_text import Standing
from core.models import name as model_rules
from core.models.credentials import Access
from core.models.failure import Failure
from core.models.name import DEMO, ModelName
from core.settings import Settings
from store.agents import favourites, provider_keys
from store.agents.agents import Registry
from store.chats import chats, contexts
from store.chats.chats import Chat
from store.chats.contexts import Context
from store.chats.people import Person
from worker.jobs import memory
from worker.models import echo_model
from worker.models.completion import Prompt

OWN_MODEL = "default"  # /model default
NO_AGENT = Failure.NO_AGENT.sentence
NAME = 200  # characters; longer names are not stored, and not repeated


@dataclass(frozen=True)
class Scene:
    """Where messages are answered, within one transaction."""

    connection: Connection
    chat: Chat
    route: Route
    registry: Registry
    settings: Settings
    config: Config
    now: datetime
    home: Route  # where messages would go without a session
    person: Person | None  # who writes; None in the panel

    @property
    def agent(self) -> Agent | None:
        """Who answers here at the moment."""
        return self.registry.agents[self.route.agent] if self.route.agent else None

    @property
    def sticky(self) -> timedelta:
        return timedelta(minutes=self.settings.sticky_minutes)

    @cached_property
    def access(self) -> Access:
        """Whom could be asked, with whose key."""
        return provider_keys.access(self.connection, self.config)

    @property
    def about(self) -> str:
        """What an agent is told of the person."""
        if self.person is None:
            return ""
        subject = self.chat.subject or ""
        return introduction.about(self.person.push_name, self.person.phone, subject)

    def stick(self, agent: Agent) -> None:
        chats.stick(self.connection, self.chat.id, agent.id, self.now + self.sticky)

    def conversation(self, agent: Agent) -> Context:
        return contexts.current(self.connection, self.chat.id, agent.id, self.now)


def run(call: Call, scene: Scene) -> str:
    """Carry out a command that asks no model. Returns the answer, in WhatsApp's formatting."""
    if call.command is None:
        return f"I don't know /{call.name[:NAME]}. Send /help to see what I understand."
    return ACTIONS[call.command.name](scene, call.argument)


def find_obstacle(call: Call, scene: Scene) -> str | None:
    """Why a command that asks a model can't be carried out, in words for the person; None when
    the model can be asked."""
    assert call.command, "only a known command asks a model"
    return OBSTACLES[call.command.name](scene)


def greeting(agent: Agent) -> str:
    """What somebody reads who has turned to another agent."""
    return f"You are now talking to {agent.title}."


def model_name(conversation: Context, agent: Agent, settings: Settings) -> str:
    """The person's choice, else the agent's own model; as somebody wrote it."""
    return conversation.model or own_model(agent, settings)


def own_model(agent: Agent, settings: Settings) -> str:
    """The agent's model, else the owner's default, else the demo."""
    return model_rules.own_model(agent.model, settings.default_model)


def _agent(scene: Scene, argument: str) -> str:
    if not argument:
        current = scene.agent and f"You are talking to {scene.agent.title}."
        usage = "Send /agent <name> to switch and /agents to see who there is."
        return f"{current or NO_AGENT}\n{usage}"
    try:
        agent = scene.registry.find(argument[:NAME])
    except UnknownAgent as error:
        return f"{error} Send /agents to see who there is."
    scene.stick(agent)
    return greeting(agent)


def _agents(scene: Scene, argument: str) -> str:
    if not scene.registry.agents:
        return "There are no agents yet."
    lines = [_listed(agent, scene.agent) for agent in scene.registry.agents.values()]
    return "\n".join(["*Agents*", *lines, "Send /agent <name> to switch."])


def _listed(agent: Agent, current: Agent | None) -> str:
    mark = " ← you are talking to this one" if current and agent.id == current.id else ""
    return f"- {agent.title} (`{agent.id}`){mark}"


def _new(scene: Scene, argument: str) -> str:
    if scene.agent is None:
        return NO_AGENT
    old = scene.conversation(scene.agent)
    fresh = contexts.start_afresh(scene.connection, old, scene.now)
    scene.stick(scene.agent)
    return (
        f"{scene.agent.title} starts afresh and has forgotten our earlier messages.\n"
        f"Model: {_shown(model_name(fresh, scene.agent, scene.settings))}"
    )


def _model(scene: Scene, argument: str) -> str:
    if scene.agent is None:
        return NO_AGENT
    conversation = scene.conversation(scene.agent)
    if not argument:
        return _current_model(conversation, scene.agent, scene.settings)
    if argument.lower() == OWN_MODEL:
        contexts.choose_model(scene.connection, conversation.id, None)
        own = _shown(own_model(scene.agent, scene.settings))
        return f"{scene.agent.name} is back on their own model, {own}."
    try:
        model = _find_model(argument, favourites.load(scene.connection))
        scene.access.check(model)
    except InvalidModel as error:
        return f"{error} Nothing has changed."
    contexts.choose_model(scene.connection, conversation.id, str(model))
    return f"{scene.agent.name} now uses {_shown(str(model))} in our conversation."


def _current_model(conversation: Context, agent: Agent, settings: Settings) -> str:
    shown = _shown(model_name(conversation, agent, settings))
    if conversation.model:
        return (
            f"{agent.name} uses {shown}, which you chose.\n"
            f"Send /model {OWN_MODEL} to go back to {_shown(own_model(agent, settings))}."
        )
    return (
        f"{agent.name} uses {shown}.\n"
        "Send /model <name> to change that, or /modelfavs for the favorites."
    )


def _find_model(text: str, favoured: Sequence[str]) -> ModelName:
    """By number in the list of favourites, by full name, or by a part of one favourite's name.
    Raises `InvalidModel` with the sentence to show."""
    if len(text) > NAME:
        raise InvalidModel("That is too long for the name of a model.")
    if text.isdecimal():
        return _numbered(int(text), favoured)
    try:
        return ModelName.parse(text)
    except InvalidModel as error:
        alike = [name for name in favoured if text.lower() in name.lower()]
        if len(alike) > 1:
            raise InvalidModel(f"That could be {' or '.join(alike)}.") from None
        if not alike:
            raise error
        return ModelName.parse(alike[0])


def _numbered(number: int, favoured: Sequence[str]) -> ModelName:
    if not favoured:
        raise InvalidModel("There are no favorite models yet.")
    if not 1 <= number <= len(favoured):
        raise InvalidModel(f"The favorites are numbered 1 to {len(favoured)}, see /modelfavs.")
    return ModelName.parse(favoured[number - 1])


def _modelfavs(scene: Scene, argument: str) -> str:
    favoured = favourites.load(scene.connection)
    if not favoured:
        return "There are no favorite models yet. The owner of this number can add some."
    agent = scene.agent
    current = model_name(scene.conversation(agent), agent, scene.settings) if agent else None
    lines = [
        f"{number}. {name}{_remark(name, current, scene.access)}"
        for number, name in enumerate(favoured, 1)
    ]
    return "\n".join(["*Favorite models*", *lines, "Send /model <number> to use one."])


def _remark(name: str, current: str | None, access: Access) -> str:
    if name == current:
        return " ← in use"
    try:
        access.check(ModelName.parse(name))
    except InvalidModel:
        return " (not set up)"
    return ""


def _status(scene: Scene, argument: str) -> str:
    return status_text.status(_standing(scene, scene.agent)) if scene.agent else NO_AGENT


def _context(scene: Scene, argument: str) -> str:
    return status_text.context(_standing(scene, scene.agent)) if scene.agent else NO_AGENT


def _standing(scene: Scene, agent: Agent) -> Standing:
    conversation = scene.conversation(agent)
    model = model_name(conversation, agent, scene.settings)
    window = memory.window_of(agent, model)
    remembered = memory.load(scene.connection, conversation, window)
    prompt = Prompt(agent, DEMO, "", channel=scene.chat.channel, about=scene.about)
    view = memory.view(remembered, prompt.instructions, "", window)
    totals = contexts.totals(scene.connection, conversation)
    is_kept = scene.chat.channel.keeps_agent or scene.route.why is not Why.STICKY
    return Standing(
        agent=agent.title,
        model=_shown(model),
        until=None if is_kept else scene.chat.sticky_until,
        since=conversation.opened_at,
        turns=totals.turns,
        seen=view.turns,
        summarised=totals.summarised,
        used=view.used,
        window=window,
        input_tokens=totals.input_tokens,
        output_tokens=totals.output_tokens,
        cost_usd=totals.cost_usd,
    )


def _obstacle_to_compact(scene: Scene) -> str | None:
    if scene.agent is None:
        return NO_AGENT
    conversation = scene.conversation(scene.agent)
    if model_name(conversation, scene.agent, scene.settings) == str(DEMO):
        return "The demo can't summarize: there is no AI behind it. /new starts afresh."
    if not contexts.past(scene.connection, conversation):
        return "There is nothing to summarize yet."
    return None


def _stop(scene: Scene, argument: str) -> str:
    return "There is nothing to stop."


def _end(scene: Scene, argument: str) -> str:
    if scene.chat.channel.keeps_agent:
        return "This chat stays with its agent. /agent <name> turns to another."
    was = scene.chat.sticky(scene.now)
    chats.unstick(scene.connection, scene.chat.id)
    ended = f"Your session with {_name(scene, was)} has ended." if was else "There is no session."
    following = scene.registry.agents[scene.home.agent].title if scene.home.agent else None
    return f"{ended} {following} answers next." if following else f"{ended} {NO_AGENT}"


def _name(scene: Scene, agent_id: str) -> str:
    agent = scene.registry.agents.get(agent_id)
    return agent.name if agent else agent_id


def _help(scene: Scene, argument: str) -> str:
    return help_text()


def _shown(model: str) -> str:
    """A model's name for people: the demo must not pass as an AI."""
    return f"{DEMO}, “{echo_model.LABEL}”" if model == str(DEMO) else model


# What a command does that asks no model.
ACTIONS: Mapping[str, Callable[[Scene, str], str]] = {
    "agent": _agent,
    "agents": _agents,
    "new": _new,
    "model": _model,
    "modelfavs": _modelfavs,
    "help": _help,
    "status": _status,
    "context": _context,
    "stop": _stop,
    "end": _end,
}
# What may stand in the way of one that asks a model; `ask_agent` carries it out.
OBSTACLES: Mapping[str, Callable[[Scene], str | None]] = {"compact": _obstacle_to_compact}
