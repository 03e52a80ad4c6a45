"""One turn: some messages of one person, and the reply to them in the outbox.

A command or a notice is answered in the transaction that begins its turn. An agent is asked
between two transactions; if the process dies there, the turn is later found stranded and its
messages wait again. What the person reads is either the agent's own words or a sentence of ours;
what went wrong is written to the turn, for the owner.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from core.admission import group
from core.agents.agent import Agent
from core.agents.routing import Absence
from core.channel import Channel
from core.messages import batch
from core.messages.command import Call
from core.messages.content import Content
from core.models.failure import make_error
from core.models.name import NAME_LENGTH
from core.settings import Settings
from store.chats import chats, contexts, manual, outbox, turns
from store.chats import limits as limits_store
from store.chats.chats import Chat
from store.chats.contexts import Context
from store.chats.messages import Waiting
from store.chats.turns import Answer, TurnKind
from worker.jobs import commands, memory, replies, turn_context
from worker.jobs.compaction import Summary
from worker.jobs.plans import AskAgent, Fail, Plan, Refuse, RunCommand, SayText, StopAnswer
from worker.jobs.turn_context import TurnContext

STILL_WORKING = "I'm still working on it."
STOPPED = "Stopped."

# Around what an agent reads of a takeover.
TAKEOVER_BEGIN = (
    "[While you were paused, the owner of this number took over. This was said without you:]"
)
TAKEOVER_END = "[End of that. Now it is your turn again, and they write:]"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class OpenTurn:
    """A turn that has begun and waits for its agent."""

    id: int
    chat_id: int
    agent: Agent
    context: Context
    content: Content
    sticky: timedelta  # how long the chat stays with the agent after the answer
    model: str  # as its name was written
    window: int  # tokens that the model takes
    settings: Settings
    channel: Channel
    introduction: str  # what the agent reads about the person
    command: str | None  # the name of one that asks a model; None: the agent answers


def apply(connection: Connection, context: TurnContext, plan: Plan) -> OpenTurn | None:
    """Do what was decided. None when the turn is closed already: it needed no agent."""
    match plan:
        case StopAnswer(messages):
            turns.drop_rest(connection, context.chat.id)
            close(connection, context, messages, replies.make_sentence(STOPPED), TurnKind.COMMAND)
        case Refuse():
            _refuse(connection, context, plan)
        case Fail(failure):
            close(connection, context, context.messages, replies.make_failure(make_error(failure)))
        case RunCommand(call):
            return _run_command(connection, context, call)
        case SayText(text, mention):
            if mention:
                context = context.turn_to(mention)
                turn_context.stick_to(connection, context, context.registry.agents[mention.agent])
            close(connection, context, context.messages, replies.make_sentence(text))
        case AskAgent(content, mention):
            if mention:
                context = context.turn_to(mention)
                turn_context.stick_to(connection, context, context.registry.agents[mention.agent])
            return _open(connection, context, content)
    return None


def close(
    connection: Connection,
    context: TurnContext,
    messages: Sequence[Waiting],
    answer: Answer,
    kind: TurnKind = TurnKind.NOTICE,
) -> None:
    """Begin and finish a turn at once."""
    is_notice = kind is TurnKind.NOTICE
    turn_id = turns.begin(
        connection,
        context.chat.id,
        [message.id for message in messages],
        context.now,
        kind=kind,
        request=batch.build_content(messages).as_text,
        person_id=messages[0].person_id,
        why=context.route.why if is_notice else None,
        passed_over=_find_absences(context) if is_notice and not context.agent else None,
    )
    turns.finish(connection, turn_id, context.chat, answer, context.now)


def finish(
    connection: Connection,
    turn: OpenTurn,
    chat: Chat,
    answer: Answer,
    summary: Summary | None,
    now: datetime,
) -> bool:
    """Store the answer and queue its pieces. False if the turn was taken from us since."""
    if not turns.finish(connection, turn.id, chat, answer, now):
        return False
    if summary:
        contexts.summarise(connection, turn.context.id, summary.text, summary.through)
    if answer.error_code:
        log.warning("turn failed", turn=turn.id, error_code=answer.error_code)
    return True


def say_still_working(connection: Connection, turn: OpenTurn, now: datetime) -> None:
    """Let the person know that the answer takes long, if it is still awaited."""
    chat = chats.get(connection, turn.chat_id)
    if chat is None or not turns.is_running(connection, turn.id):
        return
    outbox.add(
        connection,
        address=chat.address,
        texts=[STILL_WORKING],
        now=now,
        chat_id=chat.id,
        turn_id=turn.id,
        agent=turn.agent.id,
    )


def _run_command(connection: Connection, context: TurnContext, call: Call) -> OpenTurn | None:
    if call.asks_model:
        answer = commands.find_obstacle(connection, call, context)
        if answer is None:
            return _open(connection, context, Content(call.argument), call)
    else:
        answer = commands.run(connection, call, context)
    close(connection, context, context.messages, replies.make_sentence(answer), TurnKind.COMMAND)
    return None


def _refuse(connection: Connection, context: TurnContext, plan: Refuse) -> None:
    """Say so, or add the messages to the turn in which it was said a moment ago."""
    person_id = plan.messages[0].person_id
    assert person_id, "only people are under limits"
    refusal = limits_store.find_refusal(
        connection, context.chat.id, person_id, plan.failure, plan.since
    )
    if refusal is None:
        close(connection, context, plan.messages, replies.make_failure(make_error(plan.failure)))
    else:
        ids = [message.id for message in plan.messages]
        limits_store.add_to(connection, refusal, ids, context.now)


def _open(
    connection: Connection, context: TurnContext, content: Content, call: Call | None = None
) -> OpenTurn:
    agent, messages = context.agent, context.messages
    assert agent, "it was decided who is asked"
    remembered = turn_context.open_context(connection, context, agent)
    request = (batch.build_content(messages) if call else content).as_text
    if not call:
        text = content.text
        if context.chat.is_group:
            text = group.prefix_speaker(messages[0].push_name, text)
        content = replace(content, text=_add_takeover_words(connection, context, remembered, text))
    model = commands.find_model_name(remembered, agent, context.settings)
    turn_id = turns.begin(
        connection,
        context.chat.id,
        [message.id for message in messages],
        context.now,
        kind=TurnKind.COMMAND if call else TurnKind.AGENT,
        request=request,
        person_id=messages[0].person_id,
        conversation_id=remembered.id,
        agent=agent.id,
        model=model[:NAME_LENGTH],
        why=context.route.why,
        passed_over=_find_absences(context),
    )
    return OpenTurn(
        id=turn_id,
        chat_id=context.chat.id,
        agent=agent,
        context=remembered,
        content=content,
        sticky=context.sticky,
        model=model,
        window=memory.find_window(agent, model),
        settings=context.settings,
        channel=context.chat.channel,
        introduction=context.introduction,
        command=call.command.name if call and call.command else None,
    )


def _add_takeover_words(
    connection: Connection, context: TurnContext, remembered: Context, text: str
) -> str:
    """An agent that goes on has to know what its owner has said in its place."""
    said = manual.list_since_last_turn(connection, context.chat, remembered)
    if not said:
        return text
    lines = [f"{'Owner' if each.by_owner else each.name or 'They'}: {each.text}" for each in said]
    return "\n".join([TAKEOVER_BEGIN, *lines, TAKEOVER_END, text])


def _find_absences(context: TurnContext) -> Mapping[str, Absence]:
    """Agents that would have come first, and why they can't answer, for the owner."""
    absent = {agent: context.registry.find_absence(agent) for agent in context.route.missing}
    if absent:
        listed = ", ".join(f"{agent} ({why})" for agent, why in absent.items())
        log.warning("agents are passed over", agents=listed, chat=context.chat.id)
    return absent
