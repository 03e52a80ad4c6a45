"""Messages, reactions, receipts, typing and presence, with the real client."""

import pytest

from simulator import Phone, Simulator
from simulator.wire.protobufs import e2e
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


async def test_a_burst_of_messages_is_answered_once_each(bot: Bot, ana: Phone) -> None:
    for number in range(50):
        await ana.says(f"fast {number}")
    for number in range(50):
        await ana.hears(f"fast {number}")
    assert ana.unheard == []


async def test_quotes_travel_both_ways(bot: Bot, ana: Phone) -> None:
    await ana.says("hello")
    answer = await ana.hears("hello")

    mine = await ana.says("quote me", quoting=answer)

    told = await bot.tells("message", text="quote me")
    assert told["quoted"] == answer.id
    assert (await ana.hears("quote me")).quoted_id == mine


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


async def test_the_client_edits_and_deletes(bot: Bot, ana: Phone) -> None:
    await ana.says("hello")
    answer = await ana.hears("hello")

    await bot.does("edit", to="15550002001", id=answer.id, text="hello, Ana")
    await ana.sees(lambda phone: answer.edited)
    assert answer.text == "hello, Ana"
    await bot.does("revoke", to="15550002001", id=answer.id)
    await ana.sees(lambda phone: answer.deleted)


async def test_the_client_writes_first(bot: Bot, ana: Phone) -> None:
    await bot.does("send", to="15550002001", text="good morning")
    assert (await ana.hears()).text == "good morning"
    outcome = await bot.does("send", to="15559999999", text="who are you")
    assert "no LID found" in outcome["data"]


async def test_groups_and_status_arrive_as_such(
    bot: Bot, owner: Phone, ana: Phone, sim: Simulator
) -> None:
    group = sim.add_group("Family", [ana, owner])
    await ana.says("hello, group", to=group)
    await ana.posts_status("hello, world")
    assert (await bot.tells("message", text="hello, group"))["server"] == "g.us"
    assert (await bot.tells("message", text="hello, world"))["server"] == "broadcast"


async def test_what_the_owner_types_arrives_as_own(bot: Bot, owner: Phone, ana: Phone) -> None:
    await owner.says("I take over", to=ana)
    told = await bot.tells("message", text="I take over")
    assert told["from_me"] and told["chat"] == "15550002001"
    assert (await ana.hears("I take over")).from_device == 0
    await owner.says("note to self", to=owner)
    assert (await bot.tells("message", text="note to self"))["chat"] == "15550001000"


async def test_any_message_can_be_sent(bot: Bot, ana: Phone) -> None:
    location = e2e.LocationMessage(degreesLatitude=1.5, degreesLongitude=2.5)
    mine = await ana.sends(e2e.Message(locationMessage=location))
    await bot.tells("message", id=mine)
    await ana.says("still there?")
    await ana.hears("still there?")


async def test_a_picture_has_a_caption(bot: Bot, ana: Phone) -> None:
    mine = await ana.sends(e2e.Message(imageMessage=e2e.ImageMessage(caption="look")))
    await bot.tells("message", id=mine)
    assert (ana.messages[mine].kind, ana.messages[mine].text) == ("imageMessage", "look")
