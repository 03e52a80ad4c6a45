"""Names of AI models: `provider/name`, such as openrouter/anthropic/claude-sonnet-4.6."""

from dataclasses import dataclass
from typing import Self

from core.errors import InvalidModel

NAME_LENGTH = 200  # characters of a model's name that are stored
TOO_LONG = "That is too long for the name of a model."

PROVIDERS = (
    "openrouter",
    "anthropic",
    "openai",
    "google",
    "groq",
    "mistral",
    "ollama",
    "custom",
    "demo",
)
_ALIASES = {"gemini": "google"}


@dataclass(frozen=True)
class ModelName:
    """`str()` gives the one spelling that is stored and shown."""

    provider: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Accepts `provider/name` and `provider:name`. Raises `InvalidModel` with the sentence."""
        bare = text.strip()
        cut = min((i for i in (bare.find("/"), bare.find(":")) if i > 0), default=-1)
        provider = bare[:cut].lower() if cut > 0 else ""
        provider = _ALIASES.get(provider, provider)
        name = bare[cut + 1 :].strip()
        if provider not in PROVIDERS:
            known = ", ".join(PROVIDERS)
            raise InvalidModel(f"Write a model as provider/name. Providers: {known}.")
        if not name or " " in name or not name.isprintable():
            raise InvalidModel(f"“{bare}” names no model: write {provider}/name.")
        return cls(provider, name)

    def __str__(self) -> str:
        return f"{self.provider}/{self.name}"


ECHO = ModelName("demo", "echo")  # answers without any AI; the name that settings and tables hold


def own_model(of_agent: str | None, default: str | None) -> str:
    """The model of an agent without another one chosen: its own, else the owner's
    default, else the echo model; as it was written."""
    return of_agent or default or str(ECHO)
