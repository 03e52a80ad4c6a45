"""Messages find their chat, their quote and their own record."""

from simulator import Phone, Simulator
from tests.simulator.bot import Bot


async def test_quotes_travel_both_ways(bot: Bot, ana: Phone) -> None:
    await ana.says("hello")
    answer = await ana.hears("hello")

    mine = await ana.says("quote me", quoting=answer)

    told = await bot.tells("message", text="quote me")
    assert told["quoted"] == answer.id
    assert (await ana.hears("quote me")).quoted_id == mine


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
