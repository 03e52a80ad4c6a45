"""What becomes of a message that its sender edits or deletes."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from core.admission.plan import Case, make_plan
from core.messages.message import Inbound, Kind, Place, Reason
from core.settings import Settings
from core.states import MessageState
from store import admission
from store.admission import Found
from store.chats import edits, messages, turns
from store.chats.chats import Chat
from store.chats.people import Match
from store.chats.turns import Answer, TurnKind
from store.sql.engine import Database
from store.sql.tables import messages as table
from store.sql.tables import turns as turns_table
from tests.store.rows import ADA, BOB, LID, NOW, chat_with, inbound, write

LATER = NOW + timedelta(minutes=1)
ADDRESS = f"{ADA.digits}@s.whatsapp.net"
HERS = {ADDRESS}


def changing(message_id: str, target: str, kind: Kind = Kind.EDIT, **changes: Any) -> Inbound:
    facts = {"kind": kind, "target_id": target, "text": "new words"} | changes
    return inbound(message_id, **facts)


def receive(
    connection: Connection, change: Inbound, state: MessageState | None = MessageState.IGNORED
) -> int:
    """Its row: decided, unless the state is None."""
    messages.receive(connection, change, LATER)
    row = messages.list_undecided(connection)[-1].id
    if state:
        connection.execute(update(table).where(table.c.id == row).values(state=state))
    return row


def carry_out(
    connection: Connection, change: Inbound, addresses: set[str] = HERS, row: int | None = None
) -> bool:
    """What the plan says of this change, whose row is `row`. Whether an edit is over with that."""
    target = edits.find_target(connection, change, addresses)
    correction = None
    if target and change.kind is Kind.EDIT and not change.from_me:
        correction = edits.find_correction(connection, change, addresses)
    case = Case(
        change,
        Settings(enabled=True, allow_all=True),
        has_chat=True,
        target=admission.describe(target),
        correction=admission.describe(correction),
    )
    plan = make_plan(case)
    row = row or receive(connection, change)
    found = Found(row, case, Match(None, None), None, addresses, target, correction)
    admission.carry_out_change(connection, found, plan, LATER)
    return plan.reason is Reason.EDIT


def row_of(connection: Connection, message_id: str) -> Mapping[str, Any]:
    found = connection.execute(select(table).where(table.c.message_id == message_id))
    return found.mappings().one()


def answered(connection: Connection, chat: Chat, row: int) -> None:
    kind = TurnKind.AGENT
    turn_id = turns.begin(connection, chat.id, [row], NOW, kind=kind, request="old words")
    assert turns.finish(connection, turn_id, chat, Answer(["Yes"], "Yes"), NOW)


def test_all_addresses_of_the_other_side() -> None:
    assert edits.list_addresses(inbound(), ADA, None) == HERS
    assert edits.list_addresses(inbound(chat="1@g.us"), ADA, LID) == {"1@g.us", ADDRESS, LID}
    assert edits.list_addresses(inbound(chat=LID), None, LID) == {LID}


@pytest.mark.parametrize("state", [MessageState.WAITING, MessageState.HELD])
def test_what_nobody_has_read_is_replaced(database: Database, state: MessageState) -> None:
    with database.write() as connection:
        write(connection, chat_with(connection), "A", state)
        assert carry_out(connection, changing("B", "A"))
        row = row_of(connection, "A")
    assert (row["text"], row["edited_at"], row["state"]) == ("new words", LATER, state)


def test_a_strangers_words_that_were_not_kept_are_not_kept_edited(database: Database) -> None:
    with database.write() as connection:
        write(connection, chat_with(connection), "A", MessageState.HELD, text="")
        assert carry_out(connection, changing("B", "A"))
        assert (row_of(connection, "A")["text"], row_of(connection, "A")["edited_at"]) == (
            "",
            LATER,
        )


def test_what_was_answered_keeps_its_words_and_is_quoted(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        answered(connection, chat, write(connection, chat, "A", text="old words"))
        change = changing("B", "A")
        row = receive(connection, change, None)
        assert not carry_out(connection, change, row=row)
        old, new = row_of(connection, "A"), row_of(connection, "B")
    assert (old["text"], old["edited_at"]) == ("old words", LATER)
    assert (new["quoted_id"], new["quoted_text"]) == ("A", "old words")


def test_the_latest_correction_is_what_the_next_edit_changes(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        answered(connection, chat, write(connection, chat, "A", text="old words"))
        first = changing("B", "A", text="second words")
        carry_out(connection, first, row=receive(connection, first, MessageState.WAITING))
        assert carry_out(connection, changing("C", "A", text="third words"))
        assert row_of(connection, "B")["text"] == "third words"
        answered(connection, chat, row_of(connection, "B")["id"])
        assert carry_out(connection, changing("D", "A", text="third words")), "nothing changes"
        fourth = changing("E", "A", text="fourth words")
        assert not carry_out(connection, fourth)
        new = row_of(connection, "E")
    assert (new["quoted_id"], new["quoted_text"]) == ("A", "third words")


@pytest.mark.parametrize(
    ("state", "text", "deleted"),
    [
        (MessageState.IGNORED, "new words", False),
        (MessageState.ANSWERED, "", False),
        (MessageState.ANSWERED, "old words", False),
        (MessageState.ANSWERED, "new words", True),
    ],
)
def test_there_is_nothing_to_say_about_it(
    database: Database, state: MessageState, text: str, deleted: bool
) -> None:
    with database.write() as connection:
        row = write(connection, chat_with(connection), "A", state, text="old words")
        if deleted:
            values = {"deleted_at": NOW}
            connection.execute(update(table).where(table.c.id == row).values(values))
        assert carry_out(connection, changing("B", "A", text=text))
        assert (row_of(connection, "A")["text"], row_of(connection, "A")["edited_at"]) == (
            "old words",
            None,
        )


ANOTHERS = [
    changing("B", "unknown"),
    changing("B", "A", phone=BOB),
    changing("B", "A", account="another"),
    changing("B", "A", from_me=True),
    changing("B", "A", chat="1@g.us", place=Place.GROUP),
]


@pytest.mark.parametrize("change", ANOTHERS)
def test_nobody_changes_what_another_has_written(database: Database, change: Inbound) -> None:
    theirs = edits.list_addresses(change, change.phone, None)
    deletion = changing("C", change.target_id or "", Kind.DELETE, phone=change.phone)
    with database.write() as connection:
        write(connection, chat_with(connection), "A", text="hers")
        assert not carry_out(connection, change, theirs)
        if change.phone == BOB or change.target_id != "A":
            carry_out(connection, deletion, theirs)
        row = row_of(connection, "A")
    assert (row["text"], row["state"], row["edited_at"]) == ("hers", MessageState.WAITING, None)


def test_under_their_other_address_it_is_the_same_person(database: Database) -> None:
    with database.write() as connection:
        write(connection, chat_with(connection), "A")
        change = changing("B", "A", chat=LID, sender=LID)
        assert carry_out(connection, change, {ADDRESS, LID})
        assert row_of(connection, "A")["text"] == "new words"


def test_the_owner_changes_their_own_words_and_nothing_else(database: Database) -> None:
    own = {"from_me": True, "sender": "owner"}
    change = changing("B", "A", **own)
    with database.write() as connection:
        write(connection, chat_with(connection), "A", MessageState.IGNORED, **own)
        own_row = receive(connection, change)
        carry_out(connection, change, HERS, row=own_row)
        row = row_of(connection, "A")
        assert (row["text"], row["edited_at"], row["state"]) == (
            "new words",
            LATER,
            MessageState.IGNORED,
        )
        carry_out(connection, changing("C", "A", Kind.DELETE, **own), HERS)
        carry_out(connection, change, HERS, row=own_row)
        assert row_of(connection, "A")["text"] == ""


@pytest.mark.parametrize("state", [MessageState.WAITING, MessageState.HELD])
def test_a_deletion_takes_back_what_nobody_has_read(
    database: Database, state: MessageState
) -> None:
    with database.write() as connection:
        write(connection, chat_with(connection), "A", state, quoted_text="a quote")
        carry_out(connection, changing("B", "A", Kind.DELETE), HERS)
        row = row_of(connection, "A")
    assert (row["state"], row["reason"]) == (MessageState.IGNORED, Reason.DELETE)
    assert (row["text"], row["quoted_text"], row["deleted_at"]) == ("", None, LATER)


def test_a_deletion_forgets_the_words_of_what_was_answered(database: Database) -> None:
    with database.write() as connection:
        chat = chat_with(connection)
        ids = [write(connection, chat, "A", text="secret"), write(connection, chat, "B", text="Hi")]
        kind = TurnKind.AGENT
        turn_id = turns.begin(connection, chat.id, ids, NOW, kind=kind, request="secret\nHi")
        assert turns.finish(connection, turn_id, chat, Answer(["Yes"], "Yes"), NOW)
        carry_out(connection, changing("C", "A", Kind.DELETE), HERS)
        row, other = row_of(connection, "A"), row_of(connection, "B")
        request = connection.scalar(select(turns_table.c.request))
    assert (row["state"], row["text"], request) == (MessageState.ANSWERED, "", "Hi")
    assert (other["text"], other["deleted_at"]) == ("Hi", None)


@pytest.mark.parametrize(
    ("kind", "reason"), [(Kind.EDIT, Reason.EDIT), (Kind.DELETE, Reason.DELETE)]
)
def test_a_change_that_came_first_overtakes_its_message(
    database: Database, kind: Kind, reason: Reason
) -> None:
    def earlier(message: Inbound, addresses: set[str] = HERS) -> Collection[Kind]:
        return edits.list_earlier_changes(connection, message, addresses)

    with database.write() as connection:
        change = receive(connection, changing("B", "A", kind), None)
        row = receive(connection, inbound("A"))
        assert earlier(inbound("A")) == set(), "undecided"
        values = {"state": MessageState.IGNORED}
        connection.execute(update(table).where(table.c.id == change).values(values))
        assert earlier(inbound("Z")) == set()
        assert earlier(inbound("A", BOB), {"x"}) == set()
        assert earlier(inbound("A")) == {kind}
        case = Case(inbound("A"), Settings(), overtaken_by={kind})
        plan = make_plan(case)
        assert plan.reason is reason
        found = Found(row, case, Match(None, None), None, HERS, None, None)
        admission.carry_out_change(connection, found, plan, LATER)
        deleted_at = row_of(connection, "A")["deleted_at"]
    assert deleted_at == (LATER if kind is Kind.DELETE else None)
