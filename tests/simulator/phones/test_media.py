"""Files from and to the real client, over the media host."""

import pytest

from simulator import Phone, Simulator
from tests.simulator.bot import Bot

PNG = bytes.fromhex("89504e470d0a1a0a") + bytes(range(256)) * 40


@pytest.mark.parametrize(
    "verb", ["sends_picture", "sends_video", "sends_voice", "sends_sticker", "sends_document"]
)
async def test_the_client_downloads_what_people_send(bot: Bot, ana: Phone, verb: str) -> None:
    name = {"name": "notes.bin"} if verb == "sends_document" else {}
    mine = await getattr(ana, verb)(PNG, **name)
    await bot.tells("message", id=mine)

    outcome = await bot.does("download", id=mine)

    assert outcome == {"event": "done", "what": "download", "data": PNG.hex()}


async def test_an_expired_file_is_gone(bot: Bot, ana: Phone, sim: Simulator) -> None:
    mine = await ana.sends_picture(PNG, caption="look")
    await bot.tells("message", id=mine)
    sim.expire_media(ana.messages[mine])
    assert "status code 410" in (await bot.does("download", id=mine))["data"]
    assert await ana.opens(mine) == PNG, "the phone still has it"


@pytest.mark.parametrize("status", [404, 403])
async def test_downloads_can_be_refused(bot: Bot, ana: Phone, sim: Simulator, status: int) -> None:
    mine = await ana.sends_picture(PNG)
    await bot.tells("message", id=mine)
    sim.faults.refuse_downloads = status
    assert f"status code {status}" in (await bot.does("download", id=mine))["data"]


async def test_a_damaged_file_is_found_out(bot: Bot, ana: Phone, sim: Simulator) -> None:
    mine = await ana.sends_picture(PNG)
    await bot.tells("message", id=mine)
    sim.faults.corrupt("media")
    outcome = await bot.does("download", id=mine)
    assert outcome["event"] == "failed"
    assert (await bot.does("download", id=mine))["data"] == PNG.hex()


async def test_uploads_can_be_refused(bot: Bot, ana: Phone, sim: Simulator) -> None:
    sim.faults.refuse_uploads = 503
    outcome = await bot.does("picture", to="15550002001", data=PNG.hex())
    assert "status code 503" in outcome["data"]
