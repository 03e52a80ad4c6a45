"""How long a phone waits for its answer: the product against a bare neonize loop, in one run.

    python -m bench.messages [--rate 10] [--seconds 15] [--ack 0 0.05 0.1]

Both link to the same simulated WhatsApp on this machine, with the same phones and the same number
of messages. The bare loop echoes from a thread and does nothing else. The product does all it does:
SQL before anything else, decide, blue tick, typing, job, agent (demo/echo, no model to wait for),
outbox, send. Read the difference and the ratio, not the absolute figures.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from config import ROOT
from simulator import Phone, Simulator
from store import settings as settings_store
from store.redis.live import Live
from store.redis.valkey import connect
from store.sql import migrate
from store.sql.engine import Database
from store.sql.tables import messages, outbox, turns
from tests.services import valkey as valkey_server
from tests.simulator.bot import Bot
from tests.waiting import PATIENCE, until_async

PHONES = 10


async def main() -> None:
    options = _options()
    os.environ["ECHO_SYNCHRONOUS"] = "FULL"  # the bare loop's session store is ours
    print(f"{options.rate} messages a second for {options.seconds} s from {PHONES} phones\n")
    print(f"{'ack delay':>9}  {'':12} {'p50 ms':>8} {'p95 ms':>8} {'lost':>5}")
    for ack in options.ack:
        bare = await _measured(_bare, "fast ", ack, options.rate, options.seconds)
        ours = await _measured(_product, "", ack, options.rate, options.seconds)
        _report(ack, "bare neonize", bare)
        _report(ack, "DjinnBot", ours)
        p50, p95 = (_percentile(ours[0], p) - _percentile(bare[0], p) for p in (50, 95))
        print(f"{'':9}  {'added':12} {p50:8.1f} {p95:8.1f}\n")


async def _measured(
    start: Callable[..., object], prefix: str, ack: float, rate: float, seconds: float
) -> tuple[list[float], int]:
    """Milliseconds from a phone's message to its answer, and how many got none."""
    with tempfile.TemporaryDirectory() as folder:
        async with Simulator(Path(folder) / "whatsapp") as sim:
            owner = sim.add_phone("+15550001000", name="Shop")
            phones = [sim.add_phone(f"+1555000200{n}", name=f"P{n}") for n in range(PHONES)]
            async with start(sim, owner, Path(folder)):  # type: ignore[attr-defined]
                for phone in phones:  # sessions are made with the first message
                    await phone.says(f"{prefix}warm up")
                    await phone.hears(timeout=PATIENCE)
                sim.faults.ack_delay = ack
                return await _load(phones, prefix, rate, seconds)


async def _load(
    phones: list[Phone], prefix: str, rate: float, seconds: float
) -> tuple[list[float], int]:
    """Each phone writes at its share of the rate and waits for nobody."""
    waits: list[float] = []
    interval = len(phones) / rate
    rounds = int(seconds / interval)

    async def talk(phone: Phone, delay: float) -> int:
        await asyncio.sleep(delay)
        lost = 0
        for number in range(rounds):
            began = time.perf_counter()
            await phone.says(f"{prefix}message {number}")
            try:
                await phone.hears(timeout=PATIENCE)
            except AssertionError:
                lost += 1
                continue
            waits.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(max(0.0, interval - (time.perf_counter() - began)))
        return lost

    shares = [talk(phone, n * interval / len(phones)) for n, phone in enumerate(phones)]
    return waits, sum(await asyncio.gather(*shares))


@asynccontextmanager
async def _bare(sim: Simulator, owner: Phone, folder: Path) -> AsyncIterator[None]:
    bot = await Bot(sim, folder / "bare").start()
    await bot.link(owner)
    yield
    await bot.kill()


@asynccontextmanager
async def _product(sim: Simulator, owner: Phone, folder: Path) -> AsyncIterator[None]:
    with valkey_server.running() as redis_url:
        env = {
            **os.environ,
            "REDIS_URL": redis_url,
            "DATA_DIR": str(folder / "data"),
            "DATABASE_URL": f"sqlite:///{folder / 'bench.db'}",
            "WHATSAPP_AUTH_DIR": str(folder / "auth"),
            "LOG_LEVEL": "WARNING",
        }
        database, live = Database(env["DATABASE_URL"]), Live(connect(redis_url))
        migrate.upgrade(database)
        _settle(database)
        worker = await _spawn("worker", sim.child_env(env))
        jobs = await _spawn("worker.jobs", env)
        try:
            await _until(lambda: live.list_heartbeats("jobs") and live.read_status())
            live.request("link")
            await _until(lambda: (status := live.read_status()) and status.qr)
            await owner.scan(live.read_status().qr)  # type: ignore[union-attr, arg-type]
            await _until(lambda: (status := live.read_status()) and status.connected)
            yield
            _stages(database)
        finally:
            for process in (worker, jobs):
                process.terminate()
                await process.wait()
            database.close()


def _stages(database: Database) -> None:
    """Where the time of a message goes, by the times that the product itself writes down."""
    statement = (
        select(
            messages.c.received_at,
            messages.c.decided_at,
            turns.c.started_at,
            turns.c.finished_at,
            outbox.c.claimed_at,
            outbox.c.sent_at,
        )
        .join(turns, turns.c.id == messages.c.turn_id)
        .join(outbox, outbox.c.turn_id == turns.c.id)
    )
    with database.read() as connection:
        rows = connection.execute(statement).all()
    names = ("decided", "turn begun", "turn done", "claimed", "sent")
    for index, name in enumerate(names):
        waits = [(row[index + 1] - row[index]).total_seconds() * 1000 for row in rows]
        print(f"{'':9}  {name:12} {_percentile(waits, 50):8.1f} {_percentile(waits, 95):8.1f}")


def _settle(database: Database) -> None:
    with database.write() as connection:
        wanted = replace(
            settings_store.load(connection),
            enabled=True,
            allow_all=True,
            default_agent="finn",
            gather_ms=0,
        )
        settings_store.save(connection, wanted, datetime.now(UTC))


async def _spawn(module: str, env: dict[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, env=env, cwd=ROOT, stdout=asyncio.subprocess.DEVNULL
    )


def _until(predicate: Callable[[], object]) -> Awaitable[object]:
    return until_async(predicate, "the product to be ready")


def _report(ack: float, name: str, measured: tuple[list[float], int]) -> None:
    waits, lost = measured
    p50, p95 = _percentile(waits, 50), _percentile(waits, 95)
    print(f"{ack * 1000:6.0f} ms  {name:12} {p50:8.1f} {p95:8.1f} {lost:5}")


def _percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=10.0, help="messages a second, at most 200")
    parser.add_argument("--seconds", type=float, default=15.0, help="at most 120")
    parser.add_argument("--ack", type=float, nargs="+", default=[0.0, 0.05, 0.1])
    options = parser.parse_args()
    options.rate, options.seconds = min(options.rate, 200.0), min(options.seconds, 120.0)
    return options


if __name__ == "__main__":
    asyncio.run(main())
