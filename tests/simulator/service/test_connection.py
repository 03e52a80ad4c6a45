"""A client's connection that is cut, refused, or slow."""

import pytest

from simulator import Phone, Simulator
from tests.simulator.bot import Bot


async def test_a_cut_socket_is_mended_by_the_client(bot: Bot, ana: Phone, sim: Simulator) -> None:
    await sim.cut()
    await bot.tells("Disconnected")
    await bot.tells("Connected", count=2)
    await ana.says("fast hello")
    await ana.hears("fast hello")


async def test_connections_can_be_refused(bot: Bot, ana: Phone, sim: Simulator) -> None:
    sim.faults.refuse = True
    await sim.cut()
    await bot.tells("Disconnected")
    assert not sim.is_connected()
    sim.faults.refuse = False
    await sim.wait_connected()
    await ana.says("fast hello")
    await ana.hears("fast hello")


@pytest.mark.parametrize(
    ("reason", "event"),
    [
        (401, "LoggedOut"),
        (403, "LoggedOut"),
        (405, "ClientOutdated"),
        (400, "ConnectFailure"),
    ],
)
async def test_logins_are_refused(bot: Bot, sim: Simulator, reason: int, event: str) -> None:
    await sim.refuse_logins(reason)
    await bot.tells(event)
    assert not sim.is_connected()


async def test_a_login_refused_with_503_is_tried_again(bot: Bot, sim: Simulator) -> None:
    await sim.refuse_logins(503)
    await bot.tells("Disconnected", count=2)
    sim.forgive()
    await bot.tells("Connected", count=2)


async def test_on_a_slow_network_everything_takes_longer_and_keeps_its_order(
    bot: Bot, ana: Phone, sim: Simulator
) -> None:
    began, sim.faults.latency = sim.server.clockwork.now(), 0.2
    ids = [await ana.says(f"fast {number}") for number in range(3)]
    sim.faults.latency = 0.0
    for number in range(3):
        await ana.hears(f"fast {number}")
    arrived = [
        record.at
        for record in sim.stanzas
        if record.direction == "out" and record.stanza.text("id") in ids
    ]
    assert arrived[0] - began >= 0.15
    heard = [message.text for message in ana.messages.values() if not message.from_me]
    assert heard == ["fast 0", "fast 1", "fast 2"]
