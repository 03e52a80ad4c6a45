"""Forgetting a person: nothing of them is left, and others are left alone."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import func, select

from app.web.ext import Services
from core.admission.allowlist import Pattern
from core.messages.message import Place, Reason
from core.phone import Phone
from core.states import MessageState
from store import allowlist
from store.account import audit
from store.chats import forget, people, sends, takeovers
from store.chats.takeovers import By
from store.sql import tables
from tests.app.talking import ANA, Talk, talk
from tests.app.visitor import Visitor, words

BOB = Phone("+15550002002")
TABLES = ("people", "chats", "conversations", "turns", "messages", "outbox", "sends")


@pytest.fixture
def ana(services: Services) -> Talk:
    return full(services, ANA)


def full(services: Services, phone: Phone) -> Talk:
    """Somebody with something in every table."""
    somebody = talk(services, phone)
    somebody.answered("My cat is called Mia", "Nice")
    somebody.starts_afresh()
    with services.db.write() as connection:
        send_id = sends.begin(
            connection, agent="finn", address=somebody.address, digest="x", now=services.now()
        )
        allowlist.add(connection, Pattern(phone), "A label", None, services.now())
    somebody.sends("Your parcel is here", agent="finn", send_id=send_id)
    somebody.hears("Held", MessageState.HELD, reason=Reason.NOT_ALLOWED, has_chat=False)
    group = {"chat": "1@g.us", "place": Place.GROUP, "reason": Reason.GROUP}
    somebody.hears("", MessageState.IGNORED, has_chat=False, **group)
    somebody.hears("Mine", MessageState.IGNORED, from_me=True, reason=Reason.OWN_MESSAGE)
    return somebody


def counts(services: Services) -> Mapping[str, int]:
    with services.db.read() as connection:
        return {
            name: connection.execute(
                select(func.count()).select_from(tables.metadata.tables[name])
            ).scalar_one()
            for name in TABLES
        }


def forgets(owner: Visitor, talk: Talk, **fields: Any) -> Any:
    return owner.submit(f"/conversations/{talk.id}/forget", **fields)


def patterns(services: Services) -> list[str]:
    with services.db.read() as connection:
        return [entry.pattern for entry in allowlist.load(connection)]


def test_the_question_names_the_person(owner: Visitor, ana: Talk) -> None:
    asked = words(owner.open(f"/conversations/{ana.id}/forget"))
    assert "Forget Person 2001 (+1 555-000-2001)" in asked
    assert "This can't be undone" in asked


def test_nothing_is_left_and_others_are_left_alone(
    owner: Visitor, services: Services, ana: Talk
) -> None:
    before = counts(services)
    assert all(before.values())
    bob = full(services, BOB)
    answer = forgets(owner, ana)
    assert (answer.status_code, answer.location) == (303, "/conversations/")
    assert counts(services) == before, "what Bob has is as much as Ana had"
    assert "Nice" in words(owner.open(f"/conversations/{bob.id}"))
    assert owner.open(f"/conversations/{ana.id}").status_code == 404
    assert sorted(patterns(services)) == [ANA, BOB]


def test_the_audit_log_does_not_tell_who_it_was(
    owner: Visitor, services: Services, ana: Talk
) -> None:
    forgets(owner, ana)
    with services.db.read() as connection:
        [act] = audit.list_acts(connection, 1)
    assert act.action == "person forgotten"
    assert act.detail == "…01: 4 messages received, 2 sent"


def test_the_entry_goes_along_if_that_is_ticked(
    owner: Visitor, services: Services, ana: Talk
) -> None:
    with services.db.write() as connection:
        allowlist.add(connection, Pattern("+1555*"), None, None, services.now())
    forgets(owner, ana, entry="1")
    assert patterns(services) == ["+1555*"]


def test_not_while_they_are_being_answered(owner: Visitor, services: Services, ana: Talk) -> None:
    before = counts(services)
    row = ana.hears("Hello")
    for _ in range(2):
        answer = forgets(owner, ana, entry="1")
        assert answer.status_code == 422 and "being answered right now" in words(answer)
        assert "checked" in answer.text
        ana.begins(row)
    assert counts(services)["messages"] == before["messages"] + 1


def test_what_waits_in_a_paused_chat_is_forgotten_too(
    owner: Visitor, services: Services, ana: Talk
) -> None:
    ana.hears("Hello")
    with services.db.write() as connection:
        takeovers.begin(connection, ana.id, By.PANEL, None, services.now())
    assert forgets(owner, ana).status_code == 303
    assert not any(counts(services).values())


def test_somebody_known_by_a_hidden_id_only(owner: Visitor, services: Services) -> None:
    dave = talk(services, None, "Dave", lid="15550000009@lid")
    dave.answered("Hello", "Hi")
    with services.db.write() as connection:
        allowlist.add(connection, Pattern("15550000009@lid"), "Dave", None, services.now())
    asked = words(owner.open(f"/conversations/{dave.id}/forget"))
    assert "Take Dave off the allowlist too" in asked
    assert forgets(owner, dave, entry="1").status_code == 303
    assert not any(counts(services).values())
    with services.db.read() as connection:
        assert allowlist.load(connection) == []


def test_somebody_who_never_had_a_chat(services: Services) -> None:
    with services.db.write() as connection:
        person = people.identify(connection, BOB, None, "Bob", services.now())
        assert not forget.is_busy(connection, person, services.now())
        assert forget.person(connection, person) == forget.Forgotten(0, 0)
        assert people.get(connection, person.id) is None
