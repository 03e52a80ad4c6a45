"""How much of a context a model gets to see: windows, token estimates, what fits.

Tokens are estimated without the models' own tokenizers: four bytes of UTF-8 make about one, in
English as in Chinese. The providers' own counts correct that from turn to turn (`scale`).
"""

import json
import re
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from core.models.name import ModelName

OWN = "context_window"  # in an agent's config.yml: tokens
LEAST = 1_000
UNKNOWN = 32_000  # the window of unknown models
CAP = 200_000  # of larger windows no more is used: every message would pay for all of it again
BYTES = 4  # to one token
PER_MESSAGE = 4  # tokens around each message
REPLY = 8_000  # tokens kept free for the reply, at most a quarter of the window
NEARLY_FULL = 0.8  # of the room: then a context is worth summarising
MISJUDGED = (0.75, 3.0)  # by how much an estimate is believed to be wrong

# The first pattern found in "provider/name" decides. From the providers' documentation, mid 2026.
_WINDOWS: Sequence[tuple[re.Pattern[str], int]] = tuple(
    (re.compile(pattern), tokens)
    for pattern, tokens in (
        # What Ollama gives a model by itself, whatever the model could take.
        (r"^ollama/", 4_096),
        (r"gpt-4\.1|gpt-5", 400_000),
        (r"gpt-4o|gpt-4-turbo|chatgpt|\bo[134]\b", 128_000),
        (r"gpt-oss", 128_000),
        (r"gpt-4", 8_192),
        (r"gpt-3\.5", 16_385),
        (r"claude", 200_000),
        (r"gemini", 1_000_000),
        (r"gemma-?2", 8_192),
        (r"grok", 128_000),
        (r"deepseek", 64_000),
        (r"qwen-?3|qwen3|kimi|glm-4|minimax", 128_000),
        (r"llama-?3\.[123]|llama-?4|llama-3-[123]", 128_000),
        (r"llama-?3", 8_192),
        (r"mixtral", 32_000),
        (r"mistral-(?:large|medium|small)|magistral|ministral|codestral|devstral", 128_000),
    )
)


def of_model(name: ModelName) -> int:
    """The window to use with this model, in tokens."""
    known = str(name).lower()
    found = next((tokens for pattern, tokens in _WINDOWS if pattern.search(known)), UNKNOWN)
    return min(found, CAP)


def of_config(config: Mapping[str, Any] | None) -> int | None:
    """The window that an agent's config.yml names, None if it names none that could be."""
    own = (config or {}).get(OWN)
    if not isinstance(own, int) or isinstance(own, bool) or own < LEAST:
        return None
    return own


def find_problems(config: Mapping[str, Any]) -> Sequence[str]:
    """What the owner reads about the window in a config.yml."""
    if config.get(OWN) is None or of_config(config):
        return []
    return [f"{OWN}: it must be a number of tokens, at least {LEAST:,}, such as {UNKNOWN}."]


def measure_room(window: int) -> int:
    """Tokens of a window that may be filled before the reply."""
    return window - min(REPLY, window // 4)


def of_text(text: str) -> int:
    """About how many tokens a text has."""
    return -(-len(text.encode("utf-8", "replace")) // BYTES)


def of_messages(messages: Sequence[Any]) -> int:
    """About how many tokens these messages of a stored history have, tool calls and results too."""
    return sum(PER_MESSAGE + sum(map(_of_part, message.get("parts", ()))) for message in messages)


def scale(estimated: int | None, counted: int | None) -> float:
    """What to multiply estimates by, from one request that was estimated and then counted."""
    if not estimated or not counted:
        return 1.0
    least, most = MISJUDGED
    return min(max(counted / estimated, least), most)


def that_fit(sizes: Sequence[int], budget: float) -> int:
    """How many of these turns, counted from the newest, fit into the budget together. A turn is
    kept whole or left out whole, and with one everything before it."""
    total = accumulate(reversed(sizes))
    return next((kept for kept, size in enumerate(total) if size > budget), len(sizes))


def count_all(messages: Sequence[Any]) -> int | None:
    """The tokens that the provider counted in a turn's first request, None if it did not."""
    for message in messages:
        if message.get("kind") == "response":
            usage = message.get("usage") or {}
            return usage.get("input_tokens") or None
    return None


def _of_part(part: Mapping[str, Any]) -> int:
    return sum(
        of_text(_spell(part[key])) for key in ("tool_name", "args", "content") if part.get(key)
    )


def _spell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
