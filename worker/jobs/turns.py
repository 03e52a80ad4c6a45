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

from config import Config
from core.admission import allowlist as admission
from core.admission import group
from core.agents import mention
from core.agents.agent import Agent
from core.agents.routing import Absence, Route, Why, route
from core.channel import Channel
from core.messages import batch, command
from core.messages.command import Call
from core.models.failure import Failure, failed
from core.settings import Settings
from store import allowlist
from store.agents.agents import Registry
from store.chats import chats, contexts, manual, outbox, people, turns
from store.chats.chats import Chat
from store.chats.contexts import Context
from store.chats.messages import Waiting
from store.chats.turns import Answer, TurnKind
from worker.jobs import commands, memory, replies
from worker.jobs.commands import Scene
from worker.jobs.compaction import Summary
from worker.jobs.replies import MODEL

STILL_WORKING = "I'm still working on it."

# Around what an agent is told of a pause.
BY_HAND = "[While you were paused, the owner of this number took over. This was said without you:]"
NOW = "[End of that. Now it is your turn again, and they write:]"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Running:
    """A turn that has begun and waits for its agent, or for a summary (`is_compaction`). `sticky`
    is how long the chat stays with that agent after the answer, `about` what the agent is told of
    the person, `window` the tokens that its model takes."""

    id: int
    chat_id: int
    agent: Agent
    conversation: Context
    text: str
    sticky: timedelta
    model: str
    window: int
    settings: Settings
    channel: Channel
    about: str
    is_compaction: bool


def look(
    connection: Connection,
    chat: Chat,
    person_id: int | None,
    registry: Registry,
    settings: Settings,
    config: Config,
    now: datetime,
) -> Scene:
    """Who would answer this person in this chat now, and all that commands need."""
    person = people.get(connection, person_id) if person_id else None
    phone, lid = (person.phone, person.lid) if person else (None, None)
    entry = admission.find(phone, lid, allowlist.matching(connection, phone, lid))
    found, home = (
        route(
            sticky=sticky,
            sender_default=entry.agent if entry else None,
            fallback=settings.default_agent,
            registry=registry.agents.keys(),
        )
        for sticky in (chat.sticky(now), None)
    )
    return Scene(connection, chat, found, registry, settings, config, now, home, person)


def next_batch(waiting: Sequence[Waiting], registry: Registry) -> Sequence[Waiting]:
    """The messages that the next turn answers."""
    agents = registry.agents.values()
    return batch.take(waiting, lambda message: mention.read(message.text, agents) is not None)


def begin(scene: Scene, messages: Sequence[Waiting]) -> Running | None:
    """Open the turn over these messages. None when it is closed already: it needed no agent."""
    first = messages[0]
    call = command.parse(first.text) if batch.is_command(first) else None
    if call:
        return _begin_command(scene, messages, call)
    turned = mention.read(first.text, scene.registry.agents.values())
    if turned:
        scene.stick(scene.registry.agents[turned.agent])
        scene = replace(scene, route=Route(turned.agent, Why.STICKY))
        messages = [replace(first, text=turned.text), *messages[1:]]
    text = batch.compose(messages)
    if scene.agent and text:
        return _open(scene, scene.agent, messages, text)
    close(scene, messages, _notice(scene, messages, is_greeting=turned is not None))
    return None


def _begin_command(scene: Scene, messages: Sequence[Waiting], call: Call) -> Running | None:
    if call.asks_model:
        answer = commands.find_obstacle(call, scene)
        if answer is None and scene.agent:
            return _open(scene, scene.agent, messages, call.argument, TurnKind.COMMAND)
    else:
        answer = commands.run(call, scene)
    close(scene, messages, replies.said(answer or commands.NO_AGENT), TurnKind.COMMAND)
    return None


def close(
    scene: Scene, messages: Sequence[Waiting], answer: Answer, kind: TurnKind = TurnKind.NOTICE
) -> None:
    """Begin and finish a turn at once."""
    is_notice = kind is TurnKind.NOTICE
    turn_id = turns.begin(
        scene.connection,
        scene.chat.id,
        [message.id for message in messages],
        scene.now,
        kind=kind,
        request=batch.compose(messages),
        person_id=messages[0].person_id,
        why=scene.route.why if is_notice else None,
        passed_over=_passed_over(scene) if is_notice and not scene.agent else None,
    )
    turns.finish(scene.connection, turn_id, scene.chat, answer, scene.now)


def _open(
    scene: Scene,
    agent: Agent,
    messages: Sequence[Waiting],
    text: str,
    kind: TurnKind = TurnKind.AGENT,
) -> Running:
    conversation = scene.conversation(agent)
    request = text if kind is TurnKind.AGENT else batch.compose(messages)
    if kind is TurnKind.AGENT:
        if scene.chat.is_group:
            text = group.spoken(messages[0].push_name, text)
        text = _with_what_was_said_by_hand(scene, conversation, text)
    model = commands.model_name(conversation, agent, scene.settings)
    turn_id = turns.begin(
        scene.connection,
        scene.chat.id,
        [message.id for message in messages],
        scene.now,
        kind=kind,
        request=request,
        person_id=messages[0].person_id,
        conversation_id=conversation.id,
        agent=agent.id,
        model=model[:MODEL],
        why=scene.route.why,
        passed_over=_passed_over(scene),
    )
    return Running(
        id=turn_id,
        chat_id=scene.chat.id,
        agent=agent,
        conversation=conversation,
        text=text,
        sticky=scene.sticky,
        model=model,
        window=memory.window_of(agent, model),
        settings=scene.settings,
        channel=scene.chat.channel,
        about=scene.about,
        is_compaction=kind is TurnKind.COMMAND,
    )


def _with_what_was_said_by_hand(scene: Scene, conversation: Context, text: str) -> str:
    """An agent that goes on has to know what its owner has said in its place."""
    said = manual.since_last_turn(scene.connection, scene.chat, conversation)
    if not said:
        return text
    lines = [f"{'Owner' if each.by_owner else each.name or 'They'}: {each.text}" for each in said]
    return "\n".join([BY_HAND, *lines, NOW, text])


def still_working(connection: Connection, running: Running, now: datetime) -> None:
    """Let the person know that the answer takes long, if it is still awaited."""
    chat = chats.get(connection, running.chat_id)
    if chat is None or not turns.is_running(connection, running.id):
        return
    outbox.add(
        connection,
        address=chat.address,
        texts=[STILL_WORKING],
        now=now,
        chat_id=chat.id,
        turn_id=running.id,
        agent=running.agent.id,
    )


def finish(
    connection: Connection,
    running: Running,
    answer: Answer,
    now: datetime,
    summary: Summary | None = None,
) -> bool:
    """Store the answer and queue its pieces. False if the turn was taken from us meanwhile."""
    chat = chats.get(connection, running.chat_id)
    if chat is None or not turns.finish(connection, running.id, chat, answer, now):
        return False
    if summary:
        contexts.summarise(connection, running.conversation.id, summary.text, summary.through)
    if answer.error_code is None:
        chats.stick(connection, chat.id, running.agent.id, now + running.sticky)
    else:
        log.warning("turn failed", turn=running.id, error_code=answer.error_code)
    return True


def _notice(scene: Scene, messages: Sequence[Waiting], *, is_greeting: bool) -> Answer:
    """What we say ourselves where no agent is asked."""
    if scene.agent:
        return replies.said(
            commands.greeting(scene.agent) if is_greeting else batch.excuse(messages)
        )
    return replies.failure(failed(Failure.NO_AGENT))


def _passed_over(scene: Scene) -> Mapping[str, Absence]:
    """Agents that would have come first, and why they can't answer, for the owner."""
    absent = {agent: scene.registry.absence(agent) for agent in scene.route.missing}
    if absent:
        told = ", ".join(f"{agent} ({why})" for agent, why in absent.items())
        log.warning("agents are passed over", agents=told, chat=scene.chat.id)
    return absent
