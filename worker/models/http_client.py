"""HTTP to the providers. A request that failed for a reason that may pass is sent again here, for
all providers and in one way: their own libraries must not."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
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
from tenacity import RetryCallState, stop_after_attempt
from tenacity.asyncio import AsyncRetrying
from tenacity.asyncio.retry import retry_if_result
from tenacity.retry import retry_if_exception_type

from runtime.backoff import Backoff

CONNECT_SECONDS = 10.0
TRIES = 3
LONGEST_WAIT = 20.0  # seconds; when a provider wants more, there is no point in waiting
CONNECTIONS = Limits(max_connections=1000, max_keepalive_connections=100)
BACKOFF = Backoff(first=1.0, factor=2.0, cap=LONGEST_WAIT, jitter=0.25)

Sleep = Callable[[float], Awaitable[None]]

# 529 is how Anthropic says "overloaded".
_MAY_PASS = frozenset({408, 429, 500, 502, 503, 504, 529})
# What is used up is not there again in seconds. OpenAI says so with the status of a rate limit.
_USED_UP = b"insufficient_quota"
# A model that is silent is not asked again: the person has waited long enough.
_LOST: tuple[type[Exception], ...] = (NetworkError, RemoteProtocolError, ConnectTimeout)


class PatientClient(AsyncClient):
    """Sends up to `TRIES` times what met a rate limit, a server in trouble or a broken connection,
    after waits that grow, or as long as `Retry-After` says. `seconds` is how long a provider may
    be silent. Proxies are those that the environment names. `sleep` is for tests.

    `pydantic_ai.retries` has a transport for this, but it raises in place of the last response, of
    which the libraries make their own errors, and can't read a body before it decides.
    """

    def __init__(self, seconds: float, *, sleep: Sleep = asyncio.sleep, **options: Any) -> None:
        timeout = Timeout(seconds, connect=CONNECT_SECONDS)
        super().__init__(timeout=timeout, limits=CONNECTIONS, **options)
        self._sleep = sleep

    async def send(self, request: Request, **options: Any) -> Response:
        _connect_soon(request)
        # One for each request: it keeps a state, and many requests run on one loop.
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(_LOST) | retry_if_result(_may_pass),
            stop=stop_after_attempt(TRIES),
            wait=_choose_wait,
            sleep=self._sleep,
            before_sleep=_close_response,
            retry_error_callback=_take_last_word,
        )
        response: Response = await retrying(super().send, request, **options)
        return response


def _connect_soon(request: Request) -> None:
    """The libraries set one timeout for everything; a server that is not there is known sooner."""
    timeout = request.extensions.get("timeout") or {}
    connect = min(timeout.get("connect") or CONNECT_SECONDS, CONNECT_SECONDS)
    request.extensions = {**request.extensions, "timeout": {**timeout, "connect": connect}}


async def _may_pass(response: Response) -> bool:
    """Whether to ask once more, or this answer is the last word."""
    if response.status_code not in _MAY_PASS or response.headers.get("x-should-retry") == "false":
        return False
    if _USED_UP in await response.aread():
        return False
    return (_read_retry_after(response) or 0.0) <= LONGEST_WAIT


def _choose_wait(state: RetryCallState) -> float:
    """In seconds: what the provider asks for, else twice as long as the last one."""
    outcome = state.outcome
    asked = _read_retry_after(outcome.result()) if outcome and not outcome.failed else None
    if asked is not None:
        return asked
    return replace(BACKOFF, failures=state.attempt_number).delay(random.random())


async def _close_response(state: RetryCallState) -> None:
    if state.outcome and not state.outcome.failed:
        await state.outcome.result().aclose()


def _take_last_word(state: RetryCallState) -> Response:
    """What came of the last try; raises the error that did."""
    assert state.outcome, "something was tried"
    response: Response = state.outcome.result()
    return response


def _read_retry_after(response: Response) -> float | None:
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
