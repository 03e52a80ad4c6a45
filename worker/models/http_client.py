"""HTTP to the providers. A request that failed for a reason that may pass is sent again here, for
all providers and in one way: their own libraries are told not to."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from httpx2 import (
    AsyncClient,
    ConnectTimeout,
    Limits,
    NetworkError,
    RemoteProtocolError,
    Request,
    Response,
    Timeout,
)

CONNECT_SECONDS = 10.0
TRIES = 3
FIRST_PAUSE = 1.0  # seconds; then twice as long, give or take a quarter
LONGEST_PAUSE = 20.0  # seconds; when a provider wants more, there is no point in waiting
CONNECTIONS = Limits(max_connections=1000, max_keepalive_connections=100)

Pause = Callable[[float], Awaitable[object]]

# 529 is how Anthropic says "overloaded".
_MAY_PASS = frozenset({408, 429, 500, 502, 503, 504, 529})
# What is used up is not there again in seconds. OpenAI says so with the status of a rate limit.
_USED_UP = b"insufficient_quota"
# A model that is silent is not asked again: the person has waited long enough.
_LOST: tuple[type[Exception], ...] = (NetworkError, RemoteProtocolError, ConnectTimeout)


class PatientClient(AsyncClient):
    """Sends up to `TRIES` times what met a rate limit, a server in trouble or a broken connection,
    with pauses that grow, or as long as `Retry-After` says. `seconds` is how long a provider may
    be silent. Proxies are those that the environment names. `pause` is for tests."""

    def __init__(self, seconds: float, *, pause: Pause = asyncio.sleep, **options: Any) -> None:
        timeout = Timeout(seconds, connect=CONNECT_SECONDS)
        super().__init__(timeout=timeout, limits=CONNECTIONS, **options)
        self._pause = pause

    async def send(self, request: Request, **options: Any) -> Response:
        _connect_soon(request)
        for number in range(1, TRIES):
            response = None
            try:
                response = await super().send(request, **options)
            except _LOST:
                wait: float | None = _backoff(number)
            else:
                wait = await _wanted(response, number)
            if response and wait is None:
                return response
            if response:
                await response.aclose()
            await self._pause(wait or 0.0)
        return await super().send(request, **options)


def _connect_soon(request: Request) -> None:
    """The libraries set one timeout for everything; a server that is not there is known sooner."""
    timeout = request.extensions.get("timeout") or {}
    connect = min(timeout.get("connect") or CONNECT_SECONDS, CONNECT_SECONDS)
    request.extensions = {**request.extensions, "timeout": {**timeout, "connect": connect}}


async def _wanted(response: Response, number: int) -> float | None:
    """Seconds to wait before asking once more; None when this answer is the last word."""
    if response.status_code not in _MAY_PASS or response.headers.get("x-should-retry") == "false":
        return None
    if _USED_UP in await response.aread():
        return None
    asked = _retry_after(response)
    if asked is None:
        return _backoff(number)
    return asked if asked <= LONGEST_PAUSE else None


def _retry_after(response: Response) -> float | None:
    """What the provider asks for, in seconds; None when it says nothing that can be read."""
    text = response.headers.get("retry-after", "")
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds()) if moment.tzinfo else None


def _backoff(number: int) -> float:
    return float(FIRST_PAUSE * 2 ** (number - 1) * random.uniform(0.75, 1.25))
