"""What tests of MCP servers share: entries, and the processes that come of them."""

import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.waiting import until_async
from tests.worker.world import World

SERVER = Path(__file__).with_name("mcp_server.py")


def program(folder: Path, *options: str) -> dict[str, Any]:
    """The entry of a server that is started, and leaves its number in `folder`."""
    return {"command": sys.executable, "args": [str(SERVER), str(folder), *options]}


def give(world: World, **entries: Any) -> None:
    """Let Finn use these servers."""
    config = {"model": "custom/small", "mcp_servers": entries}
    with (world.config.agents_dir / "finn/config.yml").open("w") as file:
        YAML().dump(config, file)


def started(folder: Path) -> list[int]:
    """The process numbers of all servers that were started there, whether they live or not."""
    return sorted(int(file.stem) for file in folder.glob("*.pid"))


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")")[-1].split()[0] != "Z"
    except OSError:
        return False


async def until_started(folder: Path, count: int) -> None:
    await until_async(lambda: len(started(folder)) == count, f"the start of server {count}")


async def until_ended(folder: Path) -> None:
    await until_async(lambda: not any(map(is_alive, started(folder))), "the servers' end")
