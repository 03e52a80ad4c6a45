"""One connection to one MCP server, over pydantic-ai's MCP support.

Its libraries take 2 seconds and 44 MB to load, so they are imported with the first connection.
"""

import asyncio
import contextlib
import logging
import os
import sys
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, TextIO, cast

from core.agents.mcp_config import McpServer

if TYPE_CHECKING:
    from pydantic_ai.mcp import MCPToolset

START_SECONDS = 60.0  # for a server to come up; a first `npx` fetches it from the network
OUTPUT = 400  # characters of what a server or a library said that are repeated
_LEASH = Path(__file__).with_name("leash.py")


class ServerFailed(Exception):
    """The server can't be used; `str(error)` says why, without the secrets of its entry."""


class McpConnection:
    """A connection and, for a program, its process. A task of its own opens and closes it, because
    the libraries want the same task to do both. On one event loop."""

    def __init__(self, server: McpServer) -> None:
        self._server = server
        self._stop = asyncio.Event()
        self._opened: asyncio.Future[MCPToolset[Any]] = asyncio.get_running_loop().create_future()
        self._opened.add_done_callback(ignore_failure)
        self.task = asyncio.create_task(self._keep_open(), name=f"mcp {server.name}")

    async def wait_until_open(self) -> "MCPToolset[Any]":
        """The connection, as soon as there is one. Raises `ServerFailed`."""
        return await asyncio.shield(self._opened)

    def end(self) -> None:
        """Close it, however far it is. `task` is done when it is closed."""
        self._stop.set()
        if not self._opened.done():
            self.task.cancel()

    async def _keep_open(self) -> None:
        with TemporaryFile() as output:
            try:
                await self._open_and_close(output)
            except Exception as error:
                # Once it was open, the calls have failed, and their callers know.
                if not self._opened.done():
                    self._opened.set_exception(ServerFailed(self._explain(error, output)))
            finally:
                self._opened.cancel()

    async def _open_and_close(self, output: IO[bytes]) -> None:
        toolset = await asyncio.to_thread(_make_toolset, self._server, output)
        async with contextlib.AsyncExitStack() as stack:
            async with asyncio.timeout(START_SECONDS):
                await stack.enter_async_context(toolset)
            self._opened.set_result(toolset)
            await self._stop.wait()

    def _explain(self, error: Exception, output: IO[bytes]) -> str:
        if isinstance(error, TimeoutError):
            return f"it did not come up within {START_SECONDS:.0f} s"
        output.seek(max(0, output.seek(0, os.SEEK_END) - 10 * OUTPUT))
        last = render_line(self._server, output.read().decode(errors="replace"))[-OUTPUT:]
        return " ".join(filter(None, [explain(self._server, error), last and f"It output: {last}"]))


def explain(server: McpServer, error: BaseException) -> str:
    """What went wrong, in the library's words, in one line and without secrets."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return render_line(server, str(error) or type(error).__name__)[:OUTPUT]


def render_line(server: McpServer, text: str) -> str:
    return " ".join(server.scrub(text).split())


def _make_toolset(server: McpServer, output: IO[bytes]) -> "MCPToolset[Any]":
    """In a thread, for the import. Opens nothing yet."""
    from fastmcp.client.transports import StdioTransport, StreamableHttpTransport
    from pydantic_ai.mcp import MCPToolset

    _silence_libraries()
    transport: StdioTransport | StreamableHttpTransport
    if server.url:
        transport = StreamableHttpTransport(server.url, headers=dict(server.headers))
    else:
        transport = StdioTransport(
            sys.executable,
            ["-I", "-S", str(_LEASH), str(os.getpid()), str(server.command), *server.args],
            env=dict(server.env),
            cwd=server.cwd,
            keep_alive=False,
            log_file=cast(TextIO, output),  # only its descriptor is used
        )
    return MCPToolset(
        transport, id=server.name, tool_error_behavior="error", init_timeout=START_SECONDS
    )


def _silence_libraries() -> None:
    """These libraries log what a server prints, which may be its secrets, and one has a handler of
    its own. What matters we say ourselves."""
    for name in ("mcp", "fastmcp"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.CRITICAL)


def ignore_failure(future: asyncio.Future[Any]) -> None:
    """Else asyncio complains of a failure that no caller asked about."""
    if not future.cancelled():
        future.exception()
