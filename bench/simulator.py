"""How many messages a second the simulator carries, and what that costs it.

    python -m bench.simulator [--people 50] [--rounds 100]

Phones write to a linked device, which answers; each phone waits for its answer before it writes
again. The device is a light one (bench/light_client.py). In a `burst` it has its answers ready; in
a `dialogue` each message turns the ratchet, the dearest case there is. At the end it is `neonize`.
A question counts as a message, and so does its answer; receipts, acknowledgements and copies for
the account's own phone come on top and count as nothing.

The yardstick, in the same run: frames of the size of a message that come back as they are, through
the same proxy, TLS, websocket and Noise, with no WhatsApp behind it. All clients are processes of
their own; what they and the simulator take is shown as shares of one processor. On a busy machine
the rates say little; what a message costs, in µs and in bare echoes, says more.
"""

import argparse
import asyncio
import multiprocessing
import os
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bench import light_client
from bench.light_client import WARM_UP, Errand
from simulator import Phone, Simulator
from simulator.clockwork import SYSTEM
from simulator.faults import Faults
from simulator.service.account import Companion
from simulator.service.listener import Listener, Socket
from simulator.service.media_host import MediaHost
from simulator.wire.noise import (
    PROLOGUE_SIZE,
    FrameBuffer,
    ServerHandshake,
    ServerIdentity,
    Transport,
    frame,
)
from tests.simulator.bot import Bot

TARGET = 2000  # messages a second
PATIENCE = 120.0
# The client on neonize answers what begins with "fast" with an echo and nothing else.
QUESTION = "fast question of some length, as people write them to agents"

# Links a client to the account and yields its process's number.
Device = Callable[[Simulator, Phone], AbstractAsyncContextManager[int]]


@dataclass(frozen=True)
class Run:
    """`messages` in `seconds`; processor seconds of the simulator and of the client."""

    messages: int
    seconds: float
    simulator: float
    client: float

    @property
    def rate(self) -> float:
        return self.messages / self.seconds

    @property
    def cost(self) -> float:
        """Processor seconds that one message takes the simulator."""
        return self.simulator / self.messages


class Watch:
    """Time, and the processor time of this process and of the client's, from when it is made."""

    def __init__(self, client: int):
        self._client = client
        self._began = self._now()

    def stop(self, messages: int) -> Run:
        spans = (end - start for start, end in zip(self._began, self._now(), strict=True))
        return Run(messages, *spans)

    def _now(self) -> tuple[float, float, float]:
        return time.perf_counter(), time.process_time(), _used(self._client)


async def main() -> None:
    options = _options()
    people, rounds = options.people, options.rounds
    print(f"{people} people, {rounds} messages and answers each\n")
    print(f"{'':10} {'a second':>9} {'simulator':>10} {'client':>8} {'µs each':>8} {'echoes':>8}")
    yardstick = await _echo(2 * people * rounds)
    _report("bare echo", yardstick, yardstick)
    for name, device in {"burst": _light, "dialogue": _light, "neonize": _neonize}.items():
        carried = await _carry(partial(device, Errand(name, rounds, people)), people, rounds)
        _report(name, carried, yardstick)
        print(f"{'':10} {TARGET} a second take {TARGET * carried.cost:.0%} of a processor")


async def _carry(device: Device, people: int, rounds: int) -> Run:
    with tempfile.TemporaryDirectory() as folder:
        async with Simulator(folder) as sim:
            owner = sim.add_phone("+15550001000", name="Shop")
            numbers = range(2000, 2000 + people)
            phones = [sim.add_phone(f"+1555{n:07}", name=f"P{n}") for n in numbers]
            async with device(sim, owner) as client:
                await sim.wait_connected()
                await _talk(phones, WARM_UP)
                watch = Watch(client)
                await _talk(phones, rounds)
                return watch.stop(2 * people * rounds)


async def _talk(phones: list[Phone], rounds: int) -> None:
    async def talk(phone: Phone) -> None:
        for _ in range(rounds):
            await phone.says(QUESTION)
            await phone.hears(timeout=PATIENCE)

    await asyncio.gather(*map(talk, phones))


@asynccontextmanager
async def _light(errand: Errand, sim: Simulator, owner: Phone) -> AsyncIterator[int]:
    """The light client, linked as if a code had been scanned: that is not what is measured."""
    async with _process() as (pipe, client):
        noise_key, bundles = await asyncio.to_thread(pipe.recv)
        _link(sim, owner, noise_key, bundles)
        port, authority = int(sim.proxy_url.rpartition(":")[2]), str(sim.ca_file)
        number = owner.account.number
        pipe.send(replace(errand, port=port, authority=authority, number=number))
        yield client
        assert not any(phone.undecryptable for phone in sim.phones)


@asynccontextmanager
async def _neonize(_: Errand, sim: Simulator, owner: Phone) -> AsyncIterator[int]:
    bot = await Bot(sim, sim.ca_file.with_name("store")).start()
    await bot.link(owner)
    yield bot.pid
    await bot.kill()


def _link(sim: Simulator, owner: Phone, noise_key: bytes, bundles: list[Any]) -> None:
    first = bundles[0]
    device = Companion(
        account=owner.account,
        device=1,
        noise_key=noise_key,
        registration_id=first.registration_id,
        identity=first.identity,
        signed_prekey=first.signed_prekey,
        signature=first.signature,
        name="bench",
        platform="CHROME",
        linked_at=time.time(),
        prekeys=deque(bundle.prekey for bundle in bundles),
        has_prekeys=True,
    )
    sim.server.remember(device)
    owner.account.handset.companion_ready(device)


async def _echo(frames: int) -> Run:
    with tempfile.TemporaryDirectory() as folder:
        authority = Path(folder) / "ca.pem"
        listener = Listener(Echo, MediaHost(Faults(), SYSTEM), lambda: False)
        listener.authority.cert_pem.write_to_path(str(authority))
        await listener.start()
        async with _process() as (pipe, client):
            await asyncio.to_thread(pipe.recv)
            pipe.send(Errand("echo", frames, 0, listener.port, str(authority)))
            await asyncio.to_thread(pipe.recv)  # it is connected
            watch = Watch(client)
            pipe.send("go")
            await asyncio.to_thread(pipe.recv)  # it is done
            run = watch.stop(frames)
        await listener.stop()
        return run


class Echo:
    """What the simulator's connections are made of, with nothing above: each frame goes back."""

    def __init__(self, sock: Socket):
        self._socket, self._buffer = sock, FrameBuffer(PROLOGUE_SIZE)
        self._handshake: ServerHandshake | None = None
        self._transport: Transport | None = None

    def bytes_received(self, data: bytes) -> None:
        for body in self._buffer.feed(data):
            if self._transport:
                again = self._transport.encrypt(self._transport.decrypt(body))
                self._socket.send(frame(again))
            elif self._handshake is None:
                self._handshake = ServerHandshake(ServerIdentity(), self._buffer.prologue)
                self._socket.send(frame(self._handshake.hello(body)))
            else:
                *_, self._transport = self._handshake.finish(body)

    def socket_closed(self) -> None:
        pass


@asynccontextmanager
async def _process() -> AsyncIterator[tuple[Connection, int]]:
    """The light client's process: a pipe to it, and its number."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=light_client.run, args=(theirs,), daemon=True)
    process.start()
    assert process.pid is not None
    yield ours, process.pid
    ours.send("thanks")
    await asyncio.to_thread(process.join)


def _used(process: int) -> float:
    """The processor seconds that a process has taken: fields 14 and 15 of its line in /proc."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _report(name: str, run: Run, yardstick: Run) -> None:
    ours, theirs = run.simulator / run.seconds, run.client / run.seconds
    each, echoes = run.cost * 1e6, run.cost / yardstick.cost
    print(f"{name:10} {run.rate:9.0f} {ours:10.0%} {theirs:8.0%} {each:8.0f} {echoes:8.1f}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=50, help="at most 150")
    parser.add_argument("--rounds", type=int, default=100, help="at most 1000")
    options = parser.parse_args()
    options.people, options.rounds = min(options.people, 150), min(options.rounds, 1000)
    return options


if __name__ == "__main__":
    asyncio.run(main())
