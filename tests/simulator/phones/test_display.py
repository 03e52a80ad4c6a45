"""What a phone shows: messages, copies, edits, ticks."""

from simulator import Phone, Simulator
from tests.simulator.bot import Bot


async def test_the_owners_phone_sees_what_the_client_sends(
    bot: Bot, owner: Phone, ana: Phone
) -> None:
    await ana.says("hello")
    answer = await ana.hears("hello")
    await owner.sees(lambda phone: answer.id in phone.messages)
    copy = owner.messages[answer.id]
    assert (copy.text, copy.from_me) == ("hello", True)
    await owner.sees_delivered(answer.id)
    await ana.reads(answer)
    await owner.sees_read(answer.id)
    assert (await owner.hears("hello")).sender == ana.number


async def test_the_client_edits_and_deletes(bot: Bot, ana: Phone) -> None:
    await ana.says("hello")
    answer = await ana.hears("hello")

    await bot.does("edit", to="15550002001", id=answer.id, text="hello, Ana")
    await ana.sees(lambda phone: answer.edited)
    assert answer.text == "hello, Ana"
    await bot.does("revoke", to="15550002001", id=answer.id)
    await ana.sees(lambda phone: answer.deleted)


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


async def test_typing_is_shown_by_chat_and_in_the_transcript(ana: Phone, sim: Simulator) -> None:
    ben = sim.add_phone("+15550002002", name="Ben")
    group = sim.add_group("Family", [ana, ben])
    await ana.recording(to=group)
    assert (ben.typing, ben.typing_in(str(group.jid))) == (True, "recording")
    assert ben.typing_in(ana.number) is None
    await ana.stops_typing(to=group)
    assert (ben.typing, ben.typing_in(str(group.jid))) == (False, None)
    mine = await ana.says("hello", to=ben)
    assert ana.ticks(mine) == "delivered"
    assert [entry.what for entry in ben.transcript] == ["typing", "paused", "text"]
