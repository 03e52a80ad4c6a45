"""What is to become of the messages that are due: a decision, without any reading or writing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.admission import limits
from core.agents.mention import Mention
from core.messages import batch
from core.messages.command import Call
from core.messages.content import Content
from core.models.failure import Failure
from store.chats.messages import Waiting
from worker.jobs import commands
from worker.jobs.turn_context import TurnContext


@dataclass(frozen=True)
class StopAnswer:
    """/stop: nothing more is sent of the latest answer, and these messages get none."""

    messages: Sequence[Waiting]


@dataclass(frozen=True)
class Refuse:
    """A limit is reached. It is said once since that time; what follows is not answered."""

    failure: Failure
    messages: Sequence[Waiting]
    since: datetime


@dataclass(frozen=True)
class Fail:
    """No answer, for a reason known beforehand."""

    failure: Failure


@dataclass(frozen=True)
class RunCommand:
    call: Call


@dataclass(frozen=True)
class SayText:
    """A sentence of ours where no agent has anything to read."""

    text: str
    mention: Mention | None


@dataclass(frozen=True)
class AskAgent:
    content: Content
    mention: Mention | None


Plan = StopAnswer | Refuse | Fail | RunCommand | SayText | AskAgent


def decide(context: TurnContext) -> Plan:
    """Stops first, then limits, then the command or the agent."""
    interrupted = batch.find_interrupted(context.waiting)
    is_in_vain = not (context.has_stopped or context.has_unsent)
    if interrupted and not (is_in_vain and all(map(batch.is_interrupt, interrupted))):
        return StopAnswer(interrupted)
    if context.keeps_crashing:
        return Fail(Failure.CRASHED)
    if refusal := _find_refusal(context):
        return refusal
    return RunCommand(context.call) if context.call else _plan_answer(context)


def _find_refusal(context: TurnContext) -> Refuse | None:
    """None in the panel, whose messages are under no limit."""
    if context.person is None:
        return None
    if limits.is_flood(context.recent_messages, context.settings):
        theirs = [each for each in context.waiting if each.person_id == context.person.id]
        return Refuse(Failure.RATE_LIMITED, theirs, context.now - limits.MINUTE)
    asks_model = context.call is None or context.call.asks_model
    if asks_model and limits.is_spent(context.spent_usd, context.settings):
        return Refuse(Failure.OVER_BUDGET, context.messages, limits.find_start_of_day(context.now))
    return None


def _plan_answer(context: TurnContext) -> Plan:
    mention = context.find_mention()
    if mention:
        context = context.turn_to(mention)
    if context.agent is None:
        return Fail(Failure.NO_AGENT)
    content = batch.build_content(context.messages)
    if content:
        return AskAgent(content, mention)
    greeting = commands.render_greeting(context.agent)
    return SayText(greeting if mention else batch.build_excuse(context.messages), mention)
