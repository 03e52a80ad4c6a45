"""Messages reach linked devices under the right address, encrypted, with copies for the own."""

import pytest

from simulator import Phone, Simulator
from tests.simulator.bot import Bot


@pytest.mark.parametrize("addressing", ["pn", "lid", "lid_only"])
async def test_both_addressings_get_an_answer(bot: Bot, sim: Simulator, addressing: str) -> None:
    ben = sim.add_phone("+15550002002", name="Ben", addressing=addressing)  # type: ignore[arg-type]
    mine = await ben.says("hello")

    told = await bot.tells("message", text="hello")
    assert told["server"] == ("s.whatsapp.net" if addressing == "pn" else "lid")
    assert told["name"] == "Ben"
    known = {"pn": ben.account.lid.user, "lid": "15550002002", "lid_only": ""}
    assert told["alternative"] == known[addressing]

    answer = await ben.hears("hello")
    assert (answer.sender, answer.from_device, answer.from_me) == ("+15550001000", 1, False)
    await ben.sees_typing()
    await ben.sees_paused()
    await ben.sees_reaction("👀", on=mine)
    await ben.sees_read(mine)
    assert ben.undecryptable == 0


async def test_many_messages_in_both_directions(bot: Bot, ana: Phone, sim: Simulator) -> None:
    phones = [ana, sim.add_phone("+15550002002"), sim.add_phone("+15550002003", addressing="lid")]
    for turn in range(10):
        for phone in phones:
            await phone.says(f"fast {turn}")
        for phone in phones:
            await phone.hears(f"fast {turn}")
    assert [len(phone.unheard) for phone in phones] == [0, 0, 0]


async def test_a_person_changes_between_number_and_lid(bot: Bot, ana: Phone) -> None:
    for text, addressing, server in (
        ("one", "pn", "s.whatsapp.net"),
        ("two", "lid_only", "lid"),
        ("three", "pn", "s.whatsapp.net"),
    ):
        await ana.is_addressed_by(addressing)  # type: ignore[arg-type]
        await ana.says(text)
        assert (await bot.tells("message", text=text))["server"] == server
        await ana.hears(text)
