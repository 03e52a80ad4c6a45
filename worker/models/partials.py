"""Answers that are being written, for the page that shows them: SQL has whole answers only."""

import asyncio
import re
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
from pydantic_ai.agent import EventStreamHandler
from pydantic_ai.messages import (
    AgentStreamEvent,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
)
from pydantic_ai.tools import RunContext
from redis.exceptions import RedisError

from core.text.leaks import without_leaks
from core.text.reasoning import strip_reasoning
from store.redis.live import PARTIAL_TTL, Live

INTERVAL = 0.2  # seconds between two looks at what has been written
REPEAT = int(PARTIAL_TTL / 3 / INTERVAL)  # looks after which the same is stored again

Watch = Callable[[str], None]

# A tag of which only the beginning is there may become one that opens the reasoning.
_BEGUN_TAG = re.compile(r"<[/a-z]{0,20}(?:\b[^<>\n]{0,40})?\Z", re.IGNORECASE)

log = structlog.get_logger(__name__)


class Partials:
    """Puts into Redis what running turns have of their answers so far. On the loop only;
    `in_thread` calls what blocks."""

    def __init__(self, live: Live, in_thread: Callable[..., Awaitable[Any]]) -> None:
        self._live = live
        self._in_thread = in_thread

    @asynccontextmanager
    async def publish(self, turn_id: int) -> AsyncIterator[Watch]:
        """While in the block, the text that was last given to the function that it yields is shown,
        as far as it is meant for the reader. The function may be called as often as one likes."""
        written = [""]

        def watch(text: str) -> None:
            written[0] = text

        publishing = asyncio.create_task(self._publish(turn_id, lambda: written[0]))
        try:
            yield watch
        finally:
            publishing.cancel()
            with suppress(asyncio.CancelledError):
                await publishing

    async def _publish(self, turn_id: int, written: Callable[[], str]) -> None:
        last, age = "", 0
        while True:
            await asyncio.sleep(INTERVAL)
            text, age = written(), age + 1
            if text == last and age < REPEAT:
                continue
            last, age = text, 0
            try:
                await self._in_thread(self._store, turn_id, text)
            except RedisError as error:
                log.warning(
                    "Redis does not answer, the answer is not seen to grow", error=str(error)
                )

    def _store(self, turn_id: int, written: str) -> None:
        self._live.write_partial(turn_id, clean_partial(written))


def clean_partial(written: str) -> str:
    """What of an unfinished answer may be seen."""
    return without_leaks(strip_reasoning(_BEGUN_TAG.sub("", written)))


def make_stream_handler(watch: Watch) -> EventStreamHandler[Any]:
    """For the model library: makes it stream, and calls `watch` with the answer so far.

    Each request of a turn begins a new text: what was said before a tool was used is not the
    answer.
    """

    async def pass_on(context: RunContext[Any], events: AsyncIterable[AgentStreamEvent]) -> None:
        text = ""
        async for event in events:
            addition = _read_addition(event)
            if addition:
                text += addition
                watch(text)

    return pass_on


def _read_addition(event: AgentStreamEvent) -> str:
    match event:
        case PartStartEvent(part=TextPart(content=text)):
            return text
        case PartDeltaEvent(delta=TextPartDelta(content_delta=text)):
            return text
    return ""
