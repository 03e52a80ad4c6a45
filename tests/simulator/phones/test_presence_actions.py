"""Reading, typing and flight mode."""

from simulator import Phone, Simulator
from tests.simulator.bot import Bot
from tests.waiting import PATIENCE


async def test_a_phone_that_is_offline_hears_later(bot: Bot, ana: Phone) -> None:
    await ana.says("hello")
    await ana.goes_offline()
    await bot.tells("sent", text="hello")
    assert ana.unheard == []
    await ana.comes_online()
    await ana.hears("hello")


async def test_people_see_read_receipts_of_people(bot: Bot, ana: Phone, sim: Simulator) -> None:
    await ana.says("hello")
    answer = await ana.hears("hello")
    await ana.composing()
    await ana.stops_typing()
    await ana.reads(answer)
    waiting = sim.server.accounts["15550001000"].companions[1].waiting
    await sim.server.changes.wait_until(
        lambda: not waiting, PATIENCE, lambda: f"not acknowledged: {waiting}"
    )
