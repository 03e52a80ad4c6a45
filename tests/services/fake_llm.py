"""An AI provider for tests: a server on this machine that speaks OpenAI's chat completions, and
Anthropic's and Google's languages at their addresses.

Tell it how to behave, then look at what it was asked:

    llm.replies("Hello!")                  # the next answer, and all after it
    llm.replies("one", "two")              # in this order; the last one goes on
    llm.replies_when("weather", "Rain.")   # for requests whose last message contains it
    llm.fails(429)                         # every request, until told otherwise
    llm.fails(503, times=1)                # the next one only
    llm.calls_tool("current_time", then="Noon.")  # a tool, and what is said when it has answered
    llm.hangs()                            # takes requests and never answers
    with llm.held(): ...                   # answers are kept back until the end of the block
    with llm.stalled(2): ...               # streams halt after so many words until then
    llm.breaks_off(2)                      # streams end after so many words, without a word why
    llm.requests[-1].text                  # what the person said last
"""

import asyncio
import json
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Self

import pytest

from core.models.name import PROVIDERS
from tests.services.llm_tools import Call, offered, results, with_calls
from tests.services.llm_wires import Wire, wire_of
from tests.waiting import PATIENCE, until

STREAM = "text/event-stream"
REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found"}


@dataclass(frozen=True)
class Request:
    """One request as it came in; header names in lower case."""

    path: str
    headers: Mapping[str, str]
    body: Any

    @property
    def wire(self) -> Wire:
        return wire_of(self.path)

    @property
    def model(self) -> str:
        return self.wire.model(self.path, self.body)

    @property
    def messages(self) -> list[tuple[str, str]]:
        """(role, text) of all messages but the system's."""
        return self.wire.messages(self.body)

    @property
    def system(self) -> str:
        return self.wire.system(self.body)

    @property
    def text(self) -> str:
        """The last thing the person said."""
        return [text for role, text in self.messages if role == "user" and text][-1]

    @property
    def tools(self) -> Mapping[str, Any]:
        """The tools on offer: names and the schemas of their arguments."""
        return offered(self.body)

    @property
    def results(self) -> list[str]:
        """What the tools came to that were called so far."""
        return results(self.body)


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


Behaviour = Callable[[Request], Awaitable[Reply | None]]


class FakeLLM:
    """Runs in a thread of its own; its methods may be called from any. One per test."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.peak = 0  # most requests that were being answered at the same time
        self._answering = 0
        self._serving: set[asyncio.Task[Any] | None] = set()
        self._script: deque[Behaviour] = deque([self._talk("I am a fake model.")])
        self._cases: list[tuple[str, Behaviour]] = []
        self._loop = asyncio.new_event_loop()
        self._meanwhile: dict[int, Callable[[], object]] = {}
        self._gate = asyncio.Event()
        self._gate.set()
        self._delay = 0.0
        self._flow = asyncio.Event()  # cleared while streams halt after `_words` words
        self._flow.set()
        self._words: int | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="fake-llm", daemon=True)

    # ---- what tests say ------------------------------------------------------------------------

    def replies(self, *texts: str | None) -> Self:
        """None is an answer without content."""
        return self._play(*(self._talk(text) for text in texts))

    def replies_when(self, contains: str, text: str) -> Self:
        """Stronger than all else that was said; the newest such case first."""
        self._cases.insert(0, (contains, self._talk(text)))
        return self

    def hangs_when(self, contains: str) -> Self:
        """Never answers such requests, while all others are answered as before."""
        self._cases.insert(0, (contains, _never))
        return self

    def calls_tool(self, name: str, /, then: str = "Done.", **arguments: Any) -> Self:
        """In the next answer; what is said `then` is the one after it, and all further ones."""
        return self.calls_tools([(name, arguments)], then=then)

    def calls_tools(self, *steps: Sequence[Call], then: str = "Done.") -> Self:
        """One answer for each of the steps, in which all its tools are called at once."""
        return self._play(*(self._use(calls) for calls in steps), self._talk(then))

    def finishes(self, text: str | None, reason: str) -> Self:
        """An answer that ended for another reason than being complete: length, content_filter."""
        return self._play(self._talk(text, reason))

    def fails(
        self,
        status: int,
        message: str = "no",
        code: str | None = None,
        *,
        times: int = 0,
        after: int = 0,
        **headers: str,
    ) -> Self:
        """With `times` only so often, `after` so many answers, and then as before. Headers are
        written `retry_after="2"`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}

        async def refuse(request: Request) -> Reply | None:
            error = request.wire.error(status, message, code)
            return Reply(status, json.dumps(error).encode(), headers=named)

        if not times:
            return self._play(refuse)
        for _ in range(times):
            self._script.insert(after, refuse)
        return self

    def says_raw(self, body: bytes, content_type: str = "text/html") -> Self:
        """Something with status 200 that is no chat completion."""
        return self._play(_always(Reply(200, body, content_type)))

    def hangs(self) -> Self:
        return self._play(_never)

    def hangs_up(self) -> Self:
        """Closes the connection without a word."""

        async def silence(request: Request) -> Reply | None:
            return None

        return self._play(silence)

    def delay(self, seconds: float) -> Self:
        """Every answer takes this long."""
        self._delay = seconds
        return self

    def meanwhile(self, number: int, act: Callable[[], object]) -> Self:
        """Call `act`, in the fake's thread, before request `number` (from 1) is answered."""
        self._meanwhile[number] = act
        return self

    def hold(self) -> None:
        """Keep all answers back until `release`."""
        self._call(self._gate.clear)

    def release(self) -> None:
        self._call(self._gate.set)

    @contextmanager
    def held(self) -> Iterator[None]:
        self.hold()
        try:
            yield
        finally:
            self.release()

    @contextmanager
    def stalled(self, words: int) -> Iterator[None]:
        self._words = words
        self._call(self._flow.clear)
        try:
            yield
        finally:
            self._words = None
            self._call(self._flow.set)

    def breaks_off(self, words: int) -> Self:
        self._words = words
        return self

    def wait_for(self, count: int) -> Request:
        """Wait until so many requests have come in all; returns the last of them."""
        until(lambda: len(self.requests) >= count, f"request {count} to the fake model")
        return self.requests[count - 1]

    # ---- the server ----------------------------------------------------------------------------

    def start(self) -> None:
        self._thread.start()
        starting = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result(PATIENCE)
        self.port = int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """The base URL, for CUSTOM_LLM_BASE_URL."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def addresses(self) -> dict[str, str]:
        """A base URL for each provider, by which the fake can be all of them."""
        return {p: f"http://127.0.0.1:{self.port}/{p}" for p in PROVIDERS if p != "demo"}

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks(self._loop) - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The loop itself would forget a task that waits for ever for nothing.
        self._serving.add(asyncio.current_task())
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while reply := await self._answer(await _read(reader)):
                if reply.content_type != STREAM:
                    writer.write(_written(reply))
                elif not await self._stream(reply.body.split(b"\n\n"), writer):
                    break
                await writer.drain()
        writer.close()

    async def _stream(self, events: list[bytes], writer: asyncio.StreamWriter) -> bool:
        """Event by event. False if it was broken off."""
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {STREAM}\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(head.encode())
        for words, event in enumerate(events, -1):  # the first event is without a word
            if words == self._words:
                await writer.drain()
                if self._flow.is_set():
                    return False
                await self._flow.wait()
            writer.write(f"{len(event) + 2:x}\r\n".encode() + event + b"\n\n\r\n")
        writer.write(b"0\r\n\r\n")
        return True

    async def _answer(self, request: Request) -> Reply | None:
        self.requests.append(request)
        if act := self._meanwhile.pop(len(self.requests), None):
            await asyncio.to_thread(act)
        self._answering += 1
        self.peak = max(self.peak, self._answering)
        behaviour = self._behaviour(request)
        try:
            await self._gate.wait()
            if self._delay:
                await asyncio.sleep(self._delay)
            return await behaviour(request)
        finally:
            self._answering -= 1

    def _behaviour(self, request: Request) -> Behaviour:
        for contains, behaviour in self._cases:
            if contains in request.text:
                return behaviour
        return self._script.popleft() if len(self._script) > 1 else self._script[0]

    def _play(self, *behaviours: Behaviour) -> Self:
        self._script = deque(behaviours)
        return self

    def _call(self, function: Callable[[], object]) -> None:
        async def call() -> None:
            function()

        asyncio.run_coroutine_threadsafe(call(), self._loop).result(PATIENCE)

    def _talk(self, text: str | None, finish_reason: str = "stop") -> Behaviour:
        async def talk(request: Request) -> Reply | None:
            answer = request.wire.answer(request.model, request.body, text, finish_reason)
            return _given(request, answer)

        return talk

    def _use(self, calls: Sequence[Call]) -> Behaviour:
        async def use(request: Request) -> Reply | None:
            answer = request.wire.answer(request.model, request.body, None, "stop")
            return _given(request, with_calls(answer, calls, len(self.requests)))

        return use


def _given(request: Request, answer: Mapping[str, Any]) -> Reply:
    if request.body.get("stream"):
        return Reply(200, request.wire.streamed(answer), STREAM)
    return Reply(200, json.dumps(answer).encode())


async def _never(request: Request) -> Reply | None:
    await asyncio.Event().wait()
    return None


def _always(reply: Reply) -> Behaviour:
    async def behaviour(request: Request) -> Reply | None:
        return reply

    return behaviour


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    request_line, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, value in (ln.split(":", 1) for ln in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(request_line.split()[1], headers, json.loads(body) if body else None)


def _written(reply: Reply) -> bytes:
    head = (
        f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, 'Status')}\r\n"
        f"Content-Type: {reply.content_type}\r\nContent-Length: {len(reply.body)}\r\n"
    )
    more = "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
    return f"{head}{more}\r\n".encode() + reply.body


@pytest.fixture
def llm() -> Iterator[FakeLLM]:
    fake = FakeLLM()
    fake.start()
    yield fake
    fake.stop()
