"""Who is who: numbers, hidden ids, and when two of them turn out to be one person."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, update

from core.phone import Phone
from store.chats import chats, contexts, messages, outbox, people, turns
from store.chats.chats import Chat
from store.chats.people import Person
from store.chats.turns import TurnKind
from store.sql.engine import Database
from store.sql.tables import chats as chats_table
from store.sql.tables import conversations as conversations_table
from store.sql.tables import messages as messages_table
from store.sql.tables import outbox as outbox_table
from store.sql.tables import people as people_table
from store.sql.tables import turns as turns_table
from tests.store.rows import (
    ADA,
    BOB,
    LID,
    NOW,
    OTHER_LID,
    column,
    count,
    overlapping,
    together,
    write,
)

LATER = NOW + timedelta(hours=1)


def seen(
    connection: Connection, phone: Phone | None = None, lid: str | None = None, name: str = ""
) -> Person:
    return people.identify(connection, phone, lid, name, LATER)


# ---- recognising -------------------------------------------------------------------------------


@pytest.mark.parametrize(("phone", "lid"), [(ADA, None), (None, LID), (ADA, LID)])
def test_somebody_new_is_known_from_then_on(
    database: Database, phone: Phone | None, lid: str | None
) -> None:
    with database.write() as connection:
        person = people.identify(connection, phone, lid, "Ada", NOW)
        assert person == Person(person.id, phone, lid, "Ada", None)
        assert seen(connection, phone, lid, "Ada") == person
        assert people.get(connection, person.id) == person
        assert column(connection, people_table, "first_seen_at") == [NOW]
        assert column(connection, people_table, "last_seen_at") == [LATER]


@pytest.mark.parametrize("number_first", [True, False])
def test_what_comes_later_is_added(database: Database, number_first: bool) -> None:
    with database.write() as connection:
        first = seen(connection, ADA) if number_first else seen(connection, lid=LID)
        both = seen(connection, ADA, LID, "Ada")
        assert both == Person(first.id, ADA, LID, "Ada", None)
        for again in (seen(connection, ADA), seen(connection, lid=LID), seen(connection, ADA, LID)):
            assert again == both
        assert count(connection, people_table) == 1


def test_the_newest_name_counts_and_no_name_is_none(database: Database) -> None:
    with database.write() as connection:
        seen(connection, ADA, name="Ada")
        assert seen(connection, ADA, name="Countess").push_name == "Countess"
        assert seen(connection, ADA).push_name == "Countess"


def test_the_number_behind_a_hidden_id(database: Database) -> None:
    with database.write() as connection:
        seen(connection, ADA, LID)
        seen(connection, lid=OTHER_LID)
        assert people.phone_of(connection, LID) == ADA
        assert people.phone_of(connection, OTHER_LID) is None
        assert people.phone_of(connection, "nobody@lid") is None
        assert people.by_phone(connection, ADA) == people.get(connection, 1)
        assert people.by_phone(connection, BOB) is None


# ---- two become one ----------------------------------------------------------------------------


def test_two_turn_out_to_be_one(database: Database) -> None:
    with database.write() as connection:
        by_number = seen(connection, ADA, name="Ada")
        hidden = seen(connection, lid=LID, name="A.")
        one = seen(connection, ADA, LID, "Ada L.")
        assert one == Person(by_number.id, ADA, LID, "Ada L.", None)
        assert people.get(connection, hidden.id) is None
        assert people.get(connection, one.id) == one


def busy(connection: Connection, person: Person, address: str, agent: str) -> Chat:
    """A chat of this person with a row of every kind, its turn at work."""
    chat = chats.enter(connection, person.id, address, NOW)
    conversation = contexts.find_or_open(connection, chat.id, agent, NOW)
    taken, _ = (write(connection, chat, f"{agent} {number}") for number in "12")
    turns.begin(
        connection,
        chat.id,
        [taken],
        NOW,
        kind=TurnKind.AGENT,
        request="Hello",
        conversation_id=conversation.id,
        agent=agent,
    )
    outbox.add(connection, address=address, texts=["Hi"], now=NOW, chat_id=chat.id)
    return chat


BELONGINGS = (messages_table, conversations_table, turns_table, outbox_table)


def test_everything_of_both_chats_is_in_the_one_that_stays(database: Database) -> None:
    with database.write() as connection:
        kept = busy(connection, seen(connection, ADA), "1@s.whatsapp.net", "finn")
        gone = busy(connection, seen(connection, lid=LID), LID, "eric")
        seen(connection, ADA, LID)
        assert chats.get(connection, gone.id) is None
        for table in BELONGINGS:
            assert set(column(connection, table, "chat_id")) == {kept.id}
        assert column(connection, messages_table, "person_id") == [kept.person_id] * 4
        assert len(messages.list_waiting(connection, kept.id)) == 2
        assert turns.interrupt(connection, kept.id, NOW) == 2, "both turns can be taken up again"
        assert len(messages.list_waiting(connection, kept.id)) == 4


def test_the_only_chat_there_is_stays(database: Database) -> None:
    with database.write() as connection:
        person = seen(connection, ADA)
        chat = busy(connection, seen(connection, lid=LID), LID, "eric")
        seen(connection, ADA, LID)
        kept = chats.of_phone(connection, ADA)
        assert kept and (kept.id, kept.person_id, kept.address) == (chat.id, person.id, LID)
        for table in BELONGINGS:
            assert set(column(connection, table, "chat_id")) == {chat.id}


def test_a_turn_of_the_chat_that_went_can_not_be_finished(database: Database) -> None:
    """Its job finds no chat; whoever takes up the other one answers anew."""
    with database.write() as connection:
        kept = busy(connection, seen(connection, ADA), "1@s.whatsapp.net", "finn")
        gone = busy(connection, seen(connection, lid=LID), LID, "eric")
        assert chats.lease(connection, gone.id, "job", NOW, LATER)
        seen(connection, ADA, LID)
        assert not chats.lease(connection, gone.id, "job", NOW, LATER)
        assert chats.list_neglected(connection, NOW) == [kept.id]


@pytest.mark.parametrize("hidden_one", [True, False])
def test_who_is_blocked_stays_blocked(database: Database, hidden_one: bool) -> None:
    with database.write() as connection:
        by_number, hidden = seen(connection, ADA), seen(connection, lid=LID)
        people.block(connection, hidden.id if hidden_one else by_number.id, NOW)
        one = seen(connection, ADA, LID)
        assert one.is_blocked and one.blocked_at == NOW


# ---- hidden ids that move ----------------------------------------------------------------------


@pytest.mark.parametrize("known", [True, False])
def test_a_hidden_id_moves_to_another_number(database: Database, known: bool) -> None:
    with database.write() as connection:
        ada = seen(connection, ADA, LID, "Ada")
        if known:
            seen(connection, BOB)
        busy(connection, ada, LID, "finn")
        bob = seen(connection, BOB, LID, "Bob")
        assert (bob.phone, bob.lid, bob.push_name) == (BOB, LID, "Bob")
        assert people.get(connection, ada.id) == Person(ada.id, ADA, None, "Ada", None)
        assert people.phone_of(connection, LID) == BOB
        assert column(connection, chats_table, "person_id") == [ada.id]
        assert count(connection, people_table) == 2


def test_a_number_gets_another_hidden_id(database: Database) -> None:
    with database.write() as connection:
        ada = seen(connection, ADA, LID)
        assert seen(connection, ADA, OTHER_LID).id == ada.id
        assert people.phone_of(connection, OTHER_LID) == ADA
        assert people.phone_of(connection, LID) is None


# ---- at the same time --------------------------------------------------------------------------


def test_two_who_meet_the_same_stranger(database: Database) -> None:
    """The connection receives from a number that the API writes to at that moment."""
    one, two = overlapping(
        database, lambda c: seen(c, ADA, LID, "Ada"), lambda c: seen(c, ADA, None, "")
    )
    assert one == two


def test_many_who_meet_the_same_stranger(database: Database) -> None:
    found = together(database, *[lambda c: seen(c, ADA, None, "Ada").id] * 6)
    assert len(set(found)) == 1


def test_what_another_has_found_out_is_not_taken_back(database: Database) -> None:
    with database.write() as connection:
        ada = seen(connection, ADA)
    overlapping(database, lambda c: seen(c, ADA, LID, "Ada"), lambda c: seen(c, ADA))
    with database.read() as connection:
        assert people.get(connection, ada.id) == Person(ada.id, ADA, LID, "Ada", None)


def test_a_name_of_any_length_is_read_back(database: Database) -> None:
    with database.write() as connection:
        connection.execute(update(people_table).values(push_name="x"))
        assert seen(connection, ADA, name="👩‍💻" * 50).push_name == "👩‍💻" * 50
