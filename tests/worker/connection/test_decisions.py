"""Edits, deletions, reactions, and what the owner writes on their phone: from the stored message to
what the tables say afterwards."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import update

from core.messages.message import Inbound, Kind, Reason
from core.phone import Phone
from core.states import MessageState, TurnState
from store.chats import chats, limits, manual, messages, outbox, takeovers, turns
from store.chats.takeovers import A_WHILE, By
from store.chats.turns import Answer, TurnKind
from store.sql import tables
from store.sql.engine import Database
from tests.worker.connection.test_receive import ALICE_LID, Door, Reading, from_bob, hidden, message
from tests.worker.world import ALICE, BOB, START, Clock

ALICE_ADDRESS = f"{ALICE.digits}@s.whatsapp.net"
OWNER = "15550009999@s.whatsapp.net"
SECOND = timedelta(seconds=1)


class House(Door):
    """A door with everybody allowed, and somebody who answers as jobs do."""

    def row(self, message_id: str) -> Mapping[str, Any]:
        (row,) = [row for row in self.rows() if row["message_id"] == message_id]
        return row

    def chat(self) -> chats.Chat:
        with self.database.read() as connection:
            found = chats.of_phone(connection, ALICE)
        assert found
        return found

    def pause(self) -> takeovers.Takeover | None:
        with self.database.read() as connection:
            return takeovers.find_current(connection, self.chat().id, self.clock())

    def begins(self) -> int:
        """A turn over all that waits in Alice's chat."""
        with self.database.write() as connection:
            waiting = messages.list_waiting(connection, self.chat().id)
            request = "\n".join(each.text for each in waiting)
            ids = [each.id for each in waiting]
            kind = TurnKind.AGENT
            return turns.begin(
                connection, self.chat().id, ids, self.clock(), kind=kind, request=request
            )

    def answers(self) -> int:
        turn = self.begins()
        with self.database.write() as connection:
            answer = Answer(["Sure."], "Sure.")
            assert turns.finish(connection, turn, self.chat(), answer, self.clock())
        return turn

    def turn(self, turn_id: int) -> Mapping[str, Any]:
        with self.database.read() as connection:
            table = tables.turns
            return connection.execute(table.select().where(table.c.id == turn_id)).mappings().one()

    def waiting(self) -> list[str]:
        with self.database.read() as connection:
            return [each.text for each in messages.list_waiting(connection, self.chat().id)]


@pytest.fixture
def house(database: Database, redis: Redis, clock: Clock) -> House:
    house = House(database, redis, clock)
    house.settings()
    house.allow("*")
    return house


def edit(message_id: str, of: str, text: str, **changes: Any) -> Inbound:
    about = {"kind": Kind.EDIT, "target_id": of, "quoted_text": None}
    return message(message_id, text, **about | changes)


def deletion(message_id: str, of: str, **changes: Any) -> Inbound:
    about = {"kind": Kind.DELETE, "target_id": of, "quoted_text": None}
    return message(message_id, "", **about | changes)


def typed(message_id: str, text: str = "I'll take it", **changes: Any) -> Inbound:
    """On the owner's own phone, to Alice."""
    about = {"sender": OWNER, "from_me": True, "push_name": "Shop", "quoted_text": None}
    return message(message_id, text, **about | changes)


# Edits ------------------------------------------------------------------------------------------


def test_an_edit_before_the_turn_replaces_the_text(house: House):
    house.judged(message("A1", "See you at 3"), edit("A2", "A1", "See you at 4"))
    first, second = house.row("A1"), house.row("A2")
    assert (first["text"], first["edited_at"], first["state"]) == (
        "See you at 4", START, MessageState.WAITING,
    )  # fmt: skip
    assert (second["state"], second["reason"], second["text"]) == (
        MessageState.IGNORED, Reason.EDIT, "",
    )  # fmt: skip
    assert house.waiting() == ["See you at 4"] and second["chat_id"] == first["chat_id"]


def test_an_edit_after_the_turn_is_a_new_remark(house: House):
    house.judged(message("A1", "See you at 3"))
    house.answers()
    house.judged(edit("A2", "A1", "See you at 4"))
    first, second = house.row("A1"), house.row("A2")
    assert (first["text"], first["edited_at"]) == ("See you at 3", START)
    assert (second["state"], second["text"]) == (MessageState.WAITING, "See you at 4")
    assert (second["quoted_id"], second["quoted_text"]) == ("A1", "See you at 3")


def test_an_edit_while_the_turn_runs_is_a_new_remark(house: House):
    house.judged(message("A1", "See you at 3"))
    house.begins()
    house.judged(edit("A2", "A1", "See you at 4"))
    assert house.waiting() == ["See you at 4"]


def test_edits_of_an_edit(house: House):
    """The remark that still waits is replaced; one that was read is corrected in its turn."""
    house.judged(message("A1", "at 3"))
    house.answers()
    house.judged(edit("A2", "A1", "at 4"), edit("A3", "A1", "at 5"))
    assert house.waiting() == ["at 5"]
    house.answers()
    house.judged(edit("A4", "A1", "at 6"))
    assert house.waiting() == ["at 6"] and house.row("A4")["quoted_text"] == "at 5"


def test_an_edit_that_changes_nothing_is_no_remark(house: House):
    house.judged(message("A1", "at 3"))
    house.answers()
    assert house.judged(edit("A2", "A1", "at 3"))["state"] == MessageState.IGNORED


def test_an_edit_of_something_unknown_is_a_message(house: House):
    row = house.judged(edit("A2", "A1", "at 4"))
    assert (row["state"], row["text"], row["quoted_text"]) == (MessageState.WAITING, "at 4", None)


def test_an_edit_that_is_there_first(house: House):
    house.judged(edit("A2", "A1", "at 4"))
    row = house.judged(message("A1", "at 3"))
    assert (row["state"], row["reason"], row["text"]) == (MessageState.IGNORED, Reason.EDIT, "")
    assert house.waiting() == ["at 4"]


def test_nobody_edits_what_another_has_written(house: House):
    house.judged(message("A1", "at 3"))
    bob = f"{BOB.digits}@s.whatsapp.net"
    about = {"kind": Kind.EDIT, "target_id": "A1", "text": "at 9"}
    house.judged(from_bob("B1", **about), from_bob("B2", **about | {"kind": Kind.DELETE}))
    assert house.row("A1")["text"] == "at 3" and house.row("B1")["chat"] == bob
    assert house.row("A1")["state"] == MessageState.WAITING


def test_an_edit_from_the_hidden_address_of_the_same_person(house: House):
    house.judged(message("A1", "at 3", lid=ALICE_LID))
    about = {"kind": Kind.EDIT, "target_id": "A1", "text": "at 4"}
    house.judged(hidden("A2", **about))
    assert house.waiting() == ["at 4"]


@pytest.mark.parametrize(("keeps", "text"), [(True, "at 4"), (False, "")])
def test_a_held_message_is_edited_as_far_as_it_is_kept(
    database: Database, redis: Redis, clock: Clock, keeps: bool, text: str
):
    house = House(database, redis, clock)
    house.settings(keep_held_text=keeps)
    house.judged(message("A1", "at 3"), edit("A2", "A1", "at 4"))
    row = house.row("A1")
    assert (row["text"], row["state"], row["edited_at"]) == (text, MessageState.HELD, START)
    assert house.row("A2")["text"] == ""


# Deletions --------------------------------------------------------------------------------------


def test_a_deletion_before_the_turn_cancels_it(house: House):
    house.judged(message("A1", "a secret"), message("A2", "and?"), deletion("A3", "A1"))
    row = house.row("A1")
    assert (row["state"], row["reason"], row["deleted_at"]) == (
        MessageState.IGNORED, Reason.DELETE, START,
    )  # fmt: skip
    assert (row["text"], row["raw"], row["quoted_text"]) == ("", b"", None)
    assert house.waiting() == ["and?"]


def test_a_deletion_after_the_turn_takes_the_words_away(house: House):
    house.judged(message("A1", "a secret"), message("A2", "and?"))
    turn = house.answers()
    house.judged(deletion("A3", "A1"))
    row = house.row("A1")
    assert (row["state"], row["text"], row["deleted_at"]) == (MessageState.ANSWERED, "", START)
    assert "secret" not in house.turn(turn)["request"] and "and?" in house.turn(turn)["request"]


def test_a_deletion_takes_its_edits_along(house: House):
    house.judged(message("A1", "a secret"))
    house.answers()
    house.judged(edit("A2", "A1", "another secret"), deletion("A3", "A1"))
    assert house.waiting() == []
    assert all("secret" not in row["text"] for row in house.rows())


def test_a_deletion_that_is_there_first(house: House):
    house.judged(deletion("A2", "A1"))
    row = house.judged(message("A1", "a secret"))
    assert (row["state"], row["reason"], row["text"], row["deleted_at"]) == (
        MessageState.IGNORED, Reason.DELETE, "", START,
    )  # fmt: skip


def test_what_was_deleted_during_its_turn_does_not_wait_again(house: House):
    house.judged(message("A1", "a secret"), message("A2", "and?"))
    house.begins()
    house.judged(deletion("A3", "A1"))
    with house.database.write() as connection:
        turns.interrupt(connection, house.chat().id, house.clock())
    assert house.waiting() == ["and?"] and house.row("A1")["state"] == MessageState.IGNORED


def test_a_held_message_that_is_deleted_is_off_the_list(
    database: Database, redis: Redis, clock: Clock
):
    house = House(database, redis, clock)
    house.settings(keep_held_text=True)
    house.judged(message("A1", "let me in"), deletion("A2", "A1"))
    assert {row["state"] for row in house.rows()} == {MessageState.IGNORED}


# Reactions --------------------------------------------------------------------------------------


def test_a_reaction_belongs_to_the_chat_and_is_not_answered(house: House):
    house.judged(message("A1"))
    nudged = len(house.turns.queue.jobs)
    row = house.judged(message("A2", "👍", kind=Kind.REACTION, target_id="A1"))
    assert (row["state"], row["reason"], row["text"]) == (
        MessageState.IGNORED,
        Reason.REACTION,
        "👍",
    )
    assert (row["chat_id"], row["target_id"]) == (house.chat().id, "A1")
    assert len(house.turns.queue.jobs) == nudged and house.seen.of("read") == ["A1"]


def test_reactions_and_the_owners_words_are_no_flood(house: House):
    house.judged(message("A1"), typed("O1"))
    for number in range(5):
        house.judged(message(f"R{number}", "👍", kind=Kind.REACTION, target_id="A1"))
    with house.database.read() as connection:
        assert limits.count_recent_messages(connection, house.chat().person_id, START) == 1


def test_a_strangers_reaction_is_not_kept(database: Database, redis: Redis, clock: Clock):
    house = House(database, redis, clock)
    house.settings()
    row = house.judged(message("A2", "👍", kind=Kind.REACTION, target_id="A1"))
    assert (row["text"], row["chat_id"]) == ("", None)


# On the owner's phone ---------------------------------------------------------------------------


def test_a_message_from_the_owners_phone_takes_over(house: House):
    house.judged(message("A1", "Is it ready?"))
    turn = house.begins()
    row = house.judged(typed("O1", sent_at=START + SECOND))
    assert (row["state"], row["reason"], row["text"]) == (
        MessageState.IGNORED, Reason.OWN_MESSAGE, "I'll take it",
    )  # fmt: skip
    assert row["chat_id"] == house.chat().id and row["person_id"]
    pause = house.pause()
    assert pause and (pause.by, pause.until) == (By.PHONE, START + A_WHILE)
    assert house.turn(turn)["state"] == TurnState.STOPPED
    assert house.stopped == [house.chat().id]
    assert (house.row("A1")["state"], house.row("A1")["turn_id"]) == (MessageState.ANSWERED, None)


def test_what_comes_after_the_owners_words_waits(house: House):
    house.judged(message("A1"), typed("O1"), message("A2", "thanks", sent_at=START + SECOND))
    assert house.waiting() == ["thanks"]
    assert house.seen.of("typing") == [ALICE_ADDRESS]  # for the first only


def test_the_switch_is_obeyed(house: House):
    house.settings(pause_on_own_message=False)
    house.judged(message("A1"), typed("O1"))
    assert house.pause() is None and house.waiting() == ["hi"]
    assert house.row("O1")["text"] == "I'll take it"  # it is shown all the same


def test_a_longer_pause_stays(house: House):
    house.judged(message("A1"))
    with house.database.write() as connection:
        manual.take_over(connection, house.chat().id, None, START)
    house.judged(typed("O1"))
    assert house.pause() == takeovers.Takeover(START, None, By.PANEL)


def test_what_the_owner_wrote_hours_ago_pauses_nothing(house: House):
    """It comes now because we were away; it has been an answer nevertheless."""
    long_ago = START - timedelta(hours=2)
    house.judged(message("A1", sent_at=long_ago - SECOND), typed("O1", sent_at=long_ago))
    assert house.pause() is None and house.waiting() == []


def test_a_message_to_somebody_new_opens_the_chat(house: House):
    house.judged(typed("O1", "Hello Alice"))
    assert house.pause() and house.row("O1")["text"] == "Hello Alice"
    house.judged(message("A1", "Who is this?", sent_at=START + SECOND))
    assert house.waiting() == ["Who is this?"]


@pytest.mark.parametrize(
    "changes",
    [
        {"chat": "15550007777@s.whatsapp.net", "phone": Phone("+15550007777")},
        {"chat": OWNER, "phone": Phone("+15550009999")},
        {"kind": Kind.PROTOCOL},
    ],
)
def test_other_words_of_the_owner_are_not_kept(
    database: Database, redis: Redis, clock: Clock, changes: dict[str, Any]
):
    house = House(database, redis, clock)
    house.settings()
    house.allow(str(ALICE))
    house.judged(message("A1"))
    row = house.judged(typed("O1", "private", **changes))
    assert (row["text"], row["chat_id"], row["raw"]) == ("", None, b"")
    assert house.pause() is None


def queue_answer(house: House, text: str) -> int:
    with house.database.write() as connection:
        chat = house.chat()
        (row,) = outbox.add(
            connection, address=chat.address, texts=[text], now=START, chat_id=chat.id
        )
    return row


@pytest.mark.parametrize("is_settled", [True, False])
def test_what_we_have_sent_ourselves_is_no_word_of_the_owner(house: House, is_settled: bool):
    """Also when its echo is there before the id has been stored."""
    house.judged(message("A1"))
    row = queue_answer(house, "Hello Alice")
    with house.database.write() as connection:
        state = {"state": "sent", "wa_id": "O1"} if is_settled else {"state": "sending"}
        connection.execute(update(tables.outbox).where(tables.outbox.c.id == row).values(state))
    stored = house.judged(typed("O1", "Hello Alice"))
    assert house.pause() is None and (stored["text"], stored["chat_id"]) == ("", None)


def test_the_owner_edits_and_deletes_what_they_wrote(house: House):
    house.judged(message("A1"), typed("O1", "at 3"), typed("O2", "oops"))
    house.clock.advance(hours=1)
    about = {"sender": OWNER, "from_me": True}
    house.judged(edit("O3", "O1", "at 4", **about), deletion("O4", "O2", **about))
    assert (house.row("O1")["text"], house.row("O2")["text"]) == ("at 4", "")
    assert house.row("O1")["edited_at"] and house.row("O2")["deleted_at"]
    assert house.pause() is None


def test_ticks_wait_for_the_owners_eyes(database: Database, redis: Redis, clock: Clock):
    """What is marked as read here is no news on the owner's phone any more."""
    house = House(database, redis, clock)
    house.settings()
    reading = Reading(house)
    house.judged(message("A0"))
    with house.database.write() as connection:
        manual.take_over(connection, house.chat().id, None, START)
    reading.accept(message("A1"), message("A2"))
    reading.ticks.send()
    assert reading.line.ids == []
    with house.database.write() as connection:
        seen = {"seen_message_id": house.row("A1")["id"]}
        connection.execute(update(tables.chats).values(seen))
    reading.ticks.send()
    assert reading.line.ids == ["A1"]
    with house.database.write() as connection:
        assert manual.resume(connection, house.chat().id, START, answer=True)
    reading.ticks.send()
    assert reading.line.ids == ["A1", "A2"]
