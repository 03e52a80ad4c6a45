"""MCP servers, real ones: started and called, silent, broken and gone."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from config import ROOT
from core.agents import mcp_config
from store.chats import chats
from tests.services.fake_llm import FakeLLM
from tests.services.processes import Spawner
from tests.waiting import until
from tests.worker.tools.servers import (
    SERVER,
    give,
    is_alive,
    program,
    started,
    until_ended,
    until_started,
)
from tests.worker.world import World
from worker.tools.context import RESULT_LIMIT
from worker.tools.mcp import Servers
from worker.tools.mcp_connection import ServerFailed

pytestmark = pytest.mark.slow  # each server is a process

SECRET = "hush-hush-0815"


@pytest.fixture(name="program")
def its_entry(tmp_path: Path) -> dict[str, Any]:
    return program(tmp_path)


@pytest.fixture
async def servers() -> AsyncIterator[Servers]:
    servers = Servers()
    yield servers
    await servers.close()


def remarks(world: World) -> list[str | None]:
    """What the owner was told, turn by turn."""
    return [turn["error_detail"] for turn in world.turns()]


async def test_a_server_is_started_called_and_ended(
    world: World, llm: FakeLLM, program: dict[str, Any], tmp_path: Path
) -> None:
    give(world, files=program)
    llm.calls_tool("files__echo", text="it works", then="It does.")
    assert await world.friend().asks("try it") == "It does."
    assert llm.requests[-1].results == ["it works"]
    assert {"files__echo", "files__add", "current_time"} <= set(llm.requests[0].tools)
    assert llm.requests[0].tools["files__add"]["required"] == ["one", "other"]
    assert remarks(world) == [None]
    await until_ended(tmp_path)


async def test_one_is_started_only_when_it_is_needed(
    world: World, llm: FakeLLM, program: dict[str, Any], tmp_path: Path
) -> None:
    """Once to ask what it offers, and then for the turns that call it."""
    give(world, files=program)
    alice = world.friend()
    for _ in range(3):
        await alice.asks("hello")
    assert len(started(tmp_path)) == 1
    llm.calls_tools([("files__add", {"one": 1, "other": 2})], [("files__echo", {"text": "x"})])
    await alice.asks("use it twice")
    assert llm.requests[-1].results == ["3", "x"]
    assert len(started(tmp_path)) == 2
    await until_ended(tmp_path)


async def test_one_that_hangs_is_given_up_and_the_turn_goes_on(
    world: World, llm: FakeLLM, program: dict[str, Any], tmp_path: Path
) -> None:
    give(world, files=program | {"timeout": 2})
    llm.calls_tool("files__hang", then="It does not answer.")
    alice = world.friend()
    assert await alice.asks("try it") == "It does not answer."
    assert llm.requests[-1].results == ["The tool failed: no answer within 2 s."]
    assert remarks(world) == ["MCP server files: hang: no answer within 2 s."]
    assert [turn["state"] for turn in world.turns()] == ["done"]
    await until_ended(tmp_path)


async def test_typing_goes_on_while_a_tool_runs(
    world: World, llm: FakeLLM, program: dict[str, Any], tmp_path: Path
) -> None:
    give(world, files=program)
    llm.calls_tool("files__hang")
    alice = world.friend().writes("try it")
    answering = asyncio.create_task(world.answering.answer(alice.chat_id))
    await until_started(tmp_path, 2)
    # Long after the message came; the lease is what says that somebody is at work.
    world.clock.advance(minutes=5)
    await world.answering.renew_leases()
    assert world.do(chats.list_expecting, world.clock()) == [f"{alice.phone.digits}@s.whatsapp.net"]
    answering.cancel()
    await asyncio.wait({answering})
    await until_ended(tmp_path)


@pytest.mark.parametrize("tools", [["echo"], []])
async def test_only_allowed_tools_are_offered_and_called(
    world: World, llm: FakeLLM, program: dict[str, Any], tools: list[str]
) -> None:
    give(world, files=program | {"tools": tools})
    llm.calls_tool("files__variable", name="PATH")
    assert await world.friend().asks("try it") == "Done."
    offered = [name for name in llm.requests[0].tools if name.startswith("files__")]
    assert offered == [f"files__{tool}" for tool in tools]
    [result] = llm.requests[-1].results
    assert "Unknown tool name" in result


async def test_what_a_server_gets_of_our_environment(
    world: World, llm: FakeLLM, program: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "ours")
    give(world, files=program | {"env": {"TOKEN": SECRET}, "cwd": "/"})
    asked = ("SECRET_KEY", "TOKEN", "PATH")
    llm.calls_tools([("files__variable", {"name": name}) for name in asked])
    await world.friend().asks("try it")
    ours, token, path = llm.requests[-1].results
    assert (ours, token) == ("unset", SECRET) and path == os.environ["PATH"]


async def test_results_of_all_kinds(world: World, llm: FakeLLM, program: dict[str, Any]) -> None:
    give(world, files=program)
    llm.calls_tools(
        [
            ("files__long", {"size": RESULT_LIMIT + 5}),
            ("files__odd", {}),
            ("files__picture", {}),
            ("files__refuse", {}),
            ("files__od_d_na-me", {}),
        ],
        [("files__echo", {"wrong": 1})],
    )
    assert await world.friend().asks("try them") == "Done."
    long, odd, picture, refused, named, wrong = llm.requests[-1].results
    assert long == f"{'x' * RESULT_LIMIT}\n[Cut here: the result has 20005 characters.]"
    assert (odd, named) == ("ab", "called")
    assert picture == "look:\n[image/png, 10 bytes: can't be shown]"
    assert refused.startswith("The tool failed: ") and wrong.startswith("The tool failed: ")
    assert remarks(world) == [None]  # a tool that says no is no trouble for the owner


async def test_one_that_dies_is_started_again_by_the_next_call(
    world: World, llm: FakeLLM, program: dict[str, Any]
) -> None:
    give(world, files=program)
    llm.calls_tools([("files__leave", {})], [("files__echo", {"text": "back"})])
    assert await world.friend().asks("try it") == "Done."
    died, back = llm.requests[-1].results
    assert died.startswith("The tool failed: ") and back == "back"
    assert remarks(world)[0] is not None and "leave" in str(remarks(world)[0])


async def test_one_that_does_not_start_is_done_without(
    world: World, llm: FakeLLM, capfd: pytest.CaptureFixture[str]
) -> None:
    complaint = f"import sys; print('bad token {SECRET}', file=sys.stderr); sys.exit(3)"
    give(
        world,
        gone={"command": "/no/such/program"},
        angry={"command": sys.executable, "args": ["-c", complaint], "env": {"TOKEN": SECRET}},
    )
    alice = world.friend()
    assert await alice.asks("hello") == "I am a fake model."
    [detail] = remarks(world)
    assert detail is not None and SECRET not in detail
    assert "MCP server gone: can't be used:" in detail and "No such file or directory" in detail
    assert "MCP server angry: can't be used:" in detail and "bad token [secret]" in detail
    assert not any("__" in name for name in llm.requests[0].tools)
    assert await alice.asks("and again") == "I am a fake model."
    output = capfd.readouterr()
    assert SECRET not in output.out + output.err


async def test_a_bad_entry_is_left_out(world: World, llm: FakeLLM, program: dict[str, Any]) -> None:
    give(world, bad={"comand": "x"}, files=program)
    await world.friend().asks("hello")
    assert "files__echo" in llm.requests[0].tools
    agent = world.answering._agents.load().agents["finn"]
    assert agent.warnings == ("config.yml: mcp_servers: bad: unknown key comand.",)


async def test_the_demo_starts_no_server(
    world: World, program: dict[str, Any], tmp_path: Path
) -> None:
    give(world, files=program)
    config = world.config.agents_dir / "finn/config.yml"
    config.write_text(config.read_text().replace("custom/small", "demo/echo"))
    await world.friend().asks("hello")
    assert started(tmp_path) == []


async def test_a_cancelled_turn_ends_its_servers(
    world: World, llm: FakeLLM, program: dict[str, Any], tmp_path: Path
) -> None:
    give(world, files=program)
    llm.calls_tool("files__hang")
    alice = world.friend().writes("try it")
    answering = asyncio.create_task(world.answering.answer(alice.chat_id))
    await until_started(tmp_path, 2)
    answering.cancel()
    await asyncio.wait({answering})
    await until_ended(tmp_path)


# ---- over HTTP ---------------------------------------------------------------------------------


@pytest.fixture
def address(spawn: Spawner, free_port: int, tmp_path: Path) -> Iterator[str]:
    """Where a server listens."""
    process = spawn(sys.executable, str(SERVER.relative_to(ROOT)), str(tmp_path), str(free_port))

    def listens() -> bool:
        assert process.is_running, process.tail()
        with suppress(OSError), socket.create_connection(("127.0.0.1", free_port)):
            return True
        return False

    until(listens, "the server to listen")
    yield f"http://127.0.0.1:{free_port}/mcp"


async def test_a_server_over_http(world: World, llm: FakeLLM, address: str) -> None:
    give(world, net={"url": address}, slow={"url": address, "timeout": 2})
    llm.calls_tools([("net__echo", {"text": "far"})], [("slow__hang", {})])
    assert await world.friend().asks("try it") == "Done."
    assert llm.requests[-1].results == ["far", "The tool failed: no answer within 2 s."]


async def test_one_that_is_not_there(world: World, llm: FakeLLM, free_port: int) -> None:
    give(
        world,
        net={
            "url": f"http://127.0.0.1:{free_port}/mcp?key={SECRET}",
            "headers": {"Authorization": f"Bearer {SECRET}"},
        },
    )
    assert await world.friend().asks("hello") == "I am a fake model."
    [detail] = remarks(world)
    assert detail is not None and "MCP server net: can't be used" in detail
    assert SECRET not in detail


# ---- the process -------------------------------------------------------------------------------


async def test_closing_leaves_no_server_behind(servers: Servers, tmp_path: Path) -> None:
    entry = program(tmp_path, "--deaf")
    [server] = mcp_config.read({"mcp_servers": {"files": entry}}).servers
    link = servers.connect(server)
    await link.wait_until_open()
    await servers.close()
    await until_ended(tmp_path)


async def test_what_cant_start_is_left_alone_for_a_while(servers: Servers) -> None:
    [server] = mcp_config.read({"mcp_servers": {"x": {"command": "/no/such"}}}).servers
    for _ in range(2):
        with pytest.raises(ServerFailed):
            await servers.list_offers(server)
    assert len(servers._listings) == 1


async def test_a_server_dies_with_a_process_that_is_killed(spawn: Spawner, tmp_path: Path) -> None:
    """As after SIGKILL of jobs: nobody is there to end it."""
    entry = json.dumps({"mcp_servers": {"files": program(tmp_path, "--deaf")}})
    code = f"""
import asyncio, json
from core.agents import mcp_config
from worker.tools.mcp import Servers
async def main():
    [server] = mcp_config.read(json.loads({entry!r})).servers
    link = Servers().connect(server)
    await link.wait_until_open()
    print("opened", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""
    process = spawn("-c", code)
    process.wait_for("opened")
    [pid] = started(tmp_path)
    assert is_alive(pid)
    process.kill()
    await until_ended(tmp_path)


def test_a_process_without_servers_does_not_load_what_they_need() -> None:
    code = (
        "import sys, worker.jobs.process;print([n for n in ('mcp', 'fastmcp') if n in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr
