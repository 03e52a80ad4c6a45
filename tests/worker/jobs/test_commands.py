"""The commands, as people use them."""

import shutil
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from core.messages.command import COMMANDS
from core.messages.message import Kind
from store.agents import favourites
from store.chats import chats
from store.sql import tables
from tests.services.fake_llm import FakeLLM
from tests.worker.world import BOB, World
from worker.jobs import commands


def favour(world: World, *names: str) -> None:
    world.do(favourites.save, names)


def test_every_command_of_the_table_does_something() -> None:
    assert set(commands.ACTIONS) == {each.name for each in COMMANDS if not each.asks_model}
    assert set(commands.OBSTACLES) == {each.name for each in COMMANDS if each.asks_model}


async def test_a_command_is_a_turn_without_a_model(world: World, llm: FakeLLM) -> None:
    await world.friend().asks("/help")
    [turn] = world.turns()
    assert (turn["kind"], turn["state"], turn["request"]) == ("command", "done", "/help")
    assert world.states() == ["answered"] and not llm.requests


@pytest.mark.parametrize("text", ["/HELP", "/Help ", " /help", "/help please"])
async def test_help_lists_every_command(world: World, text: str) -> None:
    said = await world.friend().asks(text)
    for command in COMMANDS:
        assert f"*{command.usage}*: {command.help}" in said


async def test_an_unknown_command_is_not_sent_to_a_model(world: World, llm: FakeLLM) -> None:
    said = await world.friend().asks("/frobnicate now")
    assert said == "I don't know /frobnicate. Send /help to see what I understand."
    assert len(await world.friend().asks("/" + "x" * 60_000)) < 1000
    assert not llm.requests


# /agent


@pytest.mark.parametrize("text", ["/agent eric", "/agent ERIC", "/Agent  eri", "/switch @eric"])
async def test_agent_switches(world: World, text: str) -> None:
    alice = world.friend()
    await alice.talks((text, "You are now talking to Eric."), ("hi", ""))
    assert world.turns()[-1]["agent"] == "eric"


async def test_agent_finds_names_and_ids(world: World) -> None:
    await world.friend().talks(
        ("/agent mary_ann", "You are now talking to Mary Ann."),
        ("/agent Mary Ann", "You are now talking to Mary Ann."),
        ("/agent finn", "You are now talking to 🏗️ Finn, Solutions Architect."),
    )


async def test_agent_refuses_who_is_not_there(world: World) -> None:
    alice = world.friend()
    await alice.talks(
        ("/agent eric", ""),
        ("/agent zoe", "There is no agent called “zoe”. Send /agents"),
        ("/agent " + "z" * 9000, "There is no agent called “zzz"),
    )
    assert world.do(chats.get, alice.chat_id).agent == "eric"


async def test_agent_without_a_name_says_who_answers(world: World) -> None:
    alice = world.friend()
    said = await alice.asks("/agent")
    assert said.startswith("You are talking to 🏗️ Finn, Solutions Architect.")
    assert "/agent <name>" in said
    assert world.do(chats.get, alice.chat_id).agent is None


# /agents


async def test_agents_lists_all_and_marks_the_one_who_answers(world: World) -> None:
    alice = world.friend()
    assert (await alice.asks("/agents")).splitlines()[:4] == [
        "*Agents*",
        "- Eric (`eric`)",
        "- 🏗️ Finn, Solutions Architect (`finn`) ← you are talking to this one",
        "- Mary Ann (`mary_ann`)",
    ]
    await alice.asks("/agent eric")
    assert "- Eric (`eric`) ←" in await alice.asks("/agents")


async def test_agents_and_help_work_when_nobody_is_set_up(world: World) -> None:
    world.settings(default_agent=None)
    alice = world.friend()
    assert "- Eric (`eric`)\n" in await alice.asks("/agents")
    assert "/agents" in await alice.asks("/help")
    for text in ("/new", "/model", "/model custom/other"):
        assert await alice.asks(text) == "No agent is set up to answer here yet."
    assert (await alice.asks("/agent")).startswith("No agent is set up to answer here yet.")
    await alice.talks(("/agent eric", "You are now talking to Eric."), ("hi", "I am a fake"))


async def test_agents_says_so_when_there_are_none(world: World, tmp_path) -> None:
    world.answering = world.another(agents_dir=tmp_path / "nowhere")
    assert await world.friend().asks("/agents") == "There are no agents yet."


# /new


async def test_new_forgets_what_was_said(world: World, llm: FakeLLM) -> None:
    alice = world.friend()
    await alice.asks("my secret is 42")
    said = await alice.asks("/new")
    assert "Finn" in said and "forgotten" in said and "Model: custom/small" in said
    await alice.asks("what is my secret?")
    assert llm.requests[-1].messages == [("user", "what is my secret?")]
    assert len(world.rows(select(tables.conversations))) == 2  # nothing is deleted
    assert world.turns()[0]["reply"] == "I am a fake model."


async def test_new_leaves_other_agents_and_other_chats_alone(world: World, llm: FakeLLM) -> None:
    alice, bob = world.friend(), world.friend(BOB)
    await alice.asks("one")
    await alice.asks("@eric two")
    await bob.asks("three")
    await alice.asks("/new")  # Eric's
    await alice.asks("@finn four")
    await bob.asks("five")
    await alice.asks("@eric six")
    assert [len(request.messages) for request in llm.requests] == [1, 1, 1, 3, 3, 1]


# /model


async def test_model_changes_what_the_next_message_is_asked_of(world: World, llm: FakeLLM) -> None:
    alice = world.friend()
    await alice.talks(
        ("/model", "Finn uses custom/small."),
        ("/model custom:large", "Finn now uses custom/large in our conversation."),
        ("hi", ""),
        ("/model", "Finn uses custom/large, which you chose."),
        ("/new", "🏗️ Finn"),
        ("hi", ""),
        ("/model DEFAULT", "Finn is back on their own model, custom/small."),
        ("hi", ""),
    )
    assert [request.model for request in llm.requests] == ["large", "large", "small"]
    assert [turn["model"] for turn in world.turns() if turn["kind"] == "agent"] == [
        "custom/large",
        "custom/large",
        "custom/small",
    ]


async def test_a_choice_of_model_is_for_this_person_and_this_agent(
    world: World, llm: FakeLLM
) -> None:
    alice, bob = world.friend(), world.friend(BOB)
    await alice.asks("/model custom/large")
    await bob.asks("hi")
    await alice.asks("@eric hi")
    assert [request.model for request in llm.requests] == ["small", "small"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("/model openai/gpt-4o", "There is no key for openai yet."),
        ("/model demo/other", "There is no demo/other"),
        ("/model nonsense", "Write a model as provider/name."),
        ("/model frob/x", "Write a model as provider/name."),
        ("/model custom/", "names no model"),
        ("/model custom/two words", "names no model"),
        ("/model 1", "There are no favorite models yet."),
        ("/model custom/" + "x" * 300, "too long"),
        ("/model " + "9" * 5000, "too long"),
    ],
)
async def test_a_model_that_cant_be_used_changes_nothing(
    world: World, llm: FakeLLM, text: str, reason: str
) -> None:
    alice = world.friend()
    await alice.asks("/model custom/large")
    said = await alice.asks(text)
    assert reason in said and said.endswith("Nothing has changed.")
    assert len(said.splitlines()) == 1
    await alice.asks("hi")
    assert llm.requests[0].model == "large"


async def test_the_demo_can_be_chosen_and_is_called_by_its_name(world: World) -> None:
    alice = world.friend()
    assert "demo/echo, “Demo (no AI)”" in await alice.asks("/model demo/echo")
    assert (await alice.asks("hi")).startswith("*Demo (no AI).*")


# Favourites


async def test_a_favourite_is_chosen_by_number_or_by_a_part_of_its_name(
    world: World, llm: FakeLLM
) -> None:
    favour(world, "custom/large-2", "custom/tiny", "openrouter/anthropic/claude")
    alice = world.friend()
    await alice.talks(
        ("/model 2", "Finn now uses custom/tiny"),
        ("/model LARGE", "Finn now uses custom/large-2"),
        ("/model 4", "The favorites are numbered 1 to 3, see /modelfavs. Nothing"),
        ("/model 0", "The favorites are numbered 1 to 3"),
        ("/model custom/", "That could be custom/large-2 or custom/tiny."),
        ("/model N", "That could be custom/tiny or openrouter/anthropic/claude. Nothing"),
        ("/model claude", "There is no key for openrouter yet. Nothing has changed."),
        ("hi", ""),
    )
    assert llm.requests[0].model == "large-2"


async def test_modelfavs_numbers_them_and_marks_the_one_in_use(world: World) -> None:
    favour(world, "custom/small", "custom/large", "groq/llama")
    alice = world.friend()
    assert (await alice.asks("/modelfavs")).splitlines()[:4] == [
        "*Favorite models*",
        "1. custom/small ← in use",
        "2. custom/large",
        "3. groq/llama (not set up)",
    ]
    await alice.asks("/model 2")
    assert "2. custom/large ← in use" in await alice.asks("/modelfavs")


async def test_modelfavs_says_so_when_there_are_none(world: World) -> None:
    assert "no favorite models yet" in await world.friend().asks("/modelfavs")


async def test_modelfavs_works_when_nobody_is_set_up(world: World) -> None:
    world.settings(default_agent=None)
    favour(world, "custom/small")
    assert "1. custom/small\n" in await world.friend().asks("/modelfavs")


async def test_only_written_words_can_be_a_command(world: World, llm: FakeLLM) -> None:
    alice = world.friend().writes("/new", Kind.DOCUMENT)
    await world.answering.answer(alice.chat_id)
    assert [turn["kind"] for turn in world.turns()] == ["agent"]


# /status and /context


async def test_status_tells_how_the_conversation_stands(world: World, llm: FakeLLM) -> None:
    alice = world.friend()
    await alice.asks("one")
    world.clock.advance(minutes=5)
    await alice.asks("two")
    lines = (await alice.asks("/status")).splitlines()
    assert lines[:4] == [
        "*Status*",
        "Agent: 🏗️ Finn, Solutions Architect (until 1 Mar 2026, 12:35 UTC if you don't write)",
        "Model: custom/small",
        "Conversation: 2 answers since 1 Mar 2026, 12:00 UTC",
    ]
    assert lines[4].startswith("Memory: about ") and "of 32,000 tokens (" in lines[4]
    assert lines[5] == "Summary: none"
    assert lines[6].startswith("Cost: ") and "10 out, price unknown" in lines[6]
    assert len(llm.requests) == 2


async def test_status_before_the_first_word(world: World) -> None:
    said = await world.friend().asks("/status")
    assert "Agent: 🏗️ Finn, Solutions Architect\n" in said
    assert "Conversation: 0 answers since" in said and "0 tokens in, 0 out" in said


async def test_context_tells_what_is_remembered(world: World, llm: FakeLLM) -> None:
    alice = world.friend()
    for _ in range(3):
        await alice.asks("hi")
    said = await alice.asks("/context")
    assert "3 answers, 3 word for word\n" in said and "Summary: none" in said
    await alice.asks("/compact")
    await alice.asks("hi")
    said = await alice.asks("/context")
    assert "4 answers, 1 word for word, 3 in the summary\n" in said
    assert "Summary: of 3 answers" in said and said.endswith("/new starts afresh.")
    await alice.asks("/new")
    assert "0 answers, 0 word for word\n" in await alice.asks("/context")


async def test_context_tells_what_is_forgotten(world: World, llm: FakeLLM) -> None:
    llm.replies("word " * 800)
    with (world.config.agents_dir / "finn" / "config.yml").open("a") as file:
        file.write("context_window: 3000\n")
    alice = world.friend()
    for _ in range(6):
        await alice.asks("hi")
    said = await alice.asks("/context")
    assert "of 3,000 tokens" in said and "6 answers, 2 word for word, 4 forgotten\n" in said
    assert "The oldest part no longer fits." in said


async def test_what_an_answer_cost_is_told(world: World) -> None:
    alice = world.friend()
    for dollars in ("0.0123", "2.5"):
        await alice.asks("hi")
        turns = tables.turns
        last = turns.c.id == world.turns()[-1]["id"]
        paid = update(turns).where(last).values(cost_usd=Decimal(dollars))
        world.do(lambda connection, paid=paid: connection.execute(paid))
        total = "$0.0123" if dollars == "0.0123" else "$2.51"
        assert total in await alice.asks("/status")


# /end


async def test_end_goes_back_to_who_answers_by_default(world: World) -> None:
    world.allow("+1555*", agent="mary_ann")
    alice = world.friend()
    await alice.talks(
        ("/agent eric", "You are now talking to Eric."),
        ("/end", "Your session with Eric has ended. Mary Ann answers next."),
        ("/end", "There is no session. Mary Ann answers next."),
        ("hi", ""),
    )
    assert world.turns()[-1]["agent"] == "mary_ann"


async def test_the_end_forgets_nothing(world: World, llm: FakeLLM) -> None:
    alice = world.friend()
    await alice.asks("@eric one")
    await alice.asks("/end")
    await alice.asks("@eric two")
    assert len(llm.requests[-1].messages) == 3


async def test_end_when_nobody_is_set_up(world: World) -> None:
    world.settings(default_agent=None)
    alice = world.friend()
    await alice.asks("/agent eric")
    shutil.rmtree(world.config.agents_dir / "eric")
    assert await alice.asks("/end") == (
        "Your session with eric has ended. No agent is set up to answer here yet."
    )
    for text in ("/status", "/context"):
        assert await alice.asks(text) == "No agent is set up to answer here yet."
