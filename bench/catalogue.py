"""`python -m bench.catalogue`: make core/models/catalogue.json, the models that the
panel offers.

Run by hand when genai-prices has been updated: the list is committed, so that neither the panel
nor `core` needs that library. Anything not on the list can still be typed.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, get_args

from genai_prices.data_snapshot import get_snapshot
from pydantic_ai.models import KnownModelName

from config import ROOT

FILE = ROOT / "core/models/catalogue.json"
# What an agent can talk with. Models for sound, pictures, search and vectors can't answer a chat,
# and OpenAI's "pro" models speak another protocol.
WANTED = {
    "anthropic": r"claude-(haiku|sonnet|opus|fable)-[4-9][-\d]*",
    "openai": r"gpt-4o(-mini)?|gpt-4\.1(-mini|-nano)?|gpt-[5-9](\.\d)?(-[a-z]+)?|o[34](-mini)?",
    "google": r"gemini-(2\.5|[3-9][.\d]*)-(flash|pro|flash-lite|argon|carbon)(-preview)?",
    "groq": r"openai/gpt-oss-\d+b|llama-3\.[13]-\S+-(versatile|instant)|(qwen|moonshotai)/\S+",
    "mistral": r"(mistral|magistral|ministral|codestral)-\S*latest|mistral-nemo",
    "openrouter": (
        r"(ai21|amazon|anthropic|cohere|deepseek|google|meta|meta-llama|microsoft|minimax|mistralai"
        r"|moonshotai|nvidia|openai|perplexity|qwen|tencent|x-ai|z-ai)/[^:]+"
    ),
}
UNWANTED = re.compile(
    r"audio|image|realtime|live|search|tts|transcribe|embed|vision|guard|safeguard|codex|cyber|coder"
    r"|rosalind|robotics|omni|banana|lyria|deep-research|-pro$|-vl-|-20\d\d-|instruct-\d|preview-\d\d"
    r"|multi-agent|palm|learnlm|-exp|reranker|turbo-\d|gpt-3|claude-[23]|gemma-2|llama-[23]-"
)


def rows() -> Iterator[tuple[str, float | None, float | None, int | None]]:
    """(provider/name, USD for a million tokens read, written, tokens it can look at)."""
    for provider in WANTED:
        for name in sorted(_names(provider)):
            model = _found(provider, name)
            prices = model.get_prices(datetime.now(UTC)) if model else None
            read, written = _usd(prices, "input_mtok"), _usd(prices, "output_mtok")
            if read is not None and written is not None:
                yield f"{provider}/{name}", read, written, model.context_window


def _names(provider: str) -> set[str]:
    known = [name for name in get_args(KnownModelName.__value__) if isinstance(name, str)]
    names = {name.split(":", 1)[1] for name in known if name.startswith(f"{provider}:")}
    listed = next(p for p in get_snapshot().providers if p.id == provider).models
    names |= {model.id for model in listed if not model.deprecated}
    return {
        name
        for name in names
        if re.fullmatch(WANTED[provider], name)
        and (not UNWANTED.search(name) or name.startswith("gemini") and name.endswith("-pro"))
    }


def _found(provider: str, name: str) -> Any:
    try:
        return get_snapshot().find_provider_model(name, None, provider, None)[1]
    except LookupError:
        return None


def _usd(prices: Any, which: str) -> float | None:
    price = getattr(prices, which, None)
    price = getattr(price, "base", price)  # the price of a short request, where there are steps
    return None if price is None else float(price)


def main() -> None:
    found = list(rows())
    source = f"genai-prices {version('genai-prices')}"
    lines = ",\n".join(json.dumps(row) for row in found)
    FILE.write_text(f'{{"source": "{source}", "models": [\n{lines}\n]}}\n')
    print(f"{len(found)} models")


if __name__ == "__main__":
    main()
