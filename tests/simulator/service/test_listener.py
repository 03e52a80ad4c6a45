"""The service restarts under a client."""

import asyncio

from simulator import Phone, Simulator
from tests.simulator.bot import Bot


async def test_the_service_restarts(bot: Bot, ana: Phone, sim: Simulator) -> None:
    proxy = sim.proxy_url
    away = asyncio.Event()
    restart = asyncio.create_task(sim.restart(away=away))
    await bot.tells("Disconnected")
    await ana.says("fast hello")
    away.set()
    await restart
    assert sim.proxy_url == proxy
    await ana.hears("fast hello")
