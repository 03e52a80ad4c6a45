"""What each command does. Its name, its help and how it is read are in `core.messages.command`.

All state is in SQL: a command takes a connection, in the transaction of its own turn, and returns
what the person reads. Nothing has changed when it refuses.
"""

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection

from core.agents.agent import Agent
from core.agents.routing import Why
from core.errors import InvalidModel, UnknownAgent
from core.messages import status_text
from core.messages.command import Call, help_text
from core.messages.content import Content
from core.messages.status_text import Standing
from core.models import name as model_rules
from core.models.credentials import Access
from core.models.failure import Failure
from core.models.name import ECHO, NAME_LENGTH, TOO_LONG, ModelName
from core.settings import Settings
from store.agents import favourites, provider_keys
from store.chats import chats, contexts
from store.chats.contexts import Context
from worker.jobs import memory, turn_context
from worker.jobs.turn_context import TurnContext
from worker.models import echo_model
from worker.models.completion import Prompt

OWN_MODEL = "default"  # /model default
NO_AGENT = Failure.NO_AGENT.sentence


def run(connection: Connection, call: Call, context: TurnContext) -> str:
    """Carry out a command that asks no model. Returns the answer, in WhatsApp's formatting."""
    if call.command is None:
        return f"I don't know /{call.name[:NAME_LENGTH]}. Send /help to see what I understand."
    return ACTIONS[call.command.name](connection, context, call.argument)


def find_obstacle(connection: Connection, call: Call, context: TurnContext) -> str | None:
    """Why a command that asks a model can't be carried out, in words for the person; None when
    the model can be asked."""
    assert call.command, "only a known command asks a model"
    return OBSTACLES[call.command.name](connection, context)


def render_greeting(agent: Agent) -> str:
    """What a person reads who has turned to another agent."""
    return f"You are now talking to {agent.title}."


def find_model_name(remembered: Context, agent: Agent, settings: Settings) -> str:
    """The person's choice, else the agent's own model; as it was written."""
    return remembered.model or find_own_model(agent, settings)


def find_own_model(agent: Agent, settings: Settings) -> str:
    """The agent's model, else the owner's default, else the echo model."""
    return model_rules.own_model(agent.model, settings.default_model)


def _switch_agent(connection: Connection, context: TurnContext, argument: str) -> str:
    if not argument:
        current = context.agent and f"You are talking to {context.agent.title}."
        usage = "Send /agent <name> to switch and /agents to see who there is."
        return f"{current or NO_AGENT}\n{usage}"
    try:
        agent = context.registry.find(argument[:NAME_LENGTH])
    except UnknownAgent as error:
        return f"{error} Send /agents to see who there is."
    turn_context.stick_to(connection, context, agent)
    return render_greeting(agent)


def _list_agents(connection: Connection, context: TurnContext, argument: str) -> str:
    if not context.registry.agents:
        return "There are no agents yet."
    current = context.agent and context.agent.id
    lines = [
        f"- {agent.title} (`{agent.id}`)"
        + (" ← you are talking to this one" if agent.id == current else "")
        for agent in context.registry.agents.values()
    ]
    return "\n".join(["*Agents*", *lines, "Send /agent <name> to switch."])


def _start_afresh(connection: Connection, context: TurnContext, argument: str) -> str:
    if context.agent is None:
        return NO_AGENT
    old = turn_context.open_context(connection, context, context.agent)
    fresh = contexts.start_afresh(connection, old, context.now)
    turn_context.stick_to(connection, context, context.agent)
    return (
        f"{context.agent.title} starts afresh and has forgotten our earlier messages.\n"
        f"Model: {_render_model(find_model_name(fresh, context.agent, context.settings))}"
    )


def _choose_model(connection: Connection, context: TurnContext, argument: str) -> str:
    if context.agent is None:
        return NO_AGENT
    remembered = turn_context.open_context(connection, context, context.agent)
    if not argument:
        return _describe_model(remembered, context.agent, context.settings)
    if argument.lower() == OWN_MODEL:
        contexts.choose_model(connection, remembered.id, None)
        own = _render_model(find_own_model(context.agent, context.settings))
        return f"{context.agent.name} is back on their own model, {own}."
    try:
        model = _find_model(argument, favourites.load(connection))
        provider_keys.read_access(connection, context.config).check(model)
    except InvalidModel as error:
        return f"{error} Nothing has changed."
    contexts.choose_model(connection, remembered.id, str(model))
    return f"{context.agent.name} now uses {_render_model(str(model))} in our conversation."


def _describe_model(remembered: Context, agent: Agent, settings: Settings) -> str:
    shown = _render_model(find_model_name(remembered, agent, settings))
    if remembered.model:
        return (
            f"{agent.name} uses {shown}, which you chose.\n"
            f"Send /model {OWN_MODEL} to go back to "
            f"{_render_model(find_own_model(agent, settings))}."
        )
    return (
        f"{agent.name} uses {shown}.\n"
        "Send /model <name> to change that, or /modelfavs for the favorites."
    )


def _find_model(text: str, favoured: Sequence[str]) -> ModelName:
    """By number in the list of favourites, by full name, or by a part of one favourite's name.
    Raises `InvalidModel` with the sentence to show."""
    if len(text) > NAME_LENGTH:
        raise InvalidModel(TOO_LONG)
    if text.isdecimal():
        return _pick_favourite(int(text), favoured)
    try:
        return ModelName.parse(text)
    except InvalidModel as error:
        alike = [name for name in favoured if text.lower() in name.lower()]
        if len(alike) > 1:
            raise InvalidModel(f"That could be {' or '.join(alike)}.") from None
        if not alike:
            raise error
        return ModelName.parse(alike[0])


def _pick_favourite(number: int, favoured: Sequence[str]) -> ModelName:
    if not favoured:
        raise InvalidModel("There are no favorite models yet.")
    if not 1 <= number <= len(favoured):
        raise InvalidModel(f"The favorites are numbered 1 to {len(favoured)}, see /modelfavs.")
    return ModelName.parse(favoured[number - 1])


def _list_favourites(connection: Connection, context: TurnContext, argument: str) -> str:
    favoured = favourites.load(connection)
    if not favoured:
        return "There are no favorite models yet. The owner of this number can add some."
    current = None
    if agent := context.agent:
        remembered = turn_context.open_context(connection, context, agent)
        current = find_model_name(remembered, agent, context.settings)
    access = provider_keys.read_access(connection, context.config)
    lines = [
        f"{number}. {name}{_remark_on(name, current, access)}"
        for number, name in enumerate(favoured, 1)
    ]
    return "\n".join(["*Favorite models*", *lines, "Send /model <number> to use one."])


def _remark_on(name: str, current: str | None, access: Access) -> str:
    if name == current:
        return " ← in use"
    try:
        access.check(ModelName.parse(name))
    except InvalidModel:
        return " (not set up)"
    return ""


def _show_status(connection: Connection, context: TurnContext, argument: str) -> str:
    if context.agent is None:
        return NO_AGENT
    return status_text.render_status(_measure_standing(connection, context, context.agent))


def _show_context(connection: Connection, context: TurnContext, argument: str) -> str:
    if context.agent is None:
        return NO_AGENT
    return status_text.render_context(_measure_standing(connection, context, context.agent))


def _measure_standing(connection: Connection, context: TurnContext, agent: Agent) -> Standing:
    remembered = turn_context.open_context(connection, context, agent)
    model = find_model_name(remembered, agent, context.settings)
    window = memory.find_window(agent, model)
    past = memory.load(connection, remembered, window)
    prompt = Prompt(
        agent,
        ECHO,
        Content(""),
        channel=context.chat.channel,
        introduction=context.introduction,
    )
    view = memory.choose_view(past, prompt.instructions, Content(""), window)
    totals = contexts.sum_totals(connection, remembered)
    is_kept = context.chat.channel.keeps_agent or context.route.why is not Why.STICKY
    return Standing(
        agent=agent.title,
        model=_render_model(model),
        until=None if is_kept else context.chat.sticky_until,
        since=remembered.opened_at,
        turns=totals.turns,
        seen=view.turns,
        summarised=totals.summarised,
        used=view.used,
        window=window,
        input_tokens=totals.input_tokens,
        output_tokens=totals.output_tokens,
        cost_usd=totals.cost_usd,
    )


def _find_obstacle(connection: Connection, context: TurnContext) -> str | None:
    if context.agent is None:
        return NO_AGENT
    remembered = turn_context.open_context(connection, context, context.agent)
    if find_model_name(remembered, context.agent, context.settings) == str(ECHO):
        return "The demo can't summarize: there is no AI behind it. /new starts afresh."
    if not contexts.list_past(connection, remembered):
        return "There is nothing to summarize yet."
    return None


def _answer_idle_stop(connection: Connection, context: TurnContext, argument: str) -> str:
    return "There is nothing to stop."


def _end_session(connection: Connection, context: TurnContext, argument: str) -> str:
    if context.chat.channel.keeps_agent:
        return "This chat stays with its agent. /agent <name> turns to another."
    was = context.chat.find_sticky(context.now)
    chats.unstick(connection, context.chat.id)
    ended = (
        f"Your session with {_find_agent_name(context, was)} has ended."
        if was
        else "There is no session."
    )
    home = turn_context.find_home(connection, context).agent
    following = context.registry.agents[home].title if home else None
    return f"{ended} {following} answers next." if following else f"{ended} {NO_AGENT}"


def _find_agent_name(context: TurnContext, agent_id: str) -> str:
    agent = context.registry.agents.get(agent_id)
    return agent.name if agent else agent_id


def _show_help(connection: Connection, context: TurnContext, argument: str) -> str:
    return help_text()


def _render_model(model: str) -> str:
    """A model's name for people: the demo must not pass as an AI."""
    return f"{ECHO}, “{echo_model.LABEL}”" if model == str(ECHO) else model


# What a command does that asks no model.
ACTIONS: Mapping[str, Callable[[Connection, TurnContext, str], str]] = {
    "agent": _switch_agent,
    "agents": _list_agents,
    "new": _start_afresh,
    "model": _choose_model,
    "modelfavs": _list_favourites,
    "help": _show_help,
    "status": _show_status,
    "context": _show_context,
    "stop": _answer_idle_stop,
    "end": _end_session,
}
# What may stand in the way of one that asks a model; `ask_agent` carries it out.
OBSTACLES: Mapping[str, Callable[[Connection, TurnContext], str | None]] = {
    "compact": _find_obstacle
}
