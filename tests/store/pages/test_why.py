"""What became of somebody's messages, found by whatever the owner knows of them."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Connection, event, update

from core.messages.message import Kind, Place, Reason
from core.phone import Phone
from core.states import MessageState, PieceState
from store.chats import messages, outbox, people, turns
from store.chats.chats import PANEL
from store.chats.turns import Answer, TurnKind
from store.pages import why
from store.sql.engine import Database
from store.sql.tables import chats
from tests.store.rows import ADA, BOB, LID, NOW, chat_with, inbound, write


@pytest.fixture
def connection(database: Database):
    """Ada has been answered, and Bob stands at the door with a kept text."""
    with database.write() as connection:
        chat = chat_with(connection)
        write(connection, chat, "M1", text="Good morning")
        write(connection, chat, "M2", text="100% of the_plan?")
        person = people.identify(connection, BOB, None, "Bob", NOW)
        messages.receive(connection, inbound("M3", BOB, text="Hello there"), NOW)
        row = messages.list_undecided(connection)[-1].id
        messages.record_decision(
            connection, row, MessageState.HELD, Reason.NOT_ALLOWED, NOW, person_id=person.id
        )
        yield connection


def texts(connection: Connection, query: str) -> Sequence[str]:
    return [asked.text for asked in why.find(connection, query, NOW)]


ADAS = ["100% of the_plan?", "Good morning"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (str(ADA), ADAS),
        ("+1 555-000-0001", ADAS),
        ("0001", ADAS),
        ("001 555 000 0001", ADAS),
        ("M1", ADAS),
        ("#1", ADAS),
        ("good MORN", ADAS),
        ("100% of", ADAS),
        ("the_p", ADAS),
        ("Some", ADAS),
        ("bob", ["Hello there"]),
        (" hello ", ["Hello there"]),
        ("%", ["100% of the_plan?", "Good morning"]),
        ("_", ["100% of the_plan?", "Good morning"]),
        ("nobody at all", []),
        ("+15550009999", []),
        ("#999", []),
        ("", []),
        ("   ", []),
    ],
)
def test_what_finds_whom(connection: Connection, query: str, found: Sequence[str]) -> None:
    assert texts(connection, query) == found


def test_what_itself_was_looked_for_is_marked(connection: Connection) -> None:
    marked = {asked.text: asked.is_match for asked in why.find(connection, "morning", NOW)}
    assert marked == {"Good morning": True, "100% of the_plan?": False}


def test_a_held_sender_has_a_reason_and_no_chat(connection: Connection) -> None:
    [asked] = why.find(connection, "Bob", NOW)
    assert (asked.state, asked.reason, asked.chat_id) == (
        MessageState.HELD,
        Reason.NOT_ALLOWED,
        None,
    )
    assert (asked.phone, asked.push_name, asked.kind) == (BOB, "Bob", Kind.TEXT)
    assert asked.replies == {} and not asked.is_paused


def test_a_hidden_number(connection: Connection) -> None:
    person = people.identify(connection, None, LID, "Dave", NOW)
    messages.receive(connection, inbound("M4", None, lid=LID), NOW)
    row = messages.list_undecided(connection)[-1].id
    reason = Reason.NUMBER_UNKNOWN
    messages.record_decision(connection, row, MessageState.HELD, reason, NOW, person_id=person.id)
    for named in ("Dave", LID, LID.removesuffix("@lid")):
        [asked] = why.find(connection, named, NOW)
        assert asked.phone is None and asked.reason == reason


def test_a_message_of_nobody_that_is_known_is_found_by_its_number(connection: Connection) -> None:
    """Of who writes in groups no list is kept."""
    stranger = Phone("+15550007777")
    messages.receive(connection, inbound("G1", stranger, place=Place.GROUP), NOW)
    row = messages.list_undecided(connection)[-1].id
    messages.record_decision(
        connection, row, MessageState.IGNORED, Reason.GROUP, NOW, keep_text=False
    )
    [asked] = why.find(connection, str(stranger), NOW)
    assert (asked.reason, asked.person_id, asked.text) == (Reason.GROUP, None, "")


def test_what_became_of_the_reply(connection: Connection) -> None:
    chat = chat_with(connection)
    waiting = [each.id for each in messages.list_waiting(connection, chat.id)]
    turn = turns.begin(
        connection, chat.id, waiting, NOW, kind=TurnKind.AGENT, request="?", agent="finn"
    )
    turns.finish(connection, turn, chat, Answer(["one", "two"], "one two"), NOW)
    [first] = outbox.list_heads(connection)
    outbox.record_refusal(connection, first.id, "blocked")
    for asked in why.find(connection, str(ADA), NOW):
        assert asked.state is MessageState.ANSWERED and asked.answered_at == NOW
        assert asked.replies == {PieceState.FAILED: 1, PieceState.QUEUED: 1}


def test_a_failure_is_told(connection: Connection) -> None:
    chat = chat_with(connection)
    waiting = [each.id for each in messages.list_waiting(connection, chat.id)]
    turn = turns.begin(
        connection, chat.id, waiting, NOW, kind=TurnKind.AGENT, request="?", agent="finn"
    )
    turns.finish(connection, turn, chat, Answer([], "", error_code="quota"), NOW)
    assert {asked.error_code for asked in why.find(connection, str(ADA), NOW)} == {"quota"}


@pytest.mark.parametrize(("minutes", "is_paused"), [(None, True), (5, True), (-5, False)])
def test_a_paused_chat(connection: Connection, minutes: int | None, is_paused: bool) -> None:
    until = None if minutes is None else NOW + timedelta(minutes=minutes)
    connection.execute(update(chats).values(paused_at=NOW, paused_until=until))
    assert {asked.is_paused for asked in why.find(connection, str(ADA), NOW)} == {is_paused}


def test_the_panel_s_chat_is_not_asked(connection: Connection) -> None:
    messages.receive(connection, inbound("P1", account=PANEL, text="in the panel"), NOW)
    assert texts(connection, "in the panel") == []


def test_long_histories_are_cut(connection: Connection) -> None:
    chat = chat_with(connection)
    for number in range(2 * why.SHOWN):
        write(connection, chat, f"L{number}", text=f"line {number} " + "x" * 1000)
    found = why.find(connection, str(ADA), NOW)
    assert len(found) == why.SHOWN and len(found[0].text) == why.EXCERPT
    assert found[0].text.startswith(f"line {2 * why.SHOWN - 1} ")
    oldest = why.find(connection, "Good morning", NOW)
    assert oldest[-1].text == "Good morning" and oldest[-1].is_match


def test_the_number_of_statements_does_not_grow(database: Database) -> None:
    with database.write() as connection:
        counts = []
        for number in range(10):
            chat = chat_with(connection, Phone(f"+1555000{number:04}"))
            write(connection, chat, f"N{number}", text="the same")
            if number in (0, 9):
                counts.append(_statements(connection, "the same"))
    assert counts[0] == counts[1]


def _statements(connection: Connection, query: str) -> int:
    seen: list[str] = []

    def count(conn, cursor, statement, *rest) -> None:
        seen.append(statement)

    event.listen(connection, "before_cursor_execute", count)
    why.find(connection, query, NOW)
    event.remove(connection, "before_cursor_execute", count)
    return len(seen)
