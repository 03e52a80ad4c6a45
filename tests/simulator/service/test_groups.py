"""Groups with the real client: sender keys in both directions, and what it may ask."""

import pytest

from simulator import Phone, Simulator
from simulator.service.groups import Group
from tests.simulator.bot import Bot


@pytest.fixture
def ben(sim: Simulator) -> Phone:
    return sim.add_phone("+15550002002", name="Ben", addressing="lid")


@pytest.fixture
async def family(sim: Simulator, owner: Phone, ana: Phone, ben: Phone) -> Group:
    return sim.add_group("Family", [ana, ben, owner])


def kinds(sim: Simulator, message_id: str, direction: str = "out") -> list[list[str]]:
    """How a message's parts were encrypted, each time it was sent."""
    return [
        [part.text("type") for part in record.stanza.all("enc")]
        for record in sim.stanzas
        if record.stanza.tag == "message"
        and record.direction == direction
        and record.stanza.text("id") == message_id
    ]


async def test_a_group_message_comes_with_the_key_once(
    bot: Bot, ana: Phone, ben: Phone, owner: Phone, family: Group, sim: Simulator
) -> None:
    first = await ana.says("hello all", to=family)
    second = await ana.says("and again", to=family)
    other = await ben.says("hi", to=family)

    told = await bot.tells("message", text="and again")
    assert (told["server"], told["chat"]) == ("g.us", family.jid.user)
    assert (told["sender"], told["alternative"]) == ("15550002001", ana.account.lid.user)
    told = await bot.tells("message", text="hi")
    assert (told["sender"], told["alternative"]) == (ben.account.lid.user, "15550002002")
    assert kinds(sim, first) == [["pkmsg", "skmsg"]]
    assert kinds(sim, second) == [["skmsg"]]
    assert kinds(sim, other) == [["pkmsg", "skmsg"]]
    assert (await ben.hears("hello all")).chat == str(family.jid)
    assert (await owner.hears("hi")).sender == ben.number


async def test_the_client_writes_into_a_group(
    bot: Bot, ana: Phone, ben: Phone, owner: Phone, family: Group, sim: Simulator
) -> None:
    for text in ("good evening", "good night"):
        outcome = await bot.does("say_in_group", group=str(family.jid), text=text)
        assert outcome["event"] == "done", outcome
        for phone in (ana, ben):
            heard = await phone.hears(text)
            assert (heard.chat, heard.sender) == (str(family.jid), owner.number)
    await owner.sees(lambda phone: any(m.text == "good night" for m in phone.messages.values()))
    assert kinds(sim, heard.id, "in") == [["skmsg"]]
    assert [ana.undecryptable, ben.undecryptable, owner.undecryptable] == [0, 0, 0]


async def test_a_group_message_that_cannot_be_read_comes_again(
    bot: Bot, ana: Phone, family: Group, sim: Simulator
) -> None:
    await ana.says("hello all", to=family)
    await bot.tells("message", text="hello all")
    sim.faults.corrupt("to_client")
    damaged = await ana.says("once more", to=family)
    await bot.tells("UndecryptableMessage")
    await bot.tells("message", text="once more")
    assert kinds(sim, damaged)[0] == ["skmsg"]
    await ana.says("and on", to=family)
    await bot.tells("message", text="and on")


async def test_a_phone_that_cannot_read_a_group_message_gets_it_again(
    bot: Bot, ana: Phone, family: Group, sim: Simulator
) -> None:
    await bot.does("say_in_group", group=str(family.jid), text="one")
    await ana.hears("one")
    sim.faults.corrupt("to_phones")
    await bot.does("say_in_group", group=str(family.jid), text="two")
    await ana.sees(lambda phone: any(m.text == "two" for m in phone.messages.values()))


async def test_members_may_ask_about_a_group(
    bot: Bot, ana: Phone, ben: Phone, family: Group, sim: Simulator
) -> None:
    private = sim.add_group("Secret", [ana, ben])
    outcome = await bot.does("group", group=str(family.jid))
    assert outcome["data"] == "['Family', ['15550001000', '15550002001', '15550002002']]"
    assert (await bot.does("groups"))["data"] == "['Family']"
    for jid in (private.jid, "120363999999999999@g.us"):
        assert (await bot.does("group", group=str(jid)))["event"] == "failed"


async def test_the_client_makes_a_group(bot: Bot, ana: Phone, ben: Phone, owner: Phone) -> None:
    numbers = [phone.number.strip("+") for phone in (ana, ben)]
    made = (await bot.does("make_group", name="Shop talk", **{"with": numbers}))["data"]
    await bot.does("say_in_group", group=f"{made}@g.us", text="welcome")
    for phone in (ana, ben):
        assert (await phone.hears("welcome")).chat == f"{made}@g.us"


async def test_people_react_and_quote_in_a_group(
    bot: Bot, ana: Phone, ben: Phone, family: Group
) -> None:
    mine = await ana.says("who comes?", to=family)
    await ben.reacts(mine, "👍", to=family)
    await ana.sees_reaction("👍", on=mine)
    await ben.says("me", to=family, quoting=mine)
    assert (await ana.hears("me")).quoted_id == mine
    assert (await bot.tells("message", text="me"))["quoted"] == mine


async def test_a_group_needs_members(sim: Simulator) -> None:
    with pytest.raises(ValueError, match="members"):
        sim.add_group("Nobody", [])


async def test_a_mention_names_the_other_as_its_phone_is_seen(
    bot: Bot, ana: Phone, ben: Phone, family: Group
) -> None:
    await ana.says("are you there?", to=family, mentioning=ben)
    heard = await ben.hears(lambda message: "are you there?" in message.text)
    assert heard.text == f"@{ben.account.lid.user} are you there?"
    context = heard.raw.extendedTextMessage.contextInfo
    assert context.mentionedJID == [str(ben.account.lid)]


async def test_typing_is_seen_by_the_members(
    bot: Bot, ana: Phone, ben: Phone, owner: Phone, family: Group
) -> None:
    await ana.composing(to=family)
    for phone in (ben, owner):
        assert phone.typing_in(str(family.jid)) == "composing" and not phone.typing_in(ana.number)
    assert ana.typing_in(str(family.jid)) is None
    await ana.says("hi", to=family)
    assert ben.typing_in(str(family.jid)) is None
