"""People at the door: who waits there, and what becomes of them."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from core.admission.allowlist import Entry, Pattern
from core.messages.message import Kind, Reason
from core.phone import Phone
from core.states import MessageState
from store import allowlist
from store.chats import chats, held, messages, people
from store.chats.people import Person
from store.sql.engine import Database
from store.sql.tables import messages as messages_table
from store.sql.tables import people as people_table
from tests.store.rows import ADA, BOB, LID, NOW, column, count, inbound, overlapping

LATER = NOW + timedelta(minutes=5)


def writes(
    connection: Connection,
    message_id: str,
    phone: Phone | None = ADA,
    text: str = "Hello",
    *,
    keep: bool = True,
    state: MessageState = MessageState.HELD,
    minutes: int = 0,
    kind: Kind = Kind.TEXT,
) -> Person:
    """Somebody who is not allowed."""
    name = {ADA: "Ada", BOB: "Bob"}.get(phone, "Özgür") if phone else "Hidden"
    person = people.identify(connection, phone, None if phone else LID, name, NOW)
    at = NOW + timedelta(minutes=minutes)
    messages.receive(connection, inbound(message_id, phone, text=text, raw=b"x", kind=kind), at)
    row = messages.list_undecided(connection)[-1].id
    messages.record_decision(
        connection, row, state, Reason.NOT_ALLOWED, NOW, person_id=person.id, keep_text=keep
    )
    return person


def entry_of(connection: Connection, phone: Phone = ADA) -> Entry:
    return allowlist.add(connection, Pattern(phone), None, None, NOW)


def states(connection: Connection) -> list[str]:
    return list(column(connection, messages_table, "state"))


def names(connection: Connection, wanted: str = "") -> list[str]:
    found, total = held.list_held(connection, wanted, limit=50)
    assert total == len(found)
    return [each.person.push_name for each in found]


# ---- the list ----------------------------------------------------------------------------------


def test_who_waits_at_the_door(database: Database) -> None:
    with database.write() as connection:
        writes(connection, "1", keep=False)
        writes(connection, "2", BOB, minutes=1)
        for number in range(4):
            writes(connection, f"a{number}", text=f"line {number}", minutes=2 + number)
        writes(connection, "p", text="", kind=Kind.IMAGE, minutes=7)
        writes(connection, "3", state=MessageState.IGNORED, minutes=9)
        (ada, bob), total = held.list_held(connection, limit=50)
    assert total == 2
    assert (ada.person.phone, ada.count, ada.kept) == (ADA, 6, 5)
    assert (ada.first_at, ada.last_at) == (NOW, NOW + timedelta(minutes=7))
    assert [(each.kind, each.text) for each in ada.said] == [
        (Kind.TEXT, "line 2"),
        (Kind.TEXT, "line 3"),
        (Kind.IMAGE, ""),
    ]
    assert (bob.person.phone, bob.count, [each.text for each in bob.said]) == (BOB, 1, ["Hello"])


def test_pages_and_searching(database: Database) -> None:
    with database.write() as connection:
        writes(connection, "1")
        writes(connection, "2", BOB)
        writes(connection, "3", None)
        assert names(connection) == ["Hidden", "Bob", "Ada"]
        page, total = held.list_held(connection, skip=1, limit=1)
        assert ([each.person.push_name for each in page], total) == (["Bob"], 3)
        assert names(connection, "ada") == ["Ada"]
        assert names(connection, "+1 555 000-0002") == ["Bob"]
        assert names(connection, "5550000") == ["Bob", "Ada"]
        assert names(connection, "%") == names(connection, "+") == []


def test_blocking_and_back(database: Database) -> None:
    with database.write() as connection:
        ada, bob = writes(connection, "1"), writes(connection, "2", BOB)
        people.block(connection, ada.id, NOW)
        people.block(connection, bob.id, LATER)
        assert names(connection) == []
        both, total = held.list_blocked(connection, limit=50)
        assert ([person.id for person in both], total) == ([bob.id, ada.id], 2)
        assert held.list_blocked(connection, "Ada", skip=1, limit=1) == ([], 1)
        people.unblock(connection, ada.id)
        assert names(connection) == ["Ada"]


def test_off_the_list(database: Database) -> None:
    with database.write() as connection:
        ada = writes(connection, "1")
        writes(connection, "2")
        assert held.count_kept(connection, ada.id) == (2, 2)
        assert held.dismiss(connection, ada.id) == 2
        assert held.dismiss(connection, ada.id) == 0
        assert names(connection) == [] and set(states(connection)) == {MessageState.IGNORED}


# ---- answering after all -----------------------------------------------------------------------


def test_held_messages_can_be_answered_after_all(database: Database) -> None:
    with database.write() as connection:
        ada = writes(connection, "1", keep=False)
        writes(connection, "2", text="first")
        writes(connection, "3", text="", kind=Kind.VOICE)
        writes(connection, "4", BOB)
        entry = entry_of(connection)
        chat_id, number = held.replay(connection, ada.id, entry, LATER) or (0, 0)
        assert number == 2
        assert states(connection) == [
            MessageState.IGNORED,
            MessageState.WAITING,
            MessageState.WAITING,
            MessageState.HELD,
        ]
        waiting = messages.list_waiting(connection, chat_id)
        assert [(each.kind, each.text) for each in waiting] == [
            (Kind.TEXT, "first"),
            (Kind.VOICE, ""),
        ]
        chat = chats.get(connection, chat_id)
        assert chat and (chat.person_id, chat.address) == (ada.id, f"{ADA.digits}@s.whatsapp.net")
        assert column(connection, messages_table, "entry_id")[1:3] == [entry.id] * 2
        assert column(connection, messages_table, "reason")[1] == Reason.ALLOWED_NUMBER
        assert held.replay(connection, ada.id, entry, LATER) is None


def test_nothing_is_answered_when_nothing_is_kept(database: Database) -> None:
    with database.write() as connection:
        ada = writes(connection, "1", keep=False)
        assert held.replay(connection, ada.id, entry_of(connection), NOW) is None
        assert chats.of_phone(connection, ADA) is None


# ---- forgetting --------------------------------------------------------------------------------


def test_forgetting_leaves_nothing(database: Database) -> None:
    with database.write() as connection:
        ada = writes(connection, "1")
        writes(connection, "2", state=MessageState.IGNORED)
        writes(connection, "3", BOB)
        assert held.count_forgettable(connection, ada.id) == 2
        assert held.forget(connection, ada.id) == 2
        assert people.get(connection, ada.id) is None
        assert names(connection) == ["Bob"] and count(connection, messages_table) == 1


@pytest.mark.parametrize("known_by", ["chat", "block"])
def test_who_is_known_otherwise_stays(database: Database, known_by: str) -> None:
    with database.write() as connection:
        ada = writes(connection, "1")
        if known_by == "chat":
            chats.enter(connection, ada.id, "a", NOW)
            assert held.count_forgettable(connection, ada.id) == 1
        else:
            people.block(connection, ada.id, NOW)
        assert held.forget(connection, ada.id) == 1
        assert people.get(connection, ada.id) is not None
        assert count(connection, people_table) == 1


def test_who_writes_while_being_forgotten_is_somebody_new(database: Database) -> None:
    with database.write() as connection:
        ada = writes(connection, "1")
    _, again = overlapping(
        database, lambda c: held.forget(c, ada.id), lambda c: writes(c, "2", text="me again")
    )
    with database.read() as connection:
        assert people.get(connection, again.id) == again
        assert names(connection) == ["Ada"]
