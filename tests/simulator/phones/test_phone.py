"""What a phone shows of others: typing, receipts, what its owner types."""

from simulator import Phone, Simulator
from tests.simulator.bot import Bot
from tests.waiting import PATIENCE


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


async def test_delivery_receipts_say_whether_somebody_is_there(
    unlinked: Bot, owner: Phone, ana: Phone, sim: Simulator
) -> None:
    await unlinked.link(owner)
    await unlinked.does("mute", on=True)
    for text, show_up in (("in the dark", False), ("in the light", True)):
        if show_up:
            await unlinked.show_up()
        mine = await ana.says(text)
        assert ana.ticks(mine) in ("sent", "delivered")
        await ana.sees_delivered(mine)
        kinds = {
            record.stanza.text("type")
            for record in sim.stanzas
            if record.stanza.tag == "receipt" and record.stanza.text("id") == mine
        }
        assert kinds == ({""} if show_up else {"inactive"})


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
