"""Places, cards, polls and documents as phones put them."""

from simulator import Phone
from tests.simulator.bot import Bot


async def test_a_document_may_have_words_with_it(bot: Bot, ana: Phone) -> None:
    mine = await ana.sends_document(b"1;2", "sums.csv", "text/csv", caption="the sums")
    await bot.tells("message", id=mine)
    assert (await bot.does("download", id=mine))["data"] == b"1;2".hex()
    assert (ana.messages[mine].kind, ana.messages[mine].text) == ("documentMessage", "the sums")


async def test_places_cards_and_polls_arrive_as_what_they_are(bot: Bot, ana: Phone) -> None:
    sent = {
        "locationMessage": await ana.sends_location(52.5, 13.4, name="Office"),
        "contactMessage": await ana.sends_contact("Ben", "+15550002002"),
        "pollCreationMessageV3": await ana.sends_poll("Tea or coffee?", ["tea", "coffee"]),
        "pollCreationMessage": await ana.sends_poll("Days?", ["Mon", "Tue"], several=True),
    }
    for kind, message_id in sent.items():
        assert ana.messages[message_id].kind == kind
        await bot.tells("message", id=message_id)
    words = [ana.messages[message_id].text for message_id in sent.values()]
    assert words == ["Office", "Ben", "Tea or coffee?", "Days?"]
