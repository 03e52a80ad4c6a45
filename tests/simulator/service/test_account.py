"""What a client learns of its account and of others: history, names, who is there."""

import pytest

from simulator import Phone, Simulator
from tests.simulator.bot import Bot
from tests.waiting import PATIENCE

BOOTSTRAP, PUSH_NAMES = 0, 4  # HistorySyncType


@pytest.mark.parametrize("count", [2, 2000])
async def test_a_new_device_learns_of_the_past(
    unlinked: Bot, owner: Phone, ana: Phone, sim: Simulator, count: int
) -> None:
    """A short past comes inside the message, a long one over the media host."""
    owner.remembers("Do you open on Sunday?", by=ana, at=1_700_000_000)
    for number in range(count - 1):
        owner.remembers(f"No, on Monday {number}", to=ana)

    await unlinked.link(owner)

    told = await unlinked.tells("history", kind=BOOTSTRAP)
    assert len(told["said"]) == count
    assert told["said"][0] == ["15550002001@s.whatsapp.net", False, "Do you open on Sunday?"]
    assert told["said"][1] == ["15550002001@s.whatsapp.net", True, "No, on Monday 0"]
    names = await unlinked.tells("history", kind=PUSH_NAMES)
    assert names["names"] == {"15550002001@s.whatsapp.net": "Ana"}
    assert ana.unheard == [], "remembering sends nothing"


async def test_what_was_written_before_linking_is_history(
    unlinked: Bot, owner: Phone, ana: Phone
) -> None:
    await ana.says("hello?", to=owner)
    await owner.says("one moment", to=ana)
    await unlinked.link(owner)
    told = await unlinked.tells("history", kind=BOOTSTRAP)
    assert [text for _, _, text in told["said"]] == ["hello?", "one moment"]
    assert unlinked.has("message", text="hello?") == []


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


async def test_a_person_changes_between_number_and_lid(bot: Bot, ana: Phone) -> None:
    for text, addressing, server in (
        ("one", "pn", "s.whatsapp.net"),
        ("two", "lid_only", "lid"),
        ("three", "pn", "s.whatsapp.net"),
    ):
        await ana.is_addressed_by(addressing)  # type: ignore[arg-type]
        await ana.says(text)
        assert (await bot.tells("message", text=text))["server"] == server
        await ana.hears(text)


async def test_what_is_written_in_flight_mode_leaves_later(
    bot: Bot, ana: Phone, sim: Simulator
) -> None:
    ben = sim.add_phone("+15550002002", name="Ben")
    await ana.goes_offline()
    mine = await ana.says("fast hello")
    await ben.says("are you there?", to=ana)
    assert (ana.ticks(mine), ana.unheard) == ("pending", [])
    await ana.comes_online()
    await ana.hears("are you there?")
    await ana.hears("fast hello")
    await ana.sees_delivered(mine)
