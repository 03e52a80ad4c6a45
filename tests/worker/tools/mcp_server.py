"""A real MCP server for tests: python mcp_server.py FOLDER [PORT], over stdio or at a port.

It leaves a file with its process's number in FOLDER.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from mcp.server.mcpserver import Image, MCPServer

server = MCPServer("tests", log_level="ERROR")


@server.tool()
def echo(text: str) -> str:
    """Says the same."""
    return text


@server.tool()
def add(one: int, other: int) -> int:
    return one + other


@server.tool()
def variable(name: str) -> str:
    """A variable of the server's environment."""
    return os.environ.get(name, "unset")


@server.tool()
def long(size: int) -> str:
    return "x" * size


@server.tool()
def odd() -> str:
    return "a\0b"


@server.tool()
def picture() -> list[Image | str]:
    return ["look:", Image(data=b"not really", format="png")]


@server.tool()
def refuse() -> str:
    raise ValueError("no such file: secret.txt")


@server.tool()
async def hang() -> str:
    await asyncio.Event().wait()
    return "never"


@server.tool()
def leave() -> str:
    os._exit(7)


@server.tool(name="od.d/na-me")
def odd_name() -> str:
    return "called"


def main(folder: str, port: str = "") -> None:
    if "--deaf" in sys.argv:  # does not notice that it should end
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Path(folder, f"{os.getpid()}.pid").touch()
    if port:
        server.run("streamable-http", host="127.0.0.1", port=int(port))
    else:
        server.run("stdio")


if __name__ == "__main__":
    main(*[argument for argument in sys.argv[1:] if not argument.startswith("--")])
