"""Which provider is asked, where, and with whose key."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from httpx2 import AsyncClient, MockTransport, Request, Response
from pydantic_ai import Agent as Runner
from pydantic_ai.exceptions import ModelHTTPError

from core.agents.agent import Agent
from core.errors import InvalidModel
from core.models.credentials import KEYED, Access
from core.models.name import PROVIDERS, ModelName
from worker.models import providers
from worker.models.http_client import PatientClient

FINN = Agent("finn", "Finn", emoji="🏗️", role="Solutions Architect")


CUSTOM = "http://127.0.0.1:9/v1"


def with_keys() -> Access:
    keys = {provider: f"secret-of-{provider}" for provider in (*KEYED, "custom")}
    return Access(keys, {"custom": CUSTOM, "ollama": "http://127.0.0.1:8/v1"})


@pytest.fixture
def foreign_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the providers' libraries would find by themselves, all of it wrong."""
    for provider in (*KEYED, "gemini"):
        monkeypatch.setenv(f"{provider.upper()}_API_KEY", "wrong")
    for name in ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "GOOGLE_GEMINI_BASE_URL"):
        monkeypatch.setenv(name, "http://wrong.test/v1")
    yield


async def sent(name: str, access: Access) -> Request:
    """The request that asking this model makes; nothing leaves the process."""
    seen: list[Request] = []

    def answer(request: Request) -> Response:
        seen.append(request)
        return Response(400, json={"error": {"message": "enough"}})

    async with AsyncClient(transport=MockTransport(answer), timeout=60) as client:
        model = providers.build_model(ModelName.parse(name), FINN, access, client)
        with pytest.raises(ModelHTTPError):
            await Runner(retries=0).run("hi", model=model, instructions="Be Finn.")
    [request] = seen
    return request


@pytest.mark.usefixtures("foreign_environment")
@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("openai/gpt-4o", "https://api.openai.com/v1/chat/completions"),
        ("anthropic/claude-sonnet-4-6", "https://api.anthropic.com/v1/messages"),
        ("openrouter/a/b", "https://openrouter.ai/api/v1/chat/completions"),
        ("google/gemini-2.5-flash", "https://generativelanguage.googleapis.com/v1beta/models/"),
        ("groq/llama-4", "https://api.groq.com/openai/v1/chat/completions"),
        ("mistral/small", "https://api.mistral.ai/v1/chat/completions"),
        ("custom/mine", f"{CUSTOM}/chat/completions"),
    ],
)
async def test_each_provider_is_asked_at_its_address_with_our_key(name: str, address: str) -> None:
    request = await sent(name, with_keys())
    assert str(request.url).startswith(address)
    headers = " ".join(request.headers.values())
    assert f"secret-of-{name.split('/')[0]}" in headers
    assert headers.count("secret-of-") == 1 and "wrong" not in headers


async def test_the_whole_name_behind_the_provider_is_the_models() -> None:
    request = await sent("openrouter/anthropic/claude-sonnet-4.6", with_keys())
    body: Any = json.loads(request.content)
    assert body["model"] == "anthropic/claude-sonnet-4.6"
    assert {"role": "system", "content": "Be Finn."} in body["messages"]


@pytest.mark.usefixtures("foreign_environment")
@pytest.mark.parametrize("name", ["custom/mine", "ollama/llama"])
async def test_servers_without_a_key_get_nobody_elses(name: str) -> None:
    request = await sent(name, Access({}, with_keys().addresses))
    assert request.url.host == "127.0.0.1"
    assert "wrong" not in request.headers["authorization"]


@pytest.mark.usefixtures("foreign_environment")
@pytest.mark.parametrize("provider", KEYED)
async def test_without_a_key_a_provider_cant_be_used(provider: str) -> None:
    name = ModelName(provider, "vendor/x")
    async with PatientClient(60) as client:
        with pytest.raises(InvalidModel, match=f"^There is no key for {provider} yet.$"):
            providers.build_model(name, FINN, Access(), client)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_every_provider_can_be_built(provider: str) -> None:
    name = ModelName(provider, "vendor/x" if provider == "openrouter" else "echo")
    async with PatientClient(60) as client:
        assert providers.build_model(name, FINN, with_keys(), client).model_name.endswith(name.name)
