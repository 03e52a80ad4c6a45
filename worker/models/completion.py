"""Asking a model: a prompt in, an answer or `AgentFailed` out. Knows nothing of chats and turns.

Streamed only while the owner watches, in the panel: WhatsApp shows whole messages, and reading a
stream costs several times the processor time.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

import structlog
from pydantic import ValidationError
from pydantic_ai import Agent as Runner
from pydantic_ai import settings
from pydantic_ai.exceptions import FallbackExceptionGroup, UserError
from pydantic_ai.messages import (
    BinaryContent,
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    ModelResponsePart,
    TextPart,
    ThinkingPart,
    UserContent,
)
from pydantic_ai.toolsets import AbstractToolset
from pydantic_ai.usage import RunUsage, UsageLimits

from core.agents.agent import Agent, system_prompt
from core.channel import Channel
from core.errors import InvalidModel
from core.messages.content import Content
from core.models.credentials import Access, needs_access
from core.models.failure import AgentFailed, Failure, make_error
from core.models.name import ECHO, ModelName
from core.models.usage import Spent
from core.text.reasoning import strip_reasoning
from worker.models import providers
from worker.models.failures import KNOWN, Scrubber, classify_error
from worker.models.fallback import Attempts
from worker.models.http_client import LONGEST_WAIT, TRIES, PatientClient, Sleep
from worker.models.partials import Watch, make_stream_handler
from worker.tools import RETRIES, Equipment
from worker.tools.tolerant import TolerantModel, Toolless

ANSWER_SECONDS = 120.0  # how long a provider may be silent; some models think for long
TURN_SECONDS = 600.0  # less than RQ leaves a job
# What one turn may take, so that an agent that goes on and on using its tools comes to an end.
LIMITS = UsageLimits(request_limit=25, total_tokens_limit=1_000_000)

log = structlog.get_logger(__name__)

# `str | None`: a model may have nothing to say. Without None the library would ask it again.
_RUNNER: Runner[Any, str | None] = Runner(
    output_type=[str, type(None)], retries={"tools": RETRIES, "output": 0}
)


@dataclass(frozen=True)
class Prompt:
    """What an agent is asked."""

    agent: Agent
    model: ModelName
    content: Content
    history: Sequence[Any] = ()  # what earlier completions of this context gave
    # It answers when `model` can't, for a reason that another model may not share.
    fallback: ModelName | None = None
    channel: Channel = Channel.WHATSAPP
    watch: Watch | None = None  # called with the answer so far, again and again
    equipment: Equipment | None = None  # without it the agent has no tools
    introduction: str = ""  # about the person
    task: str = ""  # in place of the agent's own instructions

    @property
    def instructions(self) -> str:
        """What the model reads before the conversation."""
        role = self.task or system_prompt(self.agent, self.channel)
        return "\n\n".join(filter(None, [role, self.introduction]))


@dataclass(frozen=True)
class Completion:
    """What came back. Tokens and cost are None where they were not counted."""

    text: str  # Markdown without the model's reasoning, perhaps empty
    history: Sequence[Any]  # this turn alone, ready for JSON
    model: ModelName  # the one that answered
    remark: str = ""  # for the owner: why it was the fallback, if it was
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: Decimal | None = None


class Completer:
    """Asks models, many at a time on one event loop, over one HTTP client.

    `access` says which models can be asked and with which keys; it is called in a thread for each
    completion that needs it. `seconds` is how long a provider may be silent, `turn_seconds` how
    long a completion may take with all its requests and tools. `sleep` is for tests.
    """

    def __init__(
        self,
        access: Callable[[], Access],
        *,
        seconds: float = ANSWER_SECONDS,
        turn_seconds: float = TURN_SECONDS,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._access = access
        self._turn_seconds = turn_seconds
        self._scrubber = Scrubber()
        self._toolless: Toolless = {}
        self._client = PatientClient(seconds, sleep=sleep)
        self._settings = settings.ModelSettings(
            timeout=seconds,
            max_retries=0,  # the client's business
            request_timeout=TRIES * (seconds + LONGEST_WAIT),
            # Some models would read in every request about marks we hardly ever use.
            framing_announcement="when_needed",
        )

    async def complete(self, prompt: Prompt) -> Completion:
        """Raises `AgentFailed`; its `detail` holds no key. Whatever else is raised is a bug, or
        what `access` raises when the database is out."""
        attempts, usage = Attempts(), RunUsage()
        try:
            async with asyncio.timeout(self._turn_seconds) as timer:
                # In a thread: the first use of a provider may import its library for a second.
                await asyncio.to_thread(self._prepare, attempts, prompt)
                return await self._ask(attempts, prompt, usage)
        except TimeoutError as error:
            if not timer.expired():
                raise
            detail = f"The turn took longer than {self._turn_seconds:g} seconds.\n{attempts.story}"
            detail = self.scrub(detail.strip())
            raise make_error(Failure.TIMEOUT, detail, _count_usage(usage)) from error
        except (*KNOWN, FallbackExceptionGroup) as error:
            raise self._describe_failure(attempts, error, usage) from error

    async def warm_up(self) -> None:
        """Do once, before a person waits, what a first use does slowly. Nothing is sent."""
        agent = Agent("warm-up", "Warm-up")
        first = await self.complete(Prompt(agent, ECHO, Content("first")))
        await self.complete(Prompt(agent, ECHO, Content("second"), first.history))
        known = Access(addresses={"ollama": "http://127.0.0.1"})
        providers.build_model(ModelName("ollama", "warm-up"), agent, known, self._client)

    async def close(self) -> None:
        await self._client.aclose()

    def scrub(self, text: str) -> str:
        """Text for the owner's eyes, without any key in it and of bearable length."""
        return self._scrubber.scrub(text)

    def _prepare(self, attempts: Attempts, prompt: Prompt) -> None:
        """Build the models that may be asked. Raises what is wrong with the first if none can."""
        names = [name for name in (prompt.model, prompt.fallback) if name]
        access = self._access() if needs_access(names) else Access()
        self._scrubber.learn(access.keys.values())
        for name in dict.fromkeys(names):
            try:
                model = providers.build_model(name, prompt.agent, access, self._client)
                attempts.add(name, TolerantModel(model, name, self._toolless))
            except (InvalidModel, UserError) as error:
                attempts.errors.append((name, error))
        if not attempts.models:
            raise attempts.errors[0][1]

    async def _ask(self, attempts: Attempts, prompt: Prompt, usage: RunUsage) -> Completion:
        result = await _RUNNER.run(
            _render_content(prompt.content),
            model=attempts.model,
            instructions=prompt.instructions,
            message_history=_load_history(prompt.history),
            model_settings=self._settings,
            usage=usage,
            usage_limits=LIMITS,
            deps=prompt.equipment and prompt.equipment.context,
            toolsets=_select_toolsets(prompt),
            event_stream_handler=make_stream_handler(prompt.watch) if prompt.watch else None,
        )
        answered = attempts.find_answering_model(result.new_messages())
        spent = _count_usage(usage) if answered != ECHO else Spent()
        return Completion(
            text=strip_reasoning(result.output or ""),
            history=_dump_history(result.new_messages()),
            model=answered,
            remark=self.scrub(attempts.story) if answered != prompt.model else "",
            **asdict(spent),
        )

    def _describe_failure(
        self, attempts: Attempts, error: Exception, usage: RunUsage
    ) -> AgentFailed:
        found = classify_error(attempts.give_up(error))
        assert found is not None, "only known errors are caught"
        return make_error(found, self.scrub(attempts.story), _count_usage(usage))


def _render_content(content: Content) -> str | Sequence[UserContent]:
    """Words alone stay a plain text, as every provider takes it."""
    if not content.parts:
        return content.text
    parts = [BinaryContent(part.data, media_type=part.media_type) for part in content.parts]
    return [content.text, *parts]


def _count_usage(usage: RunUsage) -> Spent:
    """Nothing was counted when it is zero: each request has at least a token."""
    return Spent(usage.input_tokens or None, usage.output_tokens or None, usage.cost)


def _select_toolsets(prompt: Prompt) -> Sequence[AbstractToolset[Any]]:
    """The demo has no use for tools, and MCP servers are not started for it."""
    return prompt.equipment.toolsets if prompt.equipment and prompt.model != ECHO else ()


def _load_history(history: Sequence[Any]) -> list[ModelMessage]:
    """What `_dump_history` made. What can't be read any more is forgotten: better an agent with a
    gap in its memory than one that never answers again."""
    try:
        return ModelMessagesTypeAdapter.validate_python(history)
    except ValidationError as error:
        log.warning("A conversation's history can't be read, it is left out", error=str(error))
        return []


def _dump_history(messages: Iterable[ModelMessage]) -> Sequence[Any]:
    """This turn for the next turns' history: without the instructions, which every turn brings
    anew, and without the reasoning."""
    bare = [_without_instructions(message) for message in messages]
    kept: Sequence[Any] = ModelMessagesTypeAdapter.dump_python(bare, mode="json", exclude_none=True)
    return kept


def _without_instructions(message: ModelMessage) -> ModelMessage:
    if isinstance(message, ModelRequest):
        return replace(message, instructions=None)
    # An attempt that failed is described in the provider's words, which may quote a key.
    return replace(message, parts=list(_strip_reasoning(message)), failed_attempts=None)


def _strip_reasoning(response: ModelResponse) -> Iterable[ModelResponsePart]:
    for part in response.parts:
        if isinstance(part, TextPart):
            yield replace(part, content=strip_reasoning(part.content))
        elif not isinstance(part, ThinkingPart):
            yield part
