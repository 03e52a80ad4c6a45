"""Conversations: who answers, what the model gets to see, and what people read."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from core.messages.message import Kind
from core.settings import Settings
from store.chats import chats
from store.redis.live import Live
from store.sql import tables
from tests.services.fake_llm import FakeLLM
from tests.worker.world import ALICE, BOB, World


async def test_a_message_is_answered_by_the_default_agent(world: World, llm: FakeLLM) -> None:
    llm.replies("Hello **Alice**!")
    assert await world.friend().asks("hi") == "Hello *Alice*!"
    [turn] = world.turns()
    assert (turn["agent"], turn["model"], turn["why"]) == ("finn", "custom/small", "fallback")
    assert (turn["state"], turn["kind"]) == ("done", "agent")
    assert (turn["request"], turn["reply"]) == ("hi", "Hello **Alice**!")
    assert turn["input_tokens"] > 1 and turn["output_tokens"] == 2
    assert world.states() == ["answered"]
    assert Live(world.redis).wait_for_outbox_nudge(timeout=1)


async def test_the_agent_is_told_who_it_is(world: World, llm: FakeLLM) -> None:
    await world.friend().asks("hi")
    assert "**Name:** Finn" in llm.requests[0].system
    assert "WhatsApp" in llm.requests[0].system


async def test_the_answer_goes_where_the_person_wrote_from(world: World) -> None:
    await world.friend(BOB).asks("hi")
    [row] = world.rows(select(tables.outbox))
    assert row["address"] == "15550000002@s.whatsapp.net"
    assert row["agent"] == "finn" and row["turn_id"] == world.turns()[0]["id"]


# Who answers


async def test_the_senders_own_agent_comes_before_the_fallback(world: World) -> None:
    world.allow("+1555*", agent="eric")
    await world.friend().asks("hi")
    assert (world.turns()[0]["agent"], world.turns()[0]["why"]) == ("eric", "sender_default")


async def test_the_most_exact_entry_names_the_senders_agent(world: World) -> None:
    world.allow("*", agent="finn")
    world.allow("+1555*", agent="eric")
    world.allow(ALICE, agent="mary_ann")
    await world.friend(ALICE).asks("hi")
    await world.friend(BOB).asks("hi")
    assert [turn["agent"] for turn in world.turns()] == ["mary_ann", "eric"]


async def test_the_chosen_agent_comes_before_the_senders_own(world: World) -> None:
    world.allow("+1555*", agent="eric")
    alice = world.friend()
    await alice.talks(("/agent finn", "You are now talking to 🏗️ Finn"), ("hi", ""))
    assert (world.turns()[-1]["agent"], world.turns()[-1]["why"]) == ("finn", "sticky")


async def test_who_answered_last_goes_on_until_the_time_is_up(world: World) -> None:
    alice = world.friend()
    await alice.asks("/agent eric")
    for minutes in (29, 29, 31):
        world.clock.advance(minutes=minutes)
        await alice.asks("hi")
    assert [turn["agent"] for turn in world.turns()[1:]] == ["eric", "eric", "finn"]


async def test_the_owners_sticky_time_counts(world: World) -> None:
    world.settings(sticky_minutes=5)
    alice = world.friend()
    await alice.asks("/agent eric")
    world.clock.advance(minutes=6)
    await alice.asks("hi")
    assert world.turns()[-1]["agent"] == "finn"


async def test_a_new_default_agent_answers_the_next_message(world: World) -> None:
    world.settings(default_agent="eric")
    await world.friend().asks("hi")
    assert world.turns()[0]["agent"] == "eric"


async def test_an_agent_who_is_gone_is_passed_over(world: World) -> None:
    alice = world.friend()
    await alice.asks("/agent eric")
    shutil.rmtree(world.config.agents_dir / "eric")
    await alice.asks("hi")
    assert (world.turns()[-1]["agent"], world.turns()[-1]["why"]) == ("finn", "fallback")


@pytest.mark.parametrize(("default", "missing"), [(None, None), ("zoe", {"zoe": "gone"})])
async def test_nobody_to_answer_is_told_once(
    world: World, llm: FakeLLM, default: str | None, missing: dict[str, str] | None
) -> None:
    world.settings(default_agent=default)
    assert await world.friend().asks("hi") == "No agent is set up to answer here yet."
    [turn] = world.turns()
    assert (turn["kind"], turn["state"], turn["why"]) == ("notice", "failed", "nobody")
    assert turn["error_code"] == "no_agent"
    assert turn["passed_over"] == missing
    assert world.states() == ["failed"] and not llm.requests


async def test_a_leading_at_sign_turns_to_an_agent(world: World, llm: FakeLLM) -> None:
    alice = world.friend()
    await alice.asks("@Mary Ann, what is a queue?")
    assert llm.requests[0].text == "what is a queue?"
    assert llm.requests[0].model == "large"
    await alice.asks("and a stack?")
    assert [turn["agent"] for turn in world.turns()] == ["mary_ann", "mary_ann"]


async def test_turning_to_an_agent_without_a_word_is_a_greeting(world: World, llm: FakeLLM) -> None:
    assert await world.friend().asks("@eric") == "You are now talking to Eric."
    assert not llm.requests


async def test_an_at_sign_before_anything_else_is_talk(world: World, llm: FakeLLM) -> None:
    await world.friend().asks("@zoe is my cat")
    assert llm.requests[0].text == "@zoe is my cat"
    assert world.turns()[0]["agent"] == "finn"


# What the model sees


async def test_the_model_remembers_the_conversation(world: World, llm: FakeLLM) -> None:
    llm.replies("Nice to meet you.", "Alice.")
    await world.friend().talks(("I am Alice.", "Nice"), ("Who am I?", "Alice."))
    assert llm.requests[1].messages == [
        ("user", "I am Alice."),
        ("assistant", "Nice to meet you."),
        ("user", "Who am I?"),
    ]


async def test_each_agent_and_each_chat_has_its_own_memory(world: World, llm: FakeLLM) -> None:
    alice, bob = world.friend(ALICE), world.friend(BOB)
    await alice.asks("one")
    await alice.asks("@eric two")
    await bob.asks("three")
    await alice.asks("@finn four")
    assert [len(request.messages) for request in llm.requests] == [1, 1, 1, 3]


async def test_what_failed_is_not_remembered(world: World, llm: FakeLLM) -> None:
    llm.fails(400)
    alice = world.friend()
    await alice.asks("one")
    llm.replies("fine")
    await alice.asks("two")
    assert llm.requests[-1].messages == [("user", "two")]


async def test_short_lines_are_answered_together(world: World, llm: FakeLLM) -> None:
    alice = world.friend().writes("hello").writes("are you there?").writes("I have a question")
    await world.answering.answer(alice.chat_id)
    assert [request.text for request in llm.requests] == [
        "hello\nare you there?\nI have a question"
    ]
    assert len(alice.reads()) == 1 and world.states() == ["answered"] * 3


async def test_a_command_in_the_middle_stands_alone(world: World, llm: FakeLLM) -> None:
    llm.replies_when("one", "first").replies_when("three", "last")
    alice = world.friend().writes("one").writes("two").writes("/agent eric").writes("three")
    await world.answering.answer(alice.chat_id)
    assert alice.reads() == ["first", "You are now talking to Eric.", "last"]
    assert [request.text for request in llm.requests] == ["one\ntwo", "three"]
    assert [turn["agent"] for turn in world.turns()] == ["finn", None, "eric"]


async def test_turning_to_somebody_else_begins_a_new_turn(world: World, llm: FakeLLM) -> None:
    alice = world.friend().writes("for Finn").writes("@eric for Eric").writes("and more")
    await world.answering.answer(alice.chat_id)
    assert [turn["agent"] for turn in world.turns()] == ["finn", "eric"]
    assert [request.text for request in llm.requests] == ["for Finn", "for Eric\nand more"]


async def test_a_quote_is_given_as_a_quote(world: World, llm: FakeLLM) -> None:
    alice = world.friend().writes("What does this mean?", quoting="Use a queue.\nOr two.")
    await world.answering.answer(alice.chat_id)
    assert llm.requests[0].text == "> Use a queue.\n> Or two.\nWhat does this mean?"


@pytest.mark.parametrize(
    ("kind", "word"),
    [(Kind.IMAGE, "pictures"), (Kind.VOICE, "voice notes"), (Kind.VIDEO, "watch videos")],
)
async def test_what_nobody_can_see_is_answered_truly(
    world: World, llm: FakeLLM, kind: Kind, word: str
) -> None:
    alice = world.friend().writes(kind=kind)
    await world.answering.answer(alice.chat_id)
    [said] = alice.reads()
    assert f"{word} yet" in said and not llm.requests
    assert world.turns()[0]["kind"] == "notice" and world.states() == ["answered"]


async def test_a_caption_reaches_the_agent_with_a_note(world: World, llm: FakeLLM) -> None:
    alice = world.friend().writes("What is this?", Kind.IMAGE)
    await world.answering.answer(alice.chat_id)
    assert llm.requests[0].text == "[a picture was sent; you can't see it]\nWhat is this?"


async def test_a_caption_is_never_a_command(world: World, llm: FakeLLM) -> None:
    alice = world.friend().writes("/help", Kind.IMAGE)
    await world.answering.answer(alice.chat_id)
    assert len(llm.requests) == 1


# What people read


async def test_a_long_answer_comes_in_pieces(world: World, llm: FakeLLM) -> None:
    paragraphs = [f"Paragraph {number}. " + "word " * 150 for number in range(26)]
    llm.replies("\n\n".join(paragraphs))
    alice = world.friend().writes("Tell me all")
    await world.answering.answer(alice.chat_id)
    pieces = alice.reads()
    assert len(pieces) > 4 and all(len(piece) <= 4000 for piece in pieces)
    assert "\n\n".join(pieces).split() == "\n\n".join(paragraphs).split()


async def test_thinking_aloud_stays_inside(world: World, llm: FakeLLM) -> None:
    llm.replies("<think>She seems lost.</think>\n\nTurn left.", "fine")
    alice = world.friend()
    assert await alice.asks("Where?") == "Turn left."
    await alice.asks("Thanks")
    assert "lost" not in str(llm.requests[1].messages)


@pytest.mark.parametrize("reply", ["", "   ", "<think>only this</think>", "<think>cut off"])
async def test_an_empty_reply_is_a_failure(world: World, llm: FakeLLM, reply: str) -> None:
    llm.replies(reply)
    assert await world.friend().asks("hi") == "I got no usable answer. Please try again."
    assert world.turns()[0]["error_code"] == "empty_reply"
    assert len(llm.requests) == 1


async def test_a_failure_is_told_plainly_and_the_owner_knows_why(
    world: World, llm: FakeLLM
) -> None:
    llm.fails(401, "Incorrect API key provided")
    alice = world.friend()
    said = await alice.asks("hi")
    assert said == "I can't answer at the moment: my AI model isn't set up properly."
    [turn] = world.turns()
    assert (turn["state"], turn["error_code"]) == ("failed", "auth")
    assert "Incorrect API key provided" in turn["error_detail"]
    assert world.states() == ["failed"]
    llm.replies("I am back.")
    assert await alice.asks("again") == "I am back."


async def test_a_failure_does_not_make_an_agent_stick(world: World, llm: FakeLLM) -> None:
    llm.fails(400)
    alice = world.friend()
    await alice.asks("hi")
    chat = world.do(chats.get, alice.chat_id)
    assert chat.find_sticky(world.clock()) is None


@pytest.mark.parametrize("model", ["nonsense", "openai/gpt-4o", "x" * 300])
async def test_an_agent_whose_model_cant_be_used_says_so(
    world: World, llm: FakeLLM, model: str
) -> None:
    world.agent("finn", model)
    assert "isn't set up properly" in await world.friend().asks("hi")
    assert world.turns()[0]["error_code"] == "unknown_model"
    assert not llm.requests


async def test_the_demo_needs_no_key_and_says_what_it_is(world: World, llm: FakeLLM) -> None:
    world.agent("finn", "demo/echo")
    alice = world.friend()
    said = await alice.asks("Is anybody *there*?")
    assert said.startswith("*Demo (no AI).* Finn") and "Is anybody *there*?" in said
    for hint in ("/agents", "/new", "/model", "key"):
        assert hint in said
    second = await alice.asks("Again")
    assert second.startswith("*Demo (no AI).*") and "Again" in second and len(second) < len(said)
    assert not llm.requests and world.turns()[0]["input_tokens"] is None


async def test_an_agent_without_a_model_is_the_demo(world: World) -> None:
    world.agent("finn", None)
    assert (await world.friend().asks("hi")).startswith("*Demo (no AI).*")
    assert world.turns()[0]["model"] == "demo/echo"


async def test_an_agent_edited_on_disk_answers_as_edited(world: World, llm: FakeLLM) -> None:
    alice = world.friend()
    await alice.asks("hi")
    Path(world.config.agents_dir / "finn" / "SOUL.md").write_text("Speak in rhymes.")
    await alice.asks("hi")
    assert "rhymes" not in llm.requests[0].system
    assert "rhymes" in llm.requests[1].system


def test_the_defaults_gather_for_less_than_a_second() -> None:
    assert 0 < Settings().gather_ms < 1000
