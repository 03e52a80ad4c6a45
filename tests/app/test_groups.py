"""Groups in the panel: a conversation like others, in which it matters who speaks."""

import json

import pytest
from sqlalchemy import select

from app.web.ext import Services
from core.messages.message import Kind, Reason
from core.phone import Phone
from core.states import MessageState
from store.account import audit
from store.chats import chats, forget, people
from store.sql import tables
from tests.app.talking import Talk, in_group, talk
from tests.app.visitor import Visitor, words

BOB = Phone("+15550002002")


@pytest.fixture
def ana(services: Services) -> Talk:
    return in_group(talk(services, name="Ana"))


@pytest.fixture
def bob(services: Services) -> Talk:
    return in_group(talk(services, BOB, "Bob"))


def test_the_list_has_groups_and_who_spoke_last(owner: Visitor, ana: Talk, bob: Talk) -> None:
    ana.answered("Hello", "Hi Ana")
    bob.hears("When is lunch?")
    said = words(owner.open("/conversations/"))
    assert "Team Group" in said and "Bob: When is lunch?" in said
    for looked_for in ("team", "lunch"):
        assert "Team Group" in words(owner.open(f"/conversations/?q={looked_for}"))
    assert "No conversation matches" in words(owner.open("/conversations/?q=nowhere"))
    alone = words(owner.open(f"/conversations/?person={ana.person_id}"))
    assert "Team" not in alone, "a person's own conversation"


def test_a_group_whose_name_nobody_knows(owner: Visitor, services: Services) -> None:
    group = in_group(talk(services, name="Ana"), subject="")
    group.hears("Hello")
    assert "Group" in words(owner.open(f"/conversations/{group.id}"))


def test_the_transcript_says_who_wrote(owner: Visitor, ana: Talk, bob: Talk) -> None:
    ana.answered("Hello", "Hi Ana")
    bob.hears("And me?")
    nameless = in_group(talk(ana.services, Phone("+15550002003"), "x"))
    nameless.hears("Who am I?", push_name="")
    nameless.hears("", MessageState.IGNORED, kind=Kind.REACTION, reason=Reason.REACTION)
    page = words(owner.open(f"/conversations/{ana.id}"))
    for part in ("Team", "Ana Hello", "Hi Ana", "Bob And me?", "+1 555-000-2003 Who am I?"):
        assert part in page
    assert "Forget this group" in page and "Forget this person" not in page
    assert owner.open(f"/conversations/{ana.id}/now", htmx=True).status_code == 200


def test_the_owner_takes_over_and_starts_afresh(owner: Visitor, ana: Talk) -> None:
    ana.answered("Hello", "Hi Ana")
    assert owner.submit(f"/conversations/{ana.id}/pause").status_code == 303
    page = words(owner.open(f"/conversations/{ana.id}/takeover"))
    assert "Take over: Team" in page and "You have taken over" in page
    assert "afresh with Team" in words(owner.open(f"/conversations/{ana.id}/reset"))
    assert owner.submit(f"/conversations/{ana.id}/reset").status_code == 303


def test_every_export_names_who_spoke(owner: Visitor, ana: Talk, bob: Talk) -> None:
    ana.answered("Hello", "Hi Ana")
    bob.hears("And me?")
    address = f"/conversations/{ana.id}/export"
    found = json.loads(owner.open(f"{address}.json").text)
    assert found["group"] == {"name": "Team"} and "person" not in found
    assert [each["name"] for each in found["messages"] if each["from"] == "person"] == [
        "Ana",
        "Bob",
    ]
    assert ",person,Bob,text,And me?," in owner.open(f"{address}.csv").text
    page = words(owner.open(f"{address}.html"))
    assert "Conversation with Team" in page and "Bob ·" in page


def test_a_group_is_forgotten(owner: Visitor, ana: Talk, bob: Talk) -> None:
    own = talk(ana.services, name="Ana")
    own.answered("Only you", "Only me")
    ana.answered("Hello", "Hi Ana")
    bob.hears("And me?")
    address = f"/conversations/{ana.id}/forget"
    assert "Forget the group Team?" in words(owner.open(address))
    refused = owner.submit(address)
    assert refused.status_code == 422 and "being answered right now" in words(refused)
    bob.ends(bob.begins(*_waiting(bob)), "Yes")
    assert owner.submit(address).status_code == 303
    assert owner.open(f"/conversations/{ana.id}").status_code == 404
    assert "Only me" in words(owner.open(f"/conversations/{own.id}"))
    with ana.services.db.read() as connection:
        assert audit.list_acts(connection)[0].action == "group forgotten"


def test_whoever_is_forgotten_is_taken_out_of_groups(ana: Talk, bob: Talk) -> None:
    """Their words, the answers to them, quotes of them, and what agents remember."""
    secret = ana.hears("My cat is called Mia", message_id="SECRET")
    ana.ends(ana.begins(secret), "Mia is a nice name", history=["Mia"])
    quoting = bob.hears("And mine?", quoted_id="SECRET", quoted_text="My cat is called Mia")
    bob.ends(bob.begins(quoting), "Tell me", history=["Mia"])
    with ana.services.db.write() as connection:
        person = people.get(connection, ana.person_id)
        assert person and not forget.is_busy(connection, person, ana.now)
        assert forget.person(connection, person) == forget.Forgotten(received=1, sent=1)
    with ana.services.db.read() as connection:
        assert chats.get(connection, bob.id)
        (left,) = connection.execute(select(tables.messages)).mappings()
        assert (left["text"], left["quoted_text"]) == ("And mine?", None)
        (turn,) = connection.execute(select(tables.turns)).mappings()
        assert (turn["request"], turn["history"], turn["reply"]) == ("And mine?", None, "Tell me")
        assert connection.scalars(select(tables.outbox.c.text)).all() == ["Tell me"]


def test_nobody_is_forgotten_while_a_group_answers_them(ana: Talk, bob: Talk) -> None:
    mine = ana.hears("Hello")
    with ana.services.db.write() as connection:
        for who, is_busy in ((ana, True), (bob, False)):
            person = people.get(connection, who.person_id)
            assert person and forget.is_busy(connection, person, ana.now) == is_busy
    ana.begins(mine)
    with ana.services.db.write() as connection:
        person = people.get(connection, ana.person_id)
        assert person and forget.is_busy(connection, person, ana.now)


def _waiting(who: Talk) -> list[int]:
    table = tables.messages
    with who.services.db.read() as connection:
        wanted = select(table.c.id).where(
            table.c.chat_id == who.id, table.c.state == MessageState.WAITING
        )
        return list(connection.scalars(wanted))
