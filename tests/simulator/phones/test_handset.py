"""A phone in flight mode, or seen under another address."""

from simulator import Phone, Simulator
from tests.simulator.bot import Bot


async def test_what_is_written_in_flight_mode_leaves_later(
    bot: Bot, ana: Phone, sim: Simulator
) -> None:
    ben = sim.add_phone("+15550002002", name="Ben")
    await ana.goes_offline()
    mine = await ana.says("fast hello")
    await ben.says("are you there?", to=ana)
    assert (ana.ticks(mine), ana.unheard) == ("pending", [])
    await ana.comes_online()
    await ana.hears("are you there?")
    await ana.hears("fast hello")
    await ana.sees_delivered(mine)
