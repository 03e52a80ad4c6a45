"""A turn between its two transactions: remember, make room if need be, let the agent answer."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import structlog

from core.agents.agent import Agent
from core.errors import InvalidModel
from core.messages import status_text
from core.models.failure import AgentFailed, Failure, failed
from core.models.name import DEMO, ModelName
from store.chats.turns import Answer
from worker.jobs import compaction, memory, replies
from worker.jobs.compaction import Summary
from worker.jobs.memory import Memory
from worker.jobs.turns import Running
from worker.models.completion import Completer, Prompt
from worker.models.partials import Partials, Watch
from worker.tools import Equipment, Tools

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What to store at the end of a turn: the answer and, if one was made, a summary."""

    answer: Answer
    summary: Summary | None = None


class Asker:
    """Asks agents for one process, on its loop. `read` calls a function of the store."""

    def __init__(
        self,
        read: Callable[..., Awaitable[Any]],
        completer: Completer,
        partials: Partials,
        tools: Tools,
    ) -> None:
        self._read = read
        self._completer = completer
        self._partials = partials
        self._tools = tools

    async def outcome(self, running: Running) -> Outcome:
        """A failure is an outcome too; what is raised is a bug, or the database being out."""
        try:
            model = ModelName.parse(running.model)
            if running.is_compaction:
                return await self._compacted(running, model)
            remembered, summary = await self._remember(running, model)
            return Outcome(
                _with_cost(await self._answer(running, model, remembered), summary), summary
            )
        except InvalidModel as error:
            return Outcome(replies.failure(failed(Failure.UNKNOWN_MODEL, str(error))))
        except AgentFailed as error:
            return Outcome(replies.failure(error))

    async def _answer(self, running: Running, model: ModelName, remembered: Memory) -> Answer:
        prompt = Prompt(
            running.agent,
            model,
            running.text,
            fallback=_fallback(running.agent),
            channel=running.channel,
            about=running.about,
        )
        view = memory.view(remembered, prompt.instructions, prompt.text, running.window)
        async with (
            self._watched(running) as watch,
            self._tools.of(running.agent, running.id) as equipment,
        ):
            prompt = replace(prompt, history=view.messages, watch=watch, equipment=equipment)
            answer = await self._asked(prompt)
            answer = replace(answer, estimated_tokens=view.estimated)
            return _with_remarks(answer, equipment, self._completer)

    async def _asked(self, prompt: Prompt) -> Answer:
        try:
            return replies.spoken(await self._completer.complete(prompt), self._completer.scrub)
        except AgentFailed as error:
            return replies.failure(error)

    async def _remember(self, running: Running, model: ModelName) -> tuple[Memory, Summary | None]:
        """With `auto_compact`, what nearly fills the window is summarised first. If that fails the
        oldest turns drop out of sight, as without it."""
        remembered = await self._load(running)
        if not running.settings.auto_compact or model == DEMO:
            return remembered, None
        prompt = Prompt(running.agent, model, "", channel=running.channel, about=running.about)
        view = memory.view(remembered, prompt.instructions, running.text, running.window)
        if not compaction.is_due(view.needed, running.window, remembered):
            return remembered, None
        try:
            summary = await self._summarise(running, model, remembered, keep=compaction.KEPT)
        except AgentFailed as error:
            log.warning("no summary was made", turn=running.id, error_code=error.code)
            return remembered, None
        return remembered.after(summary.text, summary.kept), summary

    async def _compacted(self, running: Running, model: ModelName) -> Outcome:
        """The answer to /compact."""
        remembered = await self._load(running)
        summary = await self._summarise(running, model, remembered, wishes=running.text)
        before, after = (
            memory.view(each, "", "", running.window).needed
            for each in (remembered, remembered.after(summary.text, summary.kept))
        )
        text = status_text.compacted(len(remembered.past), before, after)
        return Outcome(_with_cost(replies.said(text), summary), summary)

    async def _summarise(
        self, running: Running, model: ModelName, remembered: Memory, **options: Any
    ) -> Summary:
        return await compaction.summarise(
            self._completer, remembered, model, running.window, **options
        )

    async def _load(self, running: Running) -> Memory:
        found: Memory = await self._read(memory.load, running.conversation, running.window)
        return found

    def _watched(self, running: Running) -> AbstractAsyncContextManager[Watch | None]:
        return self._partials.shown(running.id) if running.channel.shows_partials else nullcontext()


def _fallback(agent: Agent) -> ModelName | None:
    """A name that can't be one counts as none: the panel tells the owner, beside the agent."""
    try:
        return ModelName.parse(agent.fallback_model) if agent.fallback_model else None
    except InvalidModel:
        return None


def _with_cost(answer: Answer, summary: Summary | None) -> Answer:
    """A turn pays for the summary that it had made."""
    if summary is None:
        return answer
    return replace(
        answer,
        input_tokens=compaction.total(answer.input_tokens, summary.input_tokens),
        output_tokens=compaction.total(answer.output_tokens, summary.output_tokens),
        cost_usd=compaction.total(answer.cost_usd, summary.cost_usd),
    )


def _with_remarks(answer: Answer, equipment: Equipment, completer: Completer) -> Answer:
    """What tools had to say goes to the owner."""
    remarks = completer.scrub("\n".join(equipment.context.remarks))
    details = "\n".join(filter(None, [answer.error_detail, remarks]))
    return replace(answer, error_detail=details or None)
