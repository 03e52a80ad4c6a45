"""From the name of a model to something that can be asked. Keys come from
`core.models.credentials`, and from nowhere else: the libraries below would look into the
environment by themselves.

One of the few modules that import pydantic-ai (facts: its release 2.68.0). The providers' own
libraries are imported with their first use: together they cost seconds and 70 MB.
"""

from collections.abc import AsyncIterator, Mapping

from httpx2 import AsyncClient
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, UserPromptPart
from pydantic_ai.models import Model
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

from core.agents.agent import Agent
from core.models.credentials import Access
from core.models.name import ECHO, ModelName
from worker.models import echo_model

# Where the providers listen.
ADDRESSES: Mapping[str, str] = {
    "openrouter": "https://openrouter.ai/api/v1",
    "anthropic": "https://api.anthropic.com",
    "openai": "https://api.openai.com/v1",
    "google": "https://generativelanguage.googleapis.com",
    "groq": "https://api.groq.com/openai/v1",
    "mistral": "https://api.mistral.ai/v1",
}

# The library takes `<think>` blocks out of a text, but of one that was never closed it takes the
# tag alone, and the thought would pass as the answer. So the text stays whole, for
# `core.text.reasoning`.
_WHOLE_TEXT = OpenAIModelProfile(thinking_tags=("<no such tag>", "</no such tag>"))


def build_model(name: ModelName, agent: Agent, access: Access, client: AsyncClient) -> Model:
    """The model by this name, asked in the role of `agent`. Raises `InvalidModel` as
    `Access.check`.

    Costs 0.2 ms, so nothing is kept and a changed key counts from the next turn. The first use of
    Anthropic's or Google's library takes a second and belongs into a thread.
    """
    access.check(name)
    if name == ECHO:
        return build_echo(agent)
    key = access.keys.get(name.provider, "")
    address = access.addresses.get(name.provider) or ADDRESSES[name.provider]
    match name.provider:
        case "openrouter":
            return _build_openrouter(name.name, key, address, client)
        case "anthropic":
            return _build_anthropic(name.name, key, address, client)
        case "google":
            return _build_google(name.name, key, address, client)
        case "openai":
            provider = OpenAIProvider(address, api_key=key, http_client=client)
            return OpenAIChatModel(name.name, provider=provider, profile=_WHOLE_TEXT)
    return _build_compatible(name, address, key, client)


def build_echo(agent: Agent) -> Model:
    """demo/echo in the role of `agent`."""

    def render(messages: list[ModelMessage]) -> str:
        is_first = not any(isinstance(message, ModelResponse) for message in messages)
        return echo_model.render_echo(agent, _find_last_prompt(messages), is_first=is_first)

    async def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse([TextPart(render(messages))])

    async def stream(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
        yield render(messages)

    return FunctionModel(answer, stream_function=stream, model_name=str(ECHO))


def _build_compatible(name: ModelName, address: str, key: str, client: AsyncClient) -> Model:
    provider = OpenAICompatibleProvider(
        name.provider, base_url=address, api_key=key or None, http_client=client
    )
    return OpenAIChatModel(name.name, provider=provider, profile=_WHOLE_TEXT)


def _build_openrouter(name: str, key: str, address: str, client: AsyncClient) -> Model:
    from openai import AsyncOpenAI
    from pydantic_ai.models.openrouter import OpenRouterModel
    from pydantic_ai.providers.openrouter import OpenRouterProvider

    asked = AsyncOpenAI(base_url=address, api_key=key, http_client=client)
    provider = OpenRouterProvider(openai_client=asked)
    return OpenRouterModel(name, provider=provider, profile=_WHOLE_TEXT)


def _build_anthropic(name: str, key: str, address: str, client: AsyncClient) -> Model:
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    provider = AnthropicProvider(api_key=key, base_url=address, http_client=client)
    return AnthropicModel(name, provider=provider)


def _build_google(name: str, key: str, address: str, client: AsyncClient) -> Model:
    from pydantic_ai.models.google import GoogleModel
    from pydantic_ai.providers.google import GoogleProvider

    provider = GoogleProvider(api_key=key, base_url=address, http_client=client)
    return GoogleModel(name, provider=provider)


def _find_last_prompt(messages: list[ModelMessage]) -> str:
    """The last thing the person wrote."""
    prompts = [
        part.content
        for message in messages
        if isinstance(message, ModelRequest)
        for part in message.parts
        if isinstance(part, UserPromptPart) and isinstance(part.content, str)
    ]
    return prompts[-1] if prompts else ""
