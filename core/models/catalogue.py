"""Models worth offering, with their prices. `python -m bench.catalogue` makes the list; a model
that is not on it can be used all the same."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_FILE = Path(__file__).with_name("catalogue.json")

# What to ask of a provider in order to see whether its key works: cheap, and there for long.
TRIAL: Mapping[str, str] = {
    "openrouter": "openrouter/openai/gpt-4o-mini",
    "anthropic": "anthropic/claude-haiku-4-5",
    "openai": "openai/gpt-4o-mini",
    "google": "google/gemini-2.5-flash-lite",
    "groq": "groq/llama-3.1-8b-instant",
    "mistral": "mistral/mistral-small-latest",
}


@dataclass(frozen=True)
class Listed:
    """`name` is provider/name. Prices are in USD for a million tokens read and written, those of
    short requests where long ones cost more; `window` is how many tokens fit, None if unknown."""

    name: str
    read_usd: float
    written_usd: float
    window: int | None


@lru_cache
def catalogue() -> Mapping[str, Listed]:
    """All of it by name, the providers' own models before those of OpenRouter."""
    rows = json.loads(_FILE.read_text())["models"]
    return {row[0]: Listed(*row) for row in rows}


def search(text: str) -> Sequence[Listed]:
    """Those whose name holds every word of the text, in any case."""
    words = text.casefold().split()
    return [
        model
        for model in catalogue().values()
        if all(word in model.name.casefold() for word in words)
    ]
