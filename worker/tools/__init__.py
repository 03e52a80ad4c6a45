"""What agents can do beside talking: write to people, tell the time, use MCP servers.

`Tools` is one process's; `Tools.equip` gives them to an agent for one turn.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from pydantic_ai.toolsets import AbstractToolset, FunctionToolset

from core.agents import mcp_config
from core.agents.agent import Agent
from store.redis.live import Live
from store.sql.engine import Database
from worker.tools.clock import current_time
from worker.tools.context import InThread, Office, ToolContext
from worker.tools.mcp import Servers, ServerTools
from worker.tools.messaging import list_whatsapp_targets, send_whatsapp_message

RETRIES = 3  # how often a model may call one tool wrongly, in a turn, before the turn fails

_OWN: FunctionToolset[ToolContext] = FunctionToolset(
    [send_whatsapp_message, list_whatsapp_targets, current_time],
    max_retries=RETRIES,
    require_parameter_descriptions=True,
)


@dataclass(frozen=True)
class Equipment:
    """An agent's tools for one turn. `context.remarks` fills up while they are used."""

    context: ToolContext
    toolsets: Sequence[AbstractToolset[ToolContext]] = field(default=())


class Tools:
    """The tools of one process; used on its event loop. `in_thread` calls something that blocks,
    `now` is the clock."""

    def __init__(
        self, *, database: Database, live: Live, in_thread: InThread, now: Callable[[], datetime]
    ) -> None:
        self._office = Office(database=database, live=live, in_thread=in_thread, now=now)
        self._servers = Servers()

    @asynccontextmanager
    async def equip(self, agent: Agent, turn_id: int) -> AsyncIterator[Equipment]:
        """Equip `agent`. Costs nothing until a tool is used; the MCP servers that this turn started
        are ended after it, without being waited for."""
        context = ToolContext(agent, turn_id, self._office)
        servers = [
            ServerTools(server, self._servers, context.remarks)
            for server in mcp_config.read(agent.config).servers
        ]
        try:
            yield Equipment(context, (_OWN, *servers))
        finally:
            for server in servers:
                server.end()

    async def close(self) -> None:
        """End all MCP servers, and wait for a few seconds until they have ended."""
        await self._servers.close()
