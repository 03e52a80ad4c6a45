"""A turn between its two transactions: remember, make room if need be, let the agent answer."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import structlog

from core.agents.agent import Agent
from core.errors import InvalidModel
from core.messages import status_text
from core.messages.content import Content
from core.models.failure import AgentFailed, Failure, make_error
from core.models.name import ECHO, ModelName
from store.chats.turns import Answer
from worker.jobs import compaction, memory, replies
from worker.jobs.compaction import Summary
from worker.jobs.memory import Memory
from worker.jobs.turns import OpenTurn
from worker.models.completion import Completer, Prompt
from worker.models.partials import Partials, Watch
from worker.tools import Equipment, Tools

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class TurnResult:
    """What to store at the end of a turn."""

    answer: Answer
    summary: Summary | None = None  # if one was made


class AgentAsker:
    """Asks agents for one process, on its loop. `read` calls a function of the store."""

    def __init__(
        self,
        *,
        read: Callable[..., Awaitable[Any]],
        completer: Completer,
        partials: Partials,
        tools: Tools,
    ) -> None:
        self._read = read
        self._completer = completer
        self._partials = partials
        self._tools = tools
        # Commands that ask a model, by name.
        self._commands = {"compact": self._compact}

    async def ask(self, turn: OpenTurn) -> TurnResult:
        """A failure is a result too; what is raised is a bug, or the database being out."""
        try:
            model = ModelName.parse(turn.model)
            if turn.command:
                return await self._commands[turn.command](turn, model)
            remembered, summary = await self._remember(turn, model)
            answer = await self._answer(turn, model, remembered)
            return TurnResult(_add_summary_cost(answer, summary), summary)
        except InvalidModel as error:
            failure = make_error(Failure.UNKNOWN_MODEL, str(error))
            return TurnResult(replies.make_failure(failure))
        except AgentFailed as error:
            return TurnResult(replies.make_failure(error))

    async def _answer(self, turn: OpenTurn, model: ModelName, remembered: Memory) -> Answer:
        prompt = _make_prompt(turn, model)
        view = memory.choose_view(remembered, prompt.instructions, prompt.content, turn.window)
        async with (
            self._watch(turn) as watch,
            self._tools.equip(turn.agent, turn.id) as equipment,
        ):
            prompt = replace(prompt, history=view.messages, watch=watch, equipment=equipment)
            try:
                completion = await self._completer.complete(prompt)
                answer = replies.make_answer(completion, self._completer.scrub)
            except AgentFailed as error:
                answer = replies.make_failure(error)
            answer = replace(answer, estimated_tokens=view.estimated)
            return _add_remarks(answer, equipment, self._completer)

    async def _remember(self, turn: OpenTurn, model: ModelName) -> tuple[Memory, Summary | None]:
        """With `auto_compact`, what nearly fills the window is summarised first. If that fails the
        oldest turns drop out of sight, as without it."""
        remembered = await self._load(turn)
        if not turn.settings.auto_compact or model == ECHO:
            return remembered, None
        instructions = _make_prompt(turn, model).instructions
        view = memory.choose_view(remembered, instructions, turn.content, turn.window)
        if not compaction.is_due(view.needed, turn.window, remembered):
            return remembered, None
        try:
            summary = await compaction.summarise(
                self._completer, remembered, model, turn.window, keep=compaction.KEPT
            )
        except AgentFailed as error:
            log.warning("no summary was made", turn=turn.id, error_code=error.code)
            return remembered, None
        return remembered.with_summary(summary.text, summary.kept), summary

    async def _compact(self, turn: OpenTurn, model: ModelName) -> TurnResult:
        """The answer to /compact."""
        remembered = await self._load(turn)
        summary = await compaction.summarise(
            self._completer, remembered, model, turn.window, wishes=turn.content.text
        )
        before, after = (
            memory.choose_view(each, "", Content(""), turn.window).needed
            for each in (remembered, remembered.with_summary(summary.text, summary.kept))
        )
        text = status_text.describe_compaction(len(remembered.past), before, after)
        return TurnResult(_add_summary_cost(replies.make_sentence(text), summary), summary)

    async def _load(self, turn: OpenTurn) -> Memory:
        loaded: Memory = await self._read(memory.load, turn.context, turn.window)
        return loaded

    def _watch(self, turn: OpenTurn) -> AbstractAsyncContextManager[Watch | None]:
        return self._partials.publish(turn.id) if turn.channel.shows_partials else nullcontext()


def _make_prompt(turn: OpenTurn, model: ModelName) -> Prompt:
    return Prompt(
        turn.agent,
        model,
        turn.content,
        fallback=_find_fallback(turn.agent),
        channel=turn.channel,
        introduction=turn.introduction,
    )


def _find_fallback(agent: Agent) -> ModelName | None:
    """A name that can't be one counts as none: the panel tells the owner, beside the agent."""
    try:
        return ModelName.parse(agent.fallback_model) if agent.fallback_model else None
    except InvalidModel:
        return None


def _add_summary_cost(answer: Answer, summary: Summary | None) -> Answer:
    """A turn pays for the summary that it had made."""
    if summary is None:
        return answer
    return replace(
        answer,
        input_tokens=compaction.add_counts(answer.input_tokens, summary.input_tokens),
        output_tokens=compaction.add_counts(answer.output_tokens, summary.output_tokens),
        cost_usd=compaction.add_counts(answer.cost_usd, summary.cost_usd),
    )


def _add_remarks(answer: Answer, equipment: Equipment, completer: Completer) -> Answer:
    """What tools had to say goes to the owner."""
    remarks = completer.scrub("\n".join(equipment.context.remarks))
    details = "\n".join(filter(None, [answer.error_detail, remarks]))
    return replace(answer, error_detail=details or None)
