"""Linking and unlinking, with the real client."""

import asyncio

import pytest

from simulator import LinkFailed, Phone, Simulator
from tests.simulator.bot import Bot
from tests.waiting import PATIENCE


async def test_a_client_links_by_qr(unlinked: Bot, owner: Phone, sim: Simulator) -> None:
    device = await owner.scan((await unlinked.tells("qr"))["data"])

    await unlinked.tells("Connected")
    assert unlinked.has("login") == [{"event": "login", "data": "success"}]
    assert owner.linked_devices == [device]
    assert (device.name, device.platform) == ("Neonize", "SAFARI")
    assert sim.is_connected(owner)


async def test_a_client_links_by_pairing_code(unlinked: Bot, owner: Phone, ana: Phone) -> None:
    await unlinked.tells("qr")
    code = (await unlinked.does("pair", phone="+15550001000"))["data"]
    assert len(code) == 9

    await owner.enter_code(code)

    await unlinked.tells("Connected")
    await ana.says("hello")
    await ana.hears("hello")


async def test_a_wrong_code_is_refused_and_the_right_one_still_works(
    unlinked: Bot, owner: Phone
) -> None:
    await unlinked.tells("qr")
    code = (await unlinked.does("pair", phone="+15550001000"))["data"]
    with pytest.raises(LinkFailed, match="wrong code"):
        await owner.enter_code("1111-1111" if code != "1111-1111" else "2222-2222")
    assert owner.linked_devices == []

    await owner.enter_code(code)

    assert len(owner.linked_devices) == 1


async def test_a_code_that_nobody_asked_for_does_not_link(owner: Phone) -> None:
    with pytest.raises(LinkFailed, match="no device asked"):
        await owner.enter_code("ABCD-EFGH", timeout=0.0)


async def test_a_client_may_go_away_while_it_is_linked(
    unlinked: Bot, owner: Phone, sim: Simulator
) -> None:
    await unlinked.tells("qr")
    code = (await unlinked.does("pair", phone="+15550001000"))["data"]
    await unlinked.freeze()
    linking = asyncio.create_task(owner.enter_code(code))
    await sim.server.changes.wait_until(
        lambda: any(r.stanza.child("link_code_companion_reg") for r in sim.stanzas
                    if r.direction == "out" and r.stanza.tag == "notification"),
        PATIENCE,
        lambda: "the code was not typed",
    )  # fmt: skip
    await unlinked.kill()
    with pytest.raises(LinkFailed, match="went away"):
        await linking
    assert owner.linked_devices == []


async def test_codes_can_be_refused(unlinked: Bot, owner: Phone, sim: Simulator) -> None:
    await unlinked.tells("qr")
    sim.faults.refuse_codes = True
    outcome = await unlinked.does("pair", phone="+15550001000")
    assert outcome["event"] == "failed"
    assert "429" in outcome["data"]


async def test_a_code_for_nobody_is_refused(unlinked: Bot, owner: Phone) -> None:
    await unlinked.tells("qr")
    outcome = await unlinked.does("pair", phone="+15559999999")
    assert outcome["event"] == "failed"


async def test_a_stale_qr_code_does_not_link(owner: Phone) -> None:
    with pytest.raises(LinkFailed, match="not valid any more"):
        await owner.scan("https://wa.me/settings/linked_devices#gone,AA==,AA==,AA==,1")
    with pytest.raises(LinkFailed, match="not a code"):
        await owner.scan("https://example.com/")


async def test_a_passkey_is_asked_for(unlinked: Bot, owner: Phone, sim: Simulator) -> None:
    sim.faults.ask_for_passkey = True
    with pytest.raises(LinkFailed, match="passkey"):
        await owner.scan((await unlinked.tells("qr"))["data"])
    await unlinked.tells("login", data="passkey-request")
    assert owner.linked_devices == []


async def test_the_client_unlinks(bot: Bot, owner: Phone, sim: Simulator) -> None:
    assert (await bot.does("logout"))["event"] == "done"
    await sim.wait_disconnected(owner)
    assert owner.linked_devices == []


async def test_the_phone_unlinks(bot: Bot, owner: Phone, sim: Simulator) -> None:
    await owner.remove_device()
    await bot.tells("LoggedOut")
    await sim.wait_disconnected(owner)
    assert owner.linked_devices == []


async def test_an_unlinked_device_cannot_come_back(bot: Bot, owner: Phone, sim: Simulator) -> None:
    await bot.kill()
    await sim.wait_disconnected(owner)
    await owner.remove_device()
    await bot.start()
    told = await bot.tells("LoggedOut")
    assert "OnConnect: true" in told["data"]


async def test_a_client_links_again_as_a_new_device(
    bot: Bot, owner: Phone, ana: Phone, sim: Simulator
) -> None:
    await bot.does("logout")
    await sim.wait_disconnected(owner)
    await bot.kill()
    await bot.start()

    await owner.scan((await bot.tells("qr", count=2))["data"])

    assert [device.device for device in owner.linked_devices] == [2]
    await ana.says("again")
    await ana.hears("again")
