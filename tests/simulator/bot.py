"""A test's handle on the echo client: read its events, give it orders, kill it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from simulator import Phone, Simulator
from tests.waiting import PATIENCE

CLIENT = Path(__file__).with_name("echo_client.py")


class Bot:
    """One echo client in a child process, with its session in `store`."""

    def __init__(self, simulator: Simulator, store: Path, prefix: Sequence[str] = ()):
        self.simulator, self.store, self.prefix = simulator, store, prefix
        self.events: list[dict[str, Any]] = []
        self._news = asyncio.Condition()
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    async def start(self) -> "Bot":
        read_end, write_end = os.pipe()
        self._process = await self.simulator.spawn(
            self.command(str(write_end)), stdin=asyncio.subprocess.PIPE, pass_fds=(write_end,)
        )
        os.close(write_end)
        self._reader = asyncio.create_task(self._read(read_end))
        return self

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def command(self, events: str) -> list[str]:
        """The client, which writes to the file descriptor `events`."""
        return [sys.executable, *self.prefix, str(CLIENT), str(self.store), events]

    async def _read(self, descriptor: int) -> None:
        stream = asyncio.StreamReader(limit=1 << 22)
        protocol = asyncio.StreamReaderProtocol(stream)
        pipe = os.fdopen(descriptor, "rb")
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, pipe)
        async for line in stream:
            async with self._news:
                self.events.append(json.loads(line))
                self._news.notify_all()
        transport.close()

    def has(self, event: str, **facts: Any) -> list[dict[str, Any]]:
        """The events of a kind that carry these facts."""
        wanted = {"event": event, **facts}
        return [e for e in self.events if wanted.items() <= e.items()]

    async def tells(self, event: str, *, count: int = 1, **facts: Any) -> dict[str, Any]:
        """Wait until there are `count` such events; the last of them."""
        return (await self._wait_until(lambda: self.has(event, **facts)[count - 1 : count]))[0]

    async def _wait_until(self, question: Callable[[], Any]) -> Any:
        try:
            async with asyncio.timeout(PATIENCE), self._news:
                await self._news.wait_for(question)
        except TimeoutError:
            raise AssertionError(f"the bot told only {self.events}") from None
        return question()

    async def does(self, what: str, **details: Any) -> dict[str, Any]:
        """Give an order and wait for its outcome: an event `done` or `failed`."""
        before = len(self.has("done", what=what) + self.has("failed", what=what))
        assert self._process and self._process.stdin
        self._process.stdin.write(json.dumps({"do": what, **details}).encode() + b"\n")
        await self._process.stdin.drain()
        outcomes = await self._wait_until(
            lambda: [e for e in self.events if e["event"] in ("done", "failed")
                     and e.get("what") == what][before:],
        )  # fmt: skip
        return outcomes[0]

    async def link(self, owner: Phone) -> None:
        """Link by QR code."""
        await owner.scan((await self.tells("qr"))["data"])
        await self.tells("Connected")

    async def show_up(self) -> None:
        """Announce `available`; the push name that this needs comes a moment after linking."""
        async with asyncio.timeout(PATIENCE):
            while (await self.does("available"))["event"] == "failed":
                pass
        await self.simulator.wait_connected(available=True)

    async def orders_end(self) -> None:
        """Nothing more on stdin: the client ends itself."""
        assert self._process and self._process.stdin and self._reader
        self._process.stdin.close()
        await self._process.wait()
        await self._reader

    async def freeze(self) -> None:
        """SIGSTOP: from here on the process is there and does nothing."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)
        stopped = os.WSTOPPED | os.WNOWAIT
        await asyncio.to_thread(os.waitid, os.P_PID, self._process.pid, stopped)

    async def kill(self) -> None:
        """SIGKILL, as a crash."""
        if self._process and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()
        if self._reader:
            await self._reader
