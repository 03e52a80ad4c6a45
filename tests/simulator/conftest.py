"""Fixtures: a simulator, its phones and a real neonize client that answers with an echo."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulator import Phone, Simulator
from tests.simulator.bot import Bot
from tests.simulator.scripted import Scripted


@pytest.fixture
async def sim(tmp_path: Path) -> AsyncIterator[Simulator]:
    async with Simulator(tmp_path) as simulator:
        yield simulator


@pytest.fixture
def owner(sim: Simulator) -> Phone:
    """The dedicated account."""
    return sim.add_phone("+15550001000", name="Shop")


@pytest.fixture
def ana(sim: Simulator) -> Phone:
    return sim.add_phone("+15550002001", name="Ana")


@pytest.fixture
async def unlinked(sim: Simulator, tmp_path: Path) -> AsyncIterator[Bot]:
    """A client that shows its QR code."""
    bot = Bot(sim, tmp_path / "store")
    await bot.start()
    yield bot
    await bot.kill()


@pytest.fixture
async def bot(unlinked: Bot, owner: Phone) -> Bot:
    """A linked client that shows itself as available."""
    await unlinked.link(owner)
    await unlinked.show_up()
    return unlinked


@pytest.fixture
async def device(sim: Simulator, owner: Phone) -> Scripted:
    """A linked device that only a script moves."""
    device = Scripted(sim)
    await device.link(owner)
    return device
