"""A message that could not be read is asked for again, by either side."""

import pytest

from simulator import Phone, Simulator
from tests.simulator.bot import Bot


def deliveries(sim: Simulator, message_id: str) -> list[str]:
    """How often a message was sent to a client: "" at once, "0" from the offline queue."""
    return [
        record.stanza.text("offline")
        for record in sim.stanzas
        if record.stanza.tag == "message"
        and record.direction == "out"
        and record.stanza.text("id") == message_id
    ]


async def test_a_phone_that_cannot_decrypt_asks_again(bot: Bot, ana: Phone, sim: Simulator) -> None:
    sim.faults.corrupt("to_phones", 1)
    await ana.says("fast hello")
    await ana.hears("fast hello")
    assert ana.undecryptable == 1


async def test_a_phone_that_cannot_decrypt_twice_starts_a_new_session(
    bot: Bot, ana: Phone, sim: Simulator
) -> None:
    sim.faults.corrupt("to_phones", 2)
    await ana.says("fast hello")
    await ana.hears("fast hello")
    assert ana.undecryptable == 2
    await ana.says("fast and on")
    await ana.hears("fast and on")


@pytest.mark.parametrize("count", [1, 2])
async def test_the_owners_phone_asks_again_too(
    bot: Bot, owner: Phone, ana: Phone, sim: Simulator, count: int
) -> None:
    sim.faults.corrupt("to_owner", count)
    await ana.says("fast hello")
    answer = await ana.hears("fast hello")
    await owner.sees(lambda phone: answer.id in phone.messages)
    assert owner.undecryptable == count


@pytest.mark.parametrize("count", [1, 2])
async def test_a_client_that_cannot_decrypt_gets_the_message_again(
    bot: Bot, ana: Phone, sim: Simulator, count: int
) -> None:
    await ana.says("fast hello")
    await ana.hears("fast hello")
    sim.faults.corrupt("to_client", count)
    mine = await ana.says("fast again")
    await bot.tells("UndecryptableMessage", count=count)
    await ana.hears("fast again")
    assert len(deliveries(sim, mine)) == 1 + count


async def test_a_phone_that_lost_its_session_gets_the_message_again(
    bot: Bot, ana: Phone, sim: Simulator
) -> None:
    await ana.says("fast hello")
    await ana.hears("fast hello")
    companion = sim.bot.linked_devices[0]
    ana._handset.keyring.forget(companion.address)
    await bot.does("send", to="15550002001", text="are you there?")
    await ana.hears("are you there?")
    assert ana.undecryptable == 1
