"""Groups, from the door to the answer, on real databases."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import select, update

from core.messages.message import Inbound, Kind, Place, Reason
from core.phone import Phone
from core.settings import Groups
from core.states import MessageState
from store import admission
from store.chats import chats, messages, people
from store.chats.chats import Chat
from store.sql import tables
from store.sql.engine import Database
from tests.services.fake_llm import FakeLLM
from tests.worker.connection.test_receive import Door, from_bob, hidden, message
from tests.worker.world import ALICE, BOB, START, Clock, World
from worker.connection import decisions

GROUP = "120363000000000001@g.us"


def here(inbound: Inbound, **changes: Any) -> Inbound:
    """The same, written in the group and to us."""
    to_us = {"chat": GROUP, "place": Place.GROUP, "is_to_us": True}
    return replace(inbound, **to_us | changes)


@pytest.fixture
def door(database: Database, redis: Redis, clock: Clock) -> Door:
    door = Door(database, redis, clock)
    door.settings(groups=Groups.ADDRESSED, ack_emoji="👀")
    door.allow(str(ALICE))
    return door


def chat_of(database: Database) -> Chat | None:
    with database.read() as connection:
        return chats.of_group(connection, GROUP)


def test_an_allowed_member_is_read_and_answered_in_the_group(door: Door):
    row = door.judged(here(message(), text="hi"))
    chat = chat_of(door.database)
    assert chat and chat.is_group and chat.person_id is None
    assert (row["state"], row["chat_id"], row["text"]) == (MessageState.WAITING, chat.id, "hi")
    assert door.seen.acts == [("read", "A1"), ("typing", GROUP), ("ack", "A1", "👀")]
    door.judged(here(message("A2")))
    assert chat_of(door.database) == chat, "one chat, however many messages"
    own = door.judged(message("A3"))
    assert own["chat_id"] != chat.id and own["person_id"] == row["person_id"]


def test_strangers_of_a_group_are_neither_held_nor_known(door: Door):
    for number, stranger in enumerate((from_bob("B1"), hidden("H1"))):
        row = door.judged(here(stranger))
        assert (row["state"], row["reason"]) == (MessageState.IGNORED, Reason.GROUP_NOT_ALLOWED), (
            number
        )
        assert (row["text"], row["raw"], row["person_id"]) == ("", b"", None)
    with door.database.read() as connection:
        assert connection.execute(select(tables.people)).all() == []
    assert door.seen.acts == [] and chat_of(door.database) is None


@pytest.mark.parametrize(
    ("text", "is_answered"),
    [("lunch?", False), ("/new", True), ("@finn hi", True), ("@nobody hi", False), ("/x", False)],
)
def test_how_a_message_begins_may_turn_it_to_us(door: Door, text: str, is_answered: bool):
    row = door.judged(replace(here(message(text=text)), is_to_us=False))
    if is_answered:
        assert (row["state"], row["reason"]) == (MessageState.WAITING, Reason.ALLOWED_NUMBER)
    else:
        assert (row["reason"], row["text"]) == (Reason.GROUP_NOT_ADDRESSED, "")


def test_the_blocked_stay_blocked_under_either_address(door: Door):
    lid = "100000000000001@lid"
    person = door.person(lid)
    with door.database.write() as connection:
        people.block(connection, person.id, START)
    assert door.judged(here(message(), lid=lid))["reason"] == Reason.BLOCKED


def test_by_default_groups_are_ignored(door: Door):
    door.settings(allow_all=True)
    assert door.judged(here(message()))["reason"] == Reason.GROUP
    assert chat_of(door.database) is None


def test_only_its_sender_can_change_a_message(door: Door):
    door.allow("*")
    door.judged(here(message("A1", "first")), here(from_bob("B1", text="mine")))
    by_bob = {"kind": Kind.EDIT, "text": "forged", "target_id": "A1"}
    door.judged(here(from_bob("B2"), **by_bob | {"is_to_us": False}))
    door.judged(here(from_bob("B3"), **by_bob | {"kind": Kind.DELETE, "text": ""}))
    door.judged(here(message("A2"), kind=Kind.EDIT, text="first, better", target_id="A1"))
    first, second, *_ = door.rows()
    assert (first["text"], first["state"]) == ("first, better", MessageState.WAITING)
    assert (second["text"], second["state"]) == ("mine", MessageState.WAITING)
    door.judged(here(message("A3"), kind=Kind.DELETE, text="", target_id="A1"))
    assert door.rows()[0]["deleted_at"]


def test_a_correction_of_what_was_answered_is_for_us(door: Door):
    """Whether or not it mentions us again."""
    row = door.judged(here(message("A1", "first")))
    with door.database.write() as connection:
        table = tables.messages
        answered = update(table).where(table.c.id == row["id"])
        connection.execute(answered.values(state=MessageState.ANSWERED))
    edit = here(message("A2", "second"), kind=Kind.EDIT, target_id="A1")
    row = door.judged(replace(edit, is_to_us=False))
    assert (row["state"], row["quoted_text"]) == (MessageState.WAITING, "first")


def test_reactions_are_kept_where_there_is_a_chat(door: Door):
    thumb = here(message("R1", "👍"), kind=Kind.REACTION, target_id="X")
    assert door.judged(thumb)["text"] == ""
    door.judged(here(message("A1")))
    row = door.judged(replace(thumb, message_id="R2"))
    chat = chat_of(door.database)
    assert chat and (row["text"], row["chat_id"]) == ("👍", chat.id)


def test_the_owners_words_in_a_group(door: Door):
    """They pause a group where agents answer, and are nobody's business elsewhere."""
    own = here(message("O1", "hello"), from_me=True, sender="15550009999@s.whatsapp.net")
    own = replace(own, phone=None)
    assert door.judged(own)["chat_id"] is None
    door.judged(here(message("A1")))
    row, chat = door.judged(replace(own, message_id="O2")), chat_of(door.database)
    assert chat and (row["chat_id"], row["text"]) == (chat.id, "hello")
    assert door.stopped == [chat.id] and chat.paused_at
    door.settings(groups=Groups.IGNORE)
    assert door.judged(replace(own, message_id="O3"))["text"] == ""


def say(world: World, who: Phone, name: str, text: str) -> int:
    """As the connection does it. Returns the group's chat."""
    now = world.clock()
    address = f"{who.digits}@s.whatsapp.net"
    with world.database.write() as connection:
        inbound = Inbound(
            account="15559999999",
            chat=GROUP,
            sender=address,
            message_id=f"{name}{now.timestamp()}{text}",
            place=Place.GROUP,
            kind=Kind.TEXT,
            text=text,
            sent_at=now,
            phone=who,
            push_name=name,
            is_to_us=True,
        )
        messages.receive(connection, inbound, now)
        (row,) = messages.list_undecided(connection)
        verdict = decisions.judge(connection, admission.look_up(connection, row), now)
    assert verdict.accepted
    return verdict.accepted.chat_id


@pytest.fixture
def group(world: World) -> World:
    """Finn answers everybody there."""
    world.agent("finn")
    world.settings(
        enabled=True, allow_all=True, groups=Groups.ADDRESSED, default_agent="finn", gather_ms=0
    )
    return world


def replies(world: World) -> list[str]:
    table = tables.outbox
    rows = world.rows(select(table).order_by(table.c.id))
    assert {row["address"] for row in rows} <= {GROUP}
    return [row["text"] for row in rows]


async def test_each_turn_is_one_persons_and_names_them(group: World):
    say(group, ALICE, "Alice", "one")
    say(group, ALICE, "Alice", "two")
    chat_id = say(group, BOB, "Bob: ", "three")
    await group.answering.answer(chat_id)
    first, second = group.turns()
    assert (first["request"], second["request"]) == ("one\ntwo", "three")
    assert first["person_id"] and second["person_id"] not in (None, first["person_id"])
    asked = [turn["history"][0]["parts"][0]["content"] for turn in (first, second)]
    assert asked == ["Alice: one\ntwo", "Bob: three"]
    assert len(replies(group)) == 2 and first["conversation_id"] == second["conversation_id"]


async def test_commands_are_the_groups(group: World):
    group.agent("eric")
    chat_id = say(group, ALICE, "Alice", "/agent eric")
    await group.answering.answer(chat_id)
    say(group, BOB, "Bob", "hi")
    await group.answering.answer(chat_id)
    assert group.turns()[-1]["agent"] == "eric"
    assert group.rows(select(tables.chats))[0]["agent"] == "eric"


async def test_a_limit_is_each_persons_own(group: World):
    group.settings(messages_per_minute=2)
    for text in ("one", "two", "three"):
        chat_id = say(group, ALICE, "Alice", text)
    say(group, BOB, "Bob", "and me?")
    await group.answering.answer(chat_id)
    states = {row["text"]: row["state"] for row in group.rows(select(tables.messages))}
    assert states == {"one": "failed", "two": "failed", "three": "failed", "and me?": "answered"}
    assert len(replies(group)) == 2
    say(group, ALICE, "Alice", "four")
    await group.answering.answer(chat_id)
    assert len(replies(group)) == 2, "whoever was told is not told again"


async def test_a_limit_counts_what_somebody_writes_anywhere(group: World):
    group.settings(messages_per_minute=1, daily_cost_usd=Decimal(1))
    alice = group.friend()
    await alice.asks("only you")
    chat_id = say(group, ALICE, "Alice", "one more")
    await group.answering.answer(chat_id)
    assert group.turns()[-1]["error_code"] == "rate_limited"
    table = tables.turns
    first = group.turns()[0]["id"]
    group.do(lambda c: c.execute(update(table).where(table.c.id == first).values(cost_usd=1)))
    group.clock.advance(minutes=2)
    say(group, ALICE, "Alice", "and now?")
    say(group, BOB, "Bob", "me?")
    await group.answering.answer(chat_id)
    *_, hers, his = group.turns()
    assert (hers["error_code"], his["error_code"]) == ("over_budget", None)


async def test_after_a_pause_the_agent_knows_who_said_what(group: World, llm: FakeLLM):
    chat_id = say(group, ALICE, "Alice", "hi")
    await group.answering.answer(chat_id)
    group.clock.advance(seconds=1)
    say(group, BOB, "Bob", "and me?")
    with group.database.write() as connection:
        table = tables.messages
        asked = update(table).where(table.c.text == "and me?")
        connection.execute(asked.values(state=MessageState.ANSWERED))
    group.clock.advance(seconds=1)
    say(group, ALICE, "Alice", "so?")
    await group.answering.answer(chat_id)
    assert "Bob: and me?" in str(group.turns()[-1]["history"])
