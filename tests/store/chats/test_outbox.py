"""The outbox: in order, claimed by the newest connection only, never lost and rarely sent twice."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, select, update

from core.states import PieceState
from store import link
from store.chats import outbox, turns
from store.chats.outbox import RESENDS
from store.chats.turns import TurnKind
from store.sql.engine import Database
from store.sql.tables import outbox as table
from tests.store.rows import NOW, chat_with, column, overlapping, together, transact

LATER = NOW + timedelta(seconds=1)


def queue(connection: Connection, *texts: str, to: str = "ada") -> list[int]:
    return outbox.add(connection, address=to, texts=texts, now=NOW)


def connect(connection: Connection) -> int:
    """A new connection's fence."""
    return link.raise_fence(connection, 0)


def states(connection: Connection) -> list[str]:
    return list(column(connection, table, "state"))


# ---- order -------------------------------------------------------------------------------------


def test_a_row_as_it_was_queued(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        [row] = outbox.add(
            connection, address="ada", texts=["Hi\0 👩‍💻"], now=NOW, chat_id=chat.id, agent="finn"
        )
        found = outbox.get(connection, row)
        assert found and (found.id, found.address, found.chat_id) == (row, "ada", chat.id)
        assert found.text.replace("\0", "") == "Hi 👩‍💻"
        assert (found.state, found.attempts, found.possibly_twice) == (PieceState.QUEUED, 0, False)
        assert (found.created_at, found.sent_at, found.wa_id) == (NOW, None, None)
        assert outbox.get(connection, 99) is None
        assert queue(connection) == []


def test_each_address_gets_its_messages_in_order(database: Database) -> None:
    with database.write() as connection:
        fence = connect(connection)
        queue(connection, "a1", "a2", "a3")
        queue(connection, "b1", "b2", to="bob")
        queue(connection, "a4")
        sent = []
        while heads := outbox.list_heads(connection):
            assert [head.id for head in heads] == sorted(head.id for head in heads)
            assert len({head.address for head in heads}) == len(heads)
            sent.append([head.text for head in heads])
            for head in heads:
                assert outbox.claim(connection, head.id, fence, NOW)
                outbox.record_sent(connection, head.id, f"wa {head.id}", LATER)
        assert sent == [["a1", "b1"], ["a2", "b2"], ["a3"], ["a4"]]


def test_the_oldest_come_first_when_there_are_many(database: Database) -> None:
    with database.write() as connection:
        for address in "zyxwv":
            queue(connection, f"to {address}", to=address)
        assert [head.address for head in outbox.list_heads(connection, limit=3)] == ["z", "y", "x"]


# ---- claiming ----------------------------------------------------------------------------------


def test_a_row_is_claimed_once(database: Database) -> None:
    with database.write() as connection:
        fence = connect(connection)
        [row] = queue(connection, "Hi")
        assert outbox.claim(connection, row, fence, LATER)
        assert not outbox.claim(connection, row, fence, LATER)
        assert outbox.list_heads(connection) == []
        claimed = outbox.get(connection, row)
        assert claimed and (claimed.state, claimed.attempts) == (PieceState.SENDING, 1)
        assert column(connection, table, "claimed_at") == [LATER]


def test_only_the_newest_connection_claims(database: Database) -> None:
    with database.write() as connection:
        old, [row] = connect(connection), queue(connection, "Hi")
        new = connect(connection)
        assert not outbox.claim(connection, row, old, NOW)
        assert not outbox.claim(connection, row, new + 1, NOW), "nobody gave that out"
        assert outbox.claim(connection, row, new, NOW)


def test_nobody_claims_before_there_was_a_connection(database: Database) -> None:
    with database.write() as connection:
        [row] = queue(connection, "Hi")
        assert not outbox.claim(connection, row, 0, NOW)
        assert states(connection) == [PieceState.QUEUED]


def test_of_many_who_claim_at_once_one_gets_it(database: Database) -> None:
    with database.write() as connection:
        fence, [row] = connect(connection), queue(connection, "Hi")
    got = together(database, *[lambda c: outbox.claim(c, row, fence, NOW)] * 6)
    assert sorted(got) == [False] * 5 + [True]


def test_a_claim_waits_for_another_to_commit(database: Database) -> None:
    with database.write() as connection:
        fence, [row] = connect(connection), queue(connection, "Hi")
    claim = lambda c: outbox.claim(c, row, fence, NOW)  # noqa: E731
    assert overlapping(database, claim, claim) == (True, False)


# ---- how it ends -------------------------------------------------------------------------------


def claimed(connection: Connection) -> int:
    fence, [row] = connect(connection), queue(connection, "Hi")
    assert outbox.claim(connection, row, fence, NOW)
    return row


def test_sent(database: Database) -> None:
    with database.write() as connection:
        row = claimed(connection)
        outbox.record_sent(connection, row, "3EB0", LATER)
        sent = outbox.get(connection, row)
        assert sent and (sent.state, sent.wa_id, sent.sent_at) == (PieceState.SENT, "3EB0", LATER)


def test_not_sent_waits_in_its_old_place_and_does_not_count(database: Database) -> None:
    with database.write() as connection:
        fence = connect(connection)
        first, second = queue(connection, "1", "2")
        for _ in range(5):
            assert outbox.claim(connection, first, fence, NOW)
            outbox.record_not_sent(connection, first, fence)
        [head] = outbox.list_heads(connection)
        assert (head.id, head.attempts, head.possibly_twice) == (first, 0, False)
        assert second > first


@pytest.mark.parametrize(
    ("settle", "state"),
    [(outbox.record_refusal, PieceState.FAILED), (outbox.record_lost_sight, PieceState.UNKNOWN)],
)
def test_what_did_not_work_says_why_and_is_not_tried_again(
    database: Database, settle, state
) -> None:
    with database.write() as connection:
        row = claimed(connection)
        settle(connection, row, "No such number.")
        ended = outbox.get(connection, row)
        assert ended and (ended.state, ended.error) == (state, "No such number.")
        assert outbox.list_heads(connection) == []
        assert outbox.recover(connection, connect(connection)) == 0


def test_what_has_left_stays_sent(database: Database) -> None:
    """The word of a connection that was replaced comes late."""
    with database.write() as connection:
        row = claimed(connection)
        outbox.record_sent(connection, row, "3EB0", NOW)
        outbox.record_not_sent(connection, row, link.read_fence(connection))
        outbox.record_refusal(connection, row, "late")
        outbox.record_lost_sight(connection, row, "late")
        sent = outbox.get(connection, row)
        assert sent and (sent.state, sent.error, sent.attempts) == (PieceState.SENT, None, 1)


def test_a_replaced_connection_does_not_take_a_row_from_the_newer_one(database: Database) -> None:
    with database.write() as connection:
        row, old = claimed(connection), link.read_fence(connection)
        newer = connect(connection)
        outbox.recover(connection, newer)
        assert outbox.claim(connection, row, newer, LATER)
        outbox.record_not_sent(connection, row, old)
        assert states(connection) == [PieceState.SENDING]


def test_a_late_word_that_it_was_sent_saves_sending_it_again(database: Database) -> None:
    with database.write() as connection:
        row = claimed(connection)
        assert outbox.recover(connection, connect(connection)) == 1
        outbox.record_sent(connection, row, "3EB0", LATER)
        assert outbox.list_heads(connection) == []
        assert states(connection) == [PieceState.SENT]


# ---- connections that died ---------------------------------------------------------------------


def test_a_row_whose_sender_died_is_sent_once_more_then_unknown(database: Database) -> None:
    with database.write() as connection:
        row = claimed(connection)
        for _ in range(RESENDS):
            fence = connect(connection)
            assert outbox.recover(connection, fence) == 1
            [head] = outbox.list_heads(connection)
            assert (head.id, head.possibly_twice) == (row, True)
            assert outbox.claim(connection, row, fence, NOW)
        assert outbox.recover(connection, connect(connection)) == 1
        lost = outbox.get(connection, row)
        assert lost and (lost.state, lost.possibly_twice) == (PieceState.UNKNOWN, True)
        assert lost.error == "The connection ended while it was being sent."
        assert outbox.recover(connection, connect(connection)) == 0
        assert outbox.list_heads(connection) == []


def test_a_connection_does_not_recover_what_is_its_own(database: Database) -> None:
    with database.write() as connection:
        fence, [row] = connect(connection), queue(connection, "Hi")
        outbox.claim(connection, row, fence, NOW)
        assert outbox.recover(connection, fence) == 0
        assert states(connection) == [PieceState.SENDING]


def test_a_recovered_row_keeps_its_place(database: Database) -> None:
    with database.write() as connection:
        fence, [first, _] = connect(connection), queue(connection, "1", "2")
        outbox.claim(connection, first, fence, NOW)
        outbox.recover(connection, connect(connection))
        assert [head.text for head in outbox.list_heads(connection)] == ["1"]


def test_whether_anything_waits_to_be_sent(database: Database) -> None:
    with database.write() as connection:
        assert not outbox.has_queued(connection)
        [row] = queue(connection, "A")
        assert outbox.has_queued(connection)
        outbox.record_refusal(connection, row, "no such number")
        assert not outbox.has_queued(connection)


def test_whether_anything_of_one_turn_waits_to_be_sent(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        first, second = (
            turns.begin(connection, chat.id, [], NOW, kind=TurnKind.NOTICE, request="")
            for _ in range(2)
        )
        outbox.add(connection, address="ada", texts=["A"], now=NOW, turn_id=first)
        assert outbox.has_queued_of_turn(connection, first)
        assert not outbox.has_queued_of_turn(connection, second)
        assert outbox.drop(connection, second, "stopped") == 0
        assert outbox.drop(connection, first, "stopped") == 1
        assert not outbox.has_queued_of_turn(connection, first)


def test_nothing_of_an_account_that_is_gone_is_sent(database: Database) -> None:
    with database.write() as connection:
        fence = connect(connection)
        done, lost, waiting = (queue(connection, "x", to=address)[0] for address in "abc")
        for row in (done, lost):
            outbox.claim(connection, row, fence, NOW)
        outbox.record_sent(connection, done, "3EB0", NOW)
        assert outbox.cancel_all(connection, "Unlinked.") == 2
        assert states(connection) == [PieceState.SENT, PieceState.UNKNOWN, PieceState.FAILED]
        assert column(connection, table, "error") == [None, "Unlinked.", "Unlinked."]
        assert outbox.recover(connection, connect(connection)) == 0
        assert outbox.list_heads(connection) == [], waiting


def test_an_old_connection_can_not_slip_in_while_the_fence_rises(database: Database) -> None:
    """Either its claim comes first, and is recovered, or the new fence keeps it out."""
    with database.write() as connection:
        old, [row] = connect(connection), queue(connection, "Hi")

    def take_over(connection: Connection) -> None:
        outbox.recover(connection, connect(connection))

    _, late = overlapping(database, take_over, lambda c: outbox.claim(c, row, old, NOW))
    assert transact(database, lambda c: outbox.recover(c, connect(c))) == late
    with database.read() as connection:
        assert len(outbox.list_heads(connection)) == 1


def test_states_in_sql_are_those_of_the_code(database: Database) -> None:
    with database.write() as connection:
        for state in PieceState:
            [row] = queue(connection, state)
            connection.execute(update(table).where(table.c.id == row).values(state=state))
        ids = connection.scalars(select(table.c.id)).all()
        found = [outbox.get(connection, row) for row in ids]
        assert {row.state for row in found if row} == set(PieceState)
