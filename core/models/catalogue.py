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
class CatalogueEntry:
    """A model worth offering. Prices are in USD for a million tokens, those of short requests where
    long ones cost more."""

    name: str  # provider/name
    read_usd: float
    written_usd: float
    window: int | None  # tokens that fit, None if unknown


@lru_cache
def load_catalogue() -> Mapping[str, CatalogueEntry]:
    """All of it by name, the providers' own models before those of OpenRouter."""
    rows = json.loads(_FILE.read_text())["models"]
    return {row[0]: CatalogueEntry(*row) for row in rows}


def search(text: str) -> Sequence[CatalogueEntry]:
    """Those whose name holds every word of the text, in any case."""
    words = text.casefold().split()
    return [
        model
        for model in load_catalogue().values()
        if all(word in model.name.casefold() for word in words)
    ]
