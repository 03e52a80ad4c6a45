"""The tools of MCP servers, offered to a model.

What a server offers is asked once and remembered for a while; a turn connects, or starts the
program, only when the model calls one of its tools, and ends it after the turn. So an idle server
costs a turn nothing, and what one person's turn did in a server is not there for the next.

Nothing that a server does fails a turn: the model reads what went wrong, and so is the owner.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from pydantic_ai import RunContext
from pydantic_ai.messages import BinaryContent
from pydantic_ai.tools import ToolDefinition
from pydantic_ai.toolsets import AbstractToolset, ToolsetTool
from pydantic_core import SchemaValidator, core_schema

from core.agents.mcp_config import McpServer
from worker.tools.context import ToolContext, render_result
from worker.tools.mcp_connection import McpConnection, ServerFailed, explain, ignore_failure

PATIENCE = 10.0  # seconds that a turn waits to hear what a server offers; it may come up later
LISTED_FOR = 600.0  # seconds for which that is remembered
FAILED_FOR = 60.0  # and for which a server that could not be asked is left alone
CLOSING = 4.0  # seconds that servers get to end when the process does, less than it gets itself
TOOLS = 100  # of one server
NAME = 64  # characters of a tool's name that every provider takes
DESCRIPTION = 4000  # characters

_ANYTHING = SchemaValidator(core_schema.any_schema())  # the server checks its arguments itself
_ODD = re.compile(r"[^A-Za-z0-9_-]")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Offer:
    """One tool of a server."""

    name: str  # the server's own
    definition: ToolDefinition  # what the model sees


@dataclass(frozen=True)
class _Listing:
    task: asyncio.Task[Sequence[Offer]]
    asked_at: float

    def is_stale(self, now: float) -> bool:
        if not self.task.done():
            return False
        failed = self.task.cancelled() or self.task.exception() is not None
        return now - self.asked_at > (FAILED_FOR if failed else LISTED_FOR)


class Servers:
    """All that one process knows of MCP servers, and all its connections. On one event loop."""

    def __init__(self) -> None:
        self._listings: dict[McpServer, _Listing] = {}
        self._connections: dict[asyncio.Task[None], McpConnection] = {}

    def connect(self, server: McpServer) -> McpConnection:
        connection = McpConnection(server)
        self._connections[connection.task] = connection
        connection.task.add_done_callback(self._connections.pop)
        return connection

    async def list_offers(self, server: McpServer) -> Sequence[Offer]:
        """What the server offers and its entry allows. Raises `ServerFailed`."""
        now = asyncio.get_running_loop().time()
        listing = self._listings.get(server)
        if listing is None or listing.is_stale(now):
            self._forget_stale(now)
            task = asyncio.create_task(self._list(server), name=f"list {server.name}")
            task.add_done_callback(ignore_failure)
            listing = self._listings[server] = _Listing(task, now)
        await asyncio.wait({listing.task}, timeout=PATIENCE)
        if not listing.task.done():
            raise ServerFailed("it is still starting")
        try:
            return listing.task.result()
        except ServerFailed as error:
            raise ServerFailed(str(error)) from None  # of its own: many turns may raise it

    async def close(self) -> None:
        tasks: set[asyncio.Task[Any]] = {listing.task for listing in self._listings.values()}
        for task in tasks:
            task.cancel()
        for connection in list(self._connections.values()):
            connection.end()
        if tasks := tasks | set(self._connections):
            await asyncio.wait(tasks, timeout=CLOSING)

    async def _list(self, server: McpServer) -> Sequence[Offer]:
        connection = self.connect(server)
        try:
            toolset = await connection.wait_until_open()
            async with asyncio.timeout(server.timeout):
                listed = await toolset.list_tools()
            return tuple(_select_offers(server, listed))
        except ServerFailed as error:
            log.warning("MCP server can't be used", server=server.name, reason=str(error))
            raise
        except Exception as error:
            reason = explain(server, error)
            log.warning("MCP server does not tell its tools", server=server.name, reason=reason)
            raise ServerFailed(f"it does not tell its tools: {reason}") from None
        finally:
            connection.end()

    def _forget_stale(self, now: float) -> None:
        """Entries that the owner has changed since are never asked for again."""
        for server in [server for server, each in self._listings.items() if each.is_stale(now)]:
            del self._listings[server]


class ServerTools(AbstractToolset[ToolContext]):
    """One server's tools in one turn."""

    def __init__(self, server: McpServer, servers: Servers, remarks: list[str]) -> None:
        self._server = server
        self._servers = servers
        self._remarks = remarks
        self._offers: Mapping[str, Offer] | None = None
        self._connection: McpConnection | None = None

    @property
    def id(self) -> str:
        return f"mcp-{self._server.name}"

    def end(self) -> None:
        """Close the connection if there is one, without waiting for that."""
        if self._connection:
            self._connection.end()

    async def get_tools(self, ctx: RunContext[ToolContext]) -> dict[str, ToolsetTool[ToolContext]]:
        if self._offers is None:
            self._offers = await self._find_offers()
        return {
            name: ToolsetTool(
                toolset=self,
                tool_def=offer.definition,
                max_retries=ctx.max_retries,
                args_validator=_ANYTHING,
            )
            for name, offer in self._offers.items()
        }

    async def call_tool(
        self,
        name: str,
        tool_args: dict[str, Any],
        ctx: RunContext[ToolContext],
        tool: ToolsetTool[ToolContext],
    ) -> str:
        """What the model reads, whatever happens."""
        from fastmcp.exceptions import ToolError

        tool_name = (self._offers or {})[name].name
        seconds = self._server.timeout
        try:
            async with asyncio.timeout(max(seconds, PATIENCE)):
                toolset = await self._open_connection()
            async with asyncio.timeout(seconds):
                return _render_result(await toolset.direct_call_tool(tool_name, tool_args))
        except ToolError as error:  # the server's own way of saying no
            return render_result(f"The tool failed: {error}")
        except TimeoutError:
            return self._report_failure(tool_name, f"no answer within {seconds:g} s")
        except ServerFailed as error:
            return self._report_failure(tool_name, f"the server can't be used: {error}")
        except Exception as error:
            self._disconnect()
            return self._report_failure(tool_name, explain(self._server, error))

    async def _find_offers(self) -> Mapping[str, Offer]:
        try:
            offers = await self._servers.list_offers(self._server)
        except ServerFailed as error:
            self._add_remark(f"can't be used: {error}")
            return {}
        return {offer.definition.name: offer for offer in offers}

    def _disconnect(self) -> None:
        """The connection may be broken: the next call makes another."""
        self.end()
        self._connection = None

    async def _open_connection(self) -> Any:
        if self._connection is None or self._connection.task.done():
            self._connection = self._servers.connect(self._server)
        return await self._connection.wait_until_open()

    def _report_failure(self, tool_name: str, reason: str) -> str:
        self._add_remark(f"{tool_name}: {reason}")
        return f"The tool failed: {reason}."

    def _add_remark(self, text: str) -> None:
        self._remarks.append(f"MCP server {self._server.name}: {text}.")


def _select_offers(server: McpServer, listed: Iterable[Any]) -> Iterable[Offer]:
    """Under names that every provider takes, and that no other tool can have: ours have no `__`."""
    taken: set[str] = set()
    for tool in listed:
        name = f"{server.name}__{_ODD.sub('_', tool.name)}"[:NAME]
        if not server.allows(tool.name) or name in taken or len(taken) >= TOOLS:
            continue
        taken.add(name)
        yield Offer(
            tool.name,
            ToolDefinition(
                name=name,
                description=(tool.description or "")[:DESCRIPTION] or None,
                parameters_json_schema=tool.input_schema,
            ),
        )


def _render_result(result: object) -> str:
    """Texts as they are, and data as JSON. Pictures and sounds are left out: many models take none
    from a tool, and the history would keep them for ever."""
    parts = result if isinstance(result, list) else [result]
    if any(isinstance(part, BinaryContent) for part in parts):
        return render_result("\n".join(_render_part(part) for part in parts))
    return render_result(result)


def _render_part(part: object) -> str:
    if isinstance(part, BinaryContent):
        return f"[{part.media_type}, {len(part.data)} bytes: can't be shown]"
    return render_result(part)
