"""A phone's account, and waiting for what the phone shows."""

import pytest

from simulator import Phone, Simulator
from tests.simulator.bot import Bot


async def test_typing_is_seen_only_from_an_available_client(
    unlinked: Bot, owner: Phone, ana: Phone, sim: Simulator
) -> None:
    await unlinked.link(owner)
    mine = await ana.says("hello")
    await ana.hears("hello")
    await unlinked.tells("done", what="answer")
    await ana.sees_delivered(mine)
    assert ana.typing_log == []

    await unlinked.show_up()
    await ana.says("hello again")
    await ana.sees_typing()
    await ana.hears("hello again")
    await ana.sees_paused()
    assert not ana.typing


async def test_the_account_is_known_by_its_name_and_contacts(ana: Phone, sim: Simulator) -> None:
    ben = sim.add_phone("+15550002002", name="Ben")
    await ben.says("hello", to=ana)
    await ben.renames("Benjamin")
    assert (ben.name, ben.online, ana.contacts()) == ("Benjamin", True, [ben])


async def test_what_does_not_come_shows_the_transcript(ana: Phone, sim: Simulator) -> None:
    ben = sim.add_phone("+15550002002", name="Ben")
    await ana.says("hello", to=ben)
    with pytest.raises(AssertionError, match=r"Ben did not hear 'bye' within(.|\n)*text 'hello'"):
        await ben.hears("bye", timeout=0.01)
    assert (await ben.hears("hello")).sender == ana.number
