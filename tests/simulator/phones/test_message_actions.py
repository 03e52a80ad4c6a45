"""Texts, reactions, edits, deletes, status: with the real client."""

import pytest

from simulator import Phone
from simulator.wire.protobufs import e2e
from tests.simulator.bot import Bot


async def test_a_burst_of_messages_is_answered_once_each(bot: Bot, ana: Phone) -> None:
    for number in range(50):
        await ana.says(f"fast {number}")
    for number in range(50):
        await ana.hears(f"fast {number}")
    assert ana.unheard == []


async def test_people_react_edit_and_delete(bot: Bot, ana: Phone) -> None:
    mine = await ana.says("helo")
    answer = await ana.hears("helo")

    await ana.reacts(answer.id, "👍")
    assert (await bot.tells("message", reaction="👍"))["target"] == answer.id
    await ana.edits(mine, "hello")
    assert (await bot.tells("message", text="hello"))["target"] == mine
    await ana.deletes(mine)
    assert (await bot.tells("message", target=mine, text=""))["protocol"]
    with pytest.raises(ValueError, match="not sent from this phone"):
        await ana.edits(answer.id, "mine now")


async def test_the_client_writes_first(bot: Bot, ana: Phone) -> None:
    await bot.does("send", to="15550002001", text="good morning")
    assert (await ana.hears()).text == "good morning"
    outcome = await bot.does("send", to="15559999999", text="who are you")
    assert "no LID found" in outcome["data"]


async def test_any_message_can_be_sent(bot: Bot, ana: Phone) -> None:
    location = e2e.LocationMessage(degreesLatitude=1.5, degreesLongitude=2.5)
    mine = await ana.sends(e2e.Message(locationMessage=location))
    await bot.tells("message", id=mine)
    await ana.says("still there?")
    await ana.hears("still there?")
