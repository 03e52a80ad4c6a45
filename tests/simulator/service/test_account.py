"""What a client learns of its account and of others: history, names, who is there."""

from simulator import Phone, Simulator
from tests.simulator.bot import Bot
from tests.waiting import PATIENCE


async def test_who_is_on_whatsapp(bot: Bot, ana: Phone) -> None:
    outcome = await bot.does("lookup", numbers=["+15550002001", "+15559999999"])
    assert outcome["data"] == "{'+15550002001': True, '+15559999999': False}"


async def test_what_is_known_of_a_person(bot: Bot, ana: Phone) -> None:
    assert (await bot.does("profile", to="15550002001"))["data"] == "1"
    assert (await bot.does("portrait", to="15550002001"))["event"] in ("done", "failed")
    assert (await bot.does("privacy"))["event"] == "done"


QUESTIONS = (
    "blocked", "status", "presence", "devices", "status_privacy", "link_of_contact", "timer",
)  # fmt: skip


async def test_no_question_is_left_without_an_answer(bot: Bot, ana: Phone) -> None:
    """Some are answered with an error; none makes the client wait for its 75 seconds."""
    outcomes = {what: await bot.does(what, to="15550002001") for what in QUESTIONS}
    assert {what for what, told in outcomes.items() if "timed out" in told["data"]} == set()
    await ana.says("fast hello")
    await ana.hears("fast hello")


async def test_a_new_name_is_seen_with_the_next_message(bot: Bot, ana: Phone) -> None:
    await ana.renames("Ana Maria")
    await ana.says("hello")
    assert (await bot.tells("message", text="hello"))["name"] == "Ana Maria"


async def test_the_account_is_renamed_on_the_phone_and_by_the_client(
    bot: Bot, owner: Phone, ana: Phone, sim: Simulator
) -> None:
    await owner.renames("Shop & Co")
    # The client fetches the phone's change when it likes; until it has, its own is refused.
    for _ in range(20):
        outcome = await bot.does("rename", name="The Shop")
        if outcome["event"] == "done":
            break
    await sim.server.changes.wait_until(
        lambda: owner.name == "The Shop", PATIENCE, lambda: f"the name is {owner.name}"
    )
