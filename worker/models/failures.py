"""From the libraries' errors to our classes of failure, in words that hold no key."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic_ai import exceptions

from core.errors import InvalidModel
from core.models.failure import Failure

DETAIL = 4000  # characters of an error that are kept
KEY_MIN = 6  # a server of one's own may want a key like "x", which is no secret but in all words

# The first class that fits decides.
_FAILURES: Sequence[tuple[type[Exception], Failure]] = (
    (InvalidModel, Failure.UNKNOWN_MODEL),
    (exceptions.UserError, Failure.UNKNOWN_MODEL),  # the library refuses the name
    (exceptions.ModelNotFoundError, Failure.UNKNOWN_MODEL),
    (exceptions.ModelAuthenticationError, Failure.AUTH),
    (exceptions.ModelQuotaExceededError, Failure.QUOTA),
    (exceptions.ModelRateLimitError, Failure.RATE_LIMIT),
    (exceptions.ModelContextWindowExceededError, Failure.CONTEXT_TOO_LONG),
    (exceptions.ModelTimeoutError, Failure.TIMEOUT),
    (exceptions.ModelRequestTimeout, Failure.TIMEOUT),
    (exceptions.ModelConnectionError, Failure.UNREACHABLE),
    (exceptions.ModelRequestRejectedError, Failure.REJECTED),
    (exceptions.ContentFilterError, Failure.REFUSED),
    (exceptions.ModelUnavailableError, Failure.SERVER_ERROR),
    (exceptions.ModelServerError, Failure.SERVER_ERROR),
    (exceptions.ModelHTTPError, Failure.SERVER_ERROR),
    (exceptions.UsageLimitExceeded, Failure.TOO_MANY_STEPS),
    (exceptions.AgentRunError, Failure.BAD_ANSWER),
)
KNOWN = (InvalidModel, exceptions.UserError, exceptions.AgentRunError)
_FILTERED = ("content_filter", "content_policy_violation")
_KEY_LIKE = re.compile(r"\b(?:sk-|gsk_|AIza)[-\w*]{8,}|(?<=Bearer )\S+")


def classify_error(error: Exception) -> Failure | None:
    """Its class; None when it is no failure of a model but a bug."""
    if getattr(error, "provider_error_code", None) in _FILTERED:
        return Failure.REFUSED
    if getattr(error, "status_code", None) == 402:  # which says no more than "payment required"
        return Failure.QUOTA
    return next((failure for kind, failure in _FAILURES if isinstance(error, kind)), None)


def describe_error(error: Exception) -> str:
    """What the provider said, as far as it said something; to be scrubbed before it is kept."""
    if isinstance(error, exceptions.ModelHTTPError):
        return f"{error.status_code}: {_find_message(error.body)}"
    if isinstance(error, exceptions.UsageLimitExceeded):
        return str(error).split(". Consider ")[0]  # what follows is for programmers
    if isinstance(error, InvalidModel):
        return str(error)
    return f"{type(error).__name__}: {error}"


def _find_message(body: Any) -> str:
    """The sentence in an error's body: each provider wraps it in its own way."""
    if isinstance(body, list) and body:
        return _find_message(body[0])
    if isinstance(body, dict):
        for name in ("error", "message", "detail"):
            if body.get(name):
                return _find_message(body[name])
    return str(body)


class Scrubber:
    """Takes keys out of texts. It knows those that were used in this process, also the ones that
    have been replaced since: a request that is under way still carries them."""

    def __init__(self) -> None:
        self._keys: set[str] = set()

    def learn(self, keys: Iterable[str]) -> None:
        self._keys.update(key for key in keys if len(key) >= KEY_MIN)

    def scrub(self, text: str) -> str:
        """Text for the owner's eyes, without any key in it and of bearable length."""
        # The longest first: one key may be the beginning of another.
        for key in sorted(self._keys, key=len, reverse=True):
            text = text.replace(key, "[key]")
        return _KEY_LIKE.sub("[key]", text)[:DETAIL]
