"""Files that people send to each other and open."""

import pytest

from simulator import Phone, Simulator
from simulator.phones.media import BadMedia
from simulator.wire.protobufs import e2e
from tests.simulator.bot import Bot

PNG = bytes.fromhex("89504e470d0a1a0a") + bytes(range(256)) * 40


async def test_a_picture_has_a_caption(bot: Bot, ana: Phone) -> None:
    mine = await ana.sends(e2e.Message(imageMessage=e2e.ImageMessage(caption="look")))
    await bot.tells("message", id=mine)
    assert (ana.messages[mine].kind, ana.messages[mine].text) == ("imageMessage", "look")


async def test_people_send_files_to_each_other(ana: Phone, sim: Simulator) -> None:
    ben = sim.add_phone("+15550002002", name="Ben")
    mine = await ana.sends_voice(b"OggS", seconds=3, to=ben)
    heard = await ben.hears()
    assert (heard.kind, heard.raw.audioMessage.seconds) == ("audioMessage", 3)
    assert await ben.opens(heard) == await ana.opens(mine) == b"OggS"
    heard.raw.audioMessage.fileSHA256 = bytes(32)
    with pytest.raises(BadMedia, match="another hash"):
        await ben.opens(heard)
    with pytest.raises(LookupError, match="no file"):
        await ana.opens(await ana.says("just words", to=ben))


async def test_people_open_what_the_client_sends(
    bot: Bot, owner: Phone, ana: Phone, sim: Simulator
) -> None:
    await bot.does("picture", to="15550002001", data=PNG.hex())
    message = await ana.hears("as you wished")
    assert message.kind == "imageMessage"
    assert await ana.opens(message) == PNG
    await owner.sees(lambda phone: message.id in phone.messages)
    sim.expire_media(message)
    assert await ana.opens(message) == PNG, "what was opened once stays on the phone"
    with pytest.raises(LookupError, match="not there any more"):
        await owner.opens(message.id)
