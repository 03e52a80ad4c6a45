"""Chats: addresses, sticky agents, the lease, and what wants an answer."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, update

from core.phone import Phone
from core.states import MessageState
from store.chats import chats, outbox, people, turns
from store.chats.chats import TYPING_WAITS, Chat
from store.chats.turns import TurnKind
from store.sql.engine import Database
from store.sql.tables import chats as table
from store.sql.tables import messages as messages_table
from tests.store.rows import (
    ADA,
    BOB,
    NOW,
    chat_with,
    column,
    count,
    overlapping,
    together,
    transact,
    write,
)

SECOND = timedelta(seconds=1)
UNTIL = NOW + 20 * SECOND


# ---- addresses and agents ----------------------------------------------------------------------


def test_one_chat_per_person_and_answers_go_to_the_last_address(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        assert chat == Chat(chat.id, chat.person_id, "15550000001@s.whatsapp.net", None, None)
        moved = chats.enter(connection, chat.person_id, "7@lid", NOW + SECOND)
        assert (moved.id, moved.address) == (chat.id, "7@lid")
        assert chats.get(connection, chat.id) == chats.of_phone(connection, ADA) == moved
        assert column(connection, table, "last_message_at") == [NOW + SECOND]
        assert chats.get(connection, 99) is chats.of_phone(connection, BOB) is None


def test_two_who_enter_the_same_chat_first(database: Database) -> None:
    with database.write() as connection:
        person = people.identify(connection, ADA, None, "", NOW)

    def enter(connection: Connection) -> int:
        return chats.enter(connection, person.id, "a", NOW).id

    one, two = overlapping(database, enter, enter)
    assert one == two
    assert set(together(database, *[enter] * 6)) == {one}
    assert transact(database, lambda c: count(c, table)) == 1


def test_where_to_write_to_a_number(database: Database) -> None:
    with database.write() as connection:
        assert chats.address_of(connection, ADA) == "15550000001@s.whatsapp.net"
        chats.enter(connection, chat_with(connection).person_id, "7@lid", NOW)
        assert chats.address_of(connection, ADA) == "7@lid"


def test_an_agent_stays_until_its_time_is_over(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        assert chat.find_sticky(NOW) is None
        chats.stick(connection, chat.id, "finn", UNTIL)
        stuck = chats.get(connection, chat.id)
    assert stuck and stuck.sticky_until == UNTIL
    assert stuck.find_sticky(UNTIL - SECOND) == "finn"
    assert stuck.find_sticky(UNTIL) is None


# ---- the lease ---------------------------------------------------------------------------------


def test_a_lease_has_one_holder(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection).id
        assert chats.lease(connection, chat, "one", NOW, UNTIL)
        assert not chats.lease(connection, chat, "two", NOW, UNTIL)
        assert chats.lease(connection, chat, "one", NOW, UNTIL + SECOND), "its holder keeps it"
        assert not chats.lease(connection, chat, "two", UNTIL, UNTIL), "it was prolonged"
        assert not chats.lease(connection, 99, "one", NOW, UNTIL)


def test_of_many_at_once_one_gets_it(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection).id
    for _ in range(3):
        owners = [f"job {number}" for number in range(6)]
        got = together(
            database, *[lambda c, o=owner: chats.lease(c, chat, o, NOW, UNTIL) for owner in owners]
        )
        [holder] = [owner for owner, chat_got in zip(owners, got, strict=True) if chat_got]
        transact(database, lambda c, h=holder: chats.release(c, chat, h))


def test_the_second_waits_for_the_first_to_commit(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection).id
    first, second = overlapping(
        database,
        lambda c: chats.lease(c, chat, "one", NOW, UNTIL),
        lambda c: chats.lease(c, chat, "two", NOW, UNTIL),
    )
    assert first and not second


def test_who_finds_it_taken_has_waited_for_its_holder(database: Database) -> None:
    """The holder may be letting it go in the transaction that is waited for."""
    with database.write() as connection:
        chat = chat_with(connection).id
        chats.lease(connection, chat, "one", NOW, UNTIL)
    _, second = overlapping(
        database,
        lambda c: chats.release(c, chat, "one"),
        lambda c: chats.lease(c, chat, "two", NOW, UNTIL),
    )
    assert second


def test_a_lease_runs_out_with_its_holder(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection).id
        chats.lease(connection, chat, "dead", NOW, UNTIL)
        assert not chats.lease(connection, chat, "next", UNTIL, UNTIL)
        assert chats.lease(connection, chat, "next", UNTIL + SECOND, UNTIL + 9 * SECOND)
        assert not chats.lease(connection, chat, "dead", UNTIL + SECOND, UNTIL + 9 * SECOND)


def test_only_its_holder_gives_it_back(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection).id
        chats.lease(connection, chat, "one", NOW, UNTIL)
        chats.release(connection, chat, "two")
        assert not chats.lease(connection, chat, "two", NOW, UNTIL)
        chats.release(connection, chat, "one")
        assert chats.lease(connection, chat, "two", NOW, UNTIL)


def test_a_process_renews_its_own_leases_and_no_others(database: Database) -> None:
    with database.write() as connection:
        owners = {"mine 1": ADA, "mine 2": BOB, "theirs": Phone("+15550000003")}
        for owner, phone in owners.items():
            chats.lease(connection, chat_with(connection, phone).id, owner, NOW, UNTIL)
        chats.renew(connection, ["mine 1", "mine 2", "not there"], UNTIL + SECOND)
        chats.renew(connection, [], UNTIL + 99 * SECOND)
        renewed, late = UNTIL + SECOND, UNTIL
        assert column(connection, table, "lease_until") == [renewed, renewed, late]


# ---- what wants an answer ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "wants"),
    [(MessageState.WAITING, True), (MessageState.ANSWERING, True)]
    + [
        (state, False)
        for state in MessageState
        if state not in (MessageState.WAITING, MessageState.ANSWERING)
    ],
)
def test_neglected_is_what_waits_while_nobody_is_at_it(
    database: Database, state: MessageState, wants: bool
) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        for number in "123":
            write(connection, chat, number)
        connection.execute(update(messages_table).values(state=state))
        assert chats.list_neglected(connection, NOW) == [chat.id] * wants
        chats.lease(connection, chat.id, "job", NOW, UNTIL)
        assert chats.list_neglected(connection, NOW) == []
        assert chats.list_neglected(connection, UNTIL + SECOND) == [chat.id] * wants


def test_nothing_is_expected_of_a_quiet_chat(database: Database) -> None:
    with database.write() as connection:
        write(connection, chat_with(connection), "1", MessageState.HELD)
        assert chats.list_expecting(connection, NOW) == []


def test_typing_is_shown_soon_after_a_message_but_not_for_ever(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        write(connection, chat, "1")
        assert chats.list_expecting(connection, NOW + TYPING_WAITS - SECOND) == [chat.address]
        assert chats.list_expecting(connection, NOW + TYPING_WAITS) == []


def test_typing_is_shown_while_somebody_is_at_it(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        write(connection, chat, "1")
        connection.execute(update(messages_table).values(state=MessageState.ANSWERING))
        assert chats.list_expecting(connection, NOW) == [], "its job has died"
        chats.lease(connection, chat.id, "job", NOW, UNTIL)
        assert chats.list_expecting(connection, UNTIL - SECOND) == [chat.address]
        assert chats.list_expecting(connection, UNTIL) == []


def test_typing_is_shown_until_the_last_piece_has_left(database: Database) -> None:
    with database.write() as connection:
        chat, quiet = chat_with(connection), chat_with(connection, BOB)
        ids = outbox.add(
            connection, address=chat.address, texts=["1", "2"], now=NOW, chat_id=chat.id
        )
        outbox.add(connection, address=quiet.address, texts=["no chat's"], now=NOW)
        outbox.record_sent(connection, ids[0], "A", NOW)
        assert chats.list_expecting(connection, NOW) == [chat.address]
        outbox.record_sent(connection, ids[1], "B", NOW)
        assert chats.list_expecting(connection, NOW) == []


def test_a_chat_is_named_once_however_much_it_expects(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        for number in "123":
            write(connection, chat, number)
        outbox.add(connection, address=chat.address, texts=["a", "b"], now=NOW, chat_id=chat.id)
        assert chats.list_expecting(connection, NOW) == [chat.address]
        assert chats.list_neglected(connection, NOW) == [chat.id]


def test_a_lease_says_whether_a_turn_was_left_running(database: Database) -> None:
    with database.write() as connection:
        other, chat = chat_with(connection, BOB), chat_with(connection)
        turns.begin(connection, chat.id, [], NOW, kind=TurnKind.AGENT, request="Hello")
        for each, is_running in ((other, False), (chat, True)):
            leased = chats.lease(connection, each.id, "job", NOW, UNTIL)
            assert leased and leased.has_running_turn is is_running
