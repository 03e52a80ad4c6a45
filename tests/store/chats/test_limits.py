"""What one person has asked for lately."""

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import Connection, select, update

from core.admission.limits import CRASHES, MINUTE
from core.states import MessageState, TurnState
from store.chats import limits, turns
from store.chats.chats import Chat
from store.chats.turns import Answer, TurnKind
from store.sql import tables
from store.sql.engine import Database
from tests.store.rows import BOB, NOW, chat_with, write

SECOND = timedelta(seconds=1)


def turn(connection: Connection, chat: Chat, **answer: object) -> int:
    """A turn of this person, begun now and finished with this answer."""
    turn_id = turns.begin(
        connection,
        chat.id,
        [],
        NOW,
        kind=TurnKind.AGENT,
        request="",
        person_id=chat.person_id,
        agent="finn",
    )
    if answer:
        assert turns.finish(connection, turn_id, chat, Answer((), "", **answer), NOW)  # type: ignore[arg-type]
    return turn_id


def test_a_minute_ends_with_its_newest_message_and_begins_after_its_oldest(
    database: Database,
) -> None:
    with database.write() as connection:
        chat, other = chat_with(connection), chat_with(connection, BOB)
        write(connection, chat, "A", now=NOW - MINUTE)
        write(connection, chat, "B", now=NOW - MINUTE + SECOND)
        write(connection, chat, "C", now=NOW)
        write(connection, chat, "D", now=NOW + SECOND)
        write(connection, other, "E", now=NOW, phone=BOB)
        assert limits.count_recent_messages(connection, chat.person_id or 0, NOW) == 2
        assert limits.count_recent_messages(connection, other.person_id or 0, NOW) == 1
        assert limits.count_recent_messages(connection, 99, NOW) == 0


def test_what_is_ignored_or_in_no_chat_counts_for_nothing(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        write(connection, chat, "A", MessageState.IGNORED)
        held = write(connection, chat, "B", MessageState.HELD)
        table = tables.messages
        connection.execute(update(table).where(table.c.id == held).values(chat_id=None))
        write(connection, chat, "C", MessageState.ANSWERED)
        write(connection, chat, "D", MessageState.FAILED)
        assert limits.count_recent_messages(connection, chat.person_id or 0, NOW) == 2


def test_what_a_person_has_spent_since_then(database: Database) -> None:
    with database.write() as connection:
        chat, other = chat_with(connection), chat_with(connection, BOB)
        person = chat.person_id or 0
        assert limits.sum_costs(connection, person, NOW) == Decimal(0)
        turn(connection, chat, cost_usd=Decimal("0.25"))
        turn(connection, chat, cost_usd=Decimal("0.5"), error_code="timeout")
        turn(connection, chat, error_code="auth")  # nobody knows what it cost
        turn(connection, other, cost_usd=Decimal(4))
        assert limits.sum_costs(connection, person, NOW) == Decimal("0.75")
        assert limits.sum_costs(connection, person, NOW + SECOND) == Decimal(0)


def test_the_latest_turn_that_said_so(database: Database) -> None:
    with database.write() as connection:
        chat, other = chat_with(connection), chat_with(connection, BOB)
        person = chat.person_id or 0
        turn(connection, chat, error_code="flood")
        latest = turn(connection, chat, error_code="flood")
        turn(connection, chat, error_code="budget")
        assert limits.find_refusal(connection, chat.id, person, "flood", NOW) == latest
        assert limits.find_refusal(connection, chat.id, person, "flood", NOW + SECOND) is None
        assert limits.find_refusal(connection, chat.id, person, "timeout", NOW) is None
        assert limits.find_refusal(connection, chat.id, other.person_id or 0, "flood", NOW) is None
        assert limits.find_refusal(connection, other.id, person, "flood", NOW) is None


def test_messages_get_an_answer_that_was_given_already(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        turn_id = turn(connection, chat, error_code="flood")
        late, other = write(connection, chat, "A"), write(connection, chat, "B")
        limits.add_to(connection, turn_id, [late], NOW)
        table = tables.messages
        columns = (table.c.id, table.c.state, table.c.turn_id, table.c.answered_at)
        rows = connection.execute(select(*columns).order_by(table.c.id)).all()
    assert rows == [(late, "failed", turn_id, NOW), (other, "waiting", None, None)]


def test_only_the_latest_turns_say_whether_a_chat_keeps_crashing(database: Database) -> None:
    with database.write() as connection:
        chat, other = chat_with(connection), chat_with(connection, BOB)
        for count in range(1, CRASHES + 1):
            turn(connection, chat)
            turns.interrupt(connection, chat.id, NOW)
            assert limits.keeps_crashing(connection, chat.id) is (count == CRASHES)
        assert not limits.keeps_crashing(connection, other.id)
        latest = turn(connection, chat)
        assert not limits.keeps_crashing(connection, chat.id), "one is at work"
        table = tables.turns
        connection.execute(
            update(table).where(table.c.id == latest).values(state=TurnState.INTERRUPTED)
        )
        assert limits.keeps_crashing(connection, chat.id)
