"""Models that take no tools answer all the same, without any.

Every agent has tools, but small models, and some servers, refuse a request that offers them. Which
ones is known from their refusal only: OpenRouter, Ollama, Groq and vLLM each say it in words of
their own.
"""

import re
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import structlog
from pydantic_ai import RunContext
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings

from core.models.name import ModelName

REMEMBERED = 3600.0  # seconds until a model is offered tools again
_REFUSALS = frozenset({400, 404, 422, 501})
_ABOUT_TOOLS = re.compile(r"\btools?\b|tool[ _-]?(?:use|choice|call)|function[ _-]?call", re.I)

log = structlog.get_logger(__name__)

Toolless = dict[ModelName, float]
"""Models that have refused tools, and when, by `time.monotonic()`. One per process."""


class TolerantModel(WrapperModel):
    """Asks `model` again without tools when it refuses them, and the next times at once."""

    def __init__(self, model: Model, name: ModelName, toolless: Toolless) -> None:
        super().__init__(model)
        self._name = name
        self._toolless = toolless

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        parameters = self._adapt_parameters(model_request_parameters)
        try:
            return await super().request(messages, model_settings, parameters)
        except ModelHTTPError as error:
            without = self._leave_out(parameters, error)
        return await super().request(messages, model_settings, without)

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,
    ) -> AsyncGenerator[StreamedResponse]:
        parameters = self._adapt_parameters(model_request_parameters)
        ask = self.wrapped.request_stream
        async with AsyncExitStack() as stack:
            try:
                stream = await stack.enter_async_context(
                    ask(messages, model_settings, parameters, run_context)
                )
            except ModelHTTPError as error:
                without = self._leave_out(parameters, error)
                stream = await stack.enter_async_context(
                    ask(messages, model_settings, without, run_context)
                )
            yield stream

    def _adapt_parameters(self, parameters: ModelRequestParameters) -> ModelRequestParameters:
        refused_at = self._toolless.get(self._name)
        if refused_at is None or time.monotonic() - refused_at > REMEMBERED:
            return parameters
        return replace(parameters, function_tools=[])

    def _leave_out(
        self, parameters: ModelRequestParameters, error: ModelHTTPError
    ) -> ModelRequestParameters:
        """What to ask instead. Raises `error` when the tools were not what was refused."""
        is_about_tools = error.status_code in _REFUSALS and _ABOUT_TOOLS.search(str(error.body))
        if not parameters.function_tools or not is_about_tools:
            raise error
        log.warning("model takes no tools, it is asked without", model=str(self._name))
        self._toolless[self._name] = time.monotonic()
        return replace(parameters, function_tools=[])
