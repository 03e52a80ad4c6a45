"""From stored to waiting, on real databases: who is let in, what is seen of it, in which order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import select

from core.admission.allowlist import Pattern
from core.agents.agent import Agent
from core.messages.message import Inbound, Kind, Place, Reason
from core.phone import Phone
from core.settings import Settings
from core.states import MessageState
from store import allowlist
from store import settings as settings_store
from store.chats import messages, people
from store.chats.messages import Accepted
from store.redis.queue import Turns
from store.sql import tables
from store.sql.engine import Database
from tests.store.rows import inbound
from tests.worker.world import ALICE, BOB, START, Clock
from worker.connection.receive import UNREAD_FOR, ReadReceipts, Receiver

pytestmark = pytest.mark.both_databases

ALICE_LID = "100000000000001@lid"
FINN = Agent("finn", "Finn")


def message(message_id: str = "A1", text: str = "hi", **changes: Any) -> Inbound:
    """From Alice, by her number."""
    plain = inbound(
        message_id,
        ALICE,
        account="15550009999",
        text=text,
        sent_at=START,
        push_name="Alice",
        quoted_text="what?",
        raw=b"raw",
    )
    return replace(plain, **changes)


def hidden(message_id: str = "A1", **changes: Any) -> Inbound:
    """From somebody whose number did not come along."""
    address = {"chat": ALICE_LID, "sender": ALICE_LID, "phone": None, "lid": ALICE_LID}
    return message(message_id, **address, **changes)


def from_bob(message_id: str, **changes: Any) -> Inbound:
    bob = f"{BOB.digits}@s.whatsapp.net"
    return message(message_id, chat=bob, sender=bob, phone=BOB, **changes)


@dataclass
class Seen:
    """What senders get to see, and what is nudged, in order. Each act may be made to fail."""

    acts: list[tuple[str, ...]] = field(default_factory=list)
    check: Callable[[Accepted], None] = lambda accepted: None

    def read(self, accepted: Accepted, *, is_paused: bool) -> None:
        self.check(accepted)
        self.acts.append(("read", accepted.message_id))

    def show_typing(self, chat: str) -> None:
        self.acts.append(("typing", chat))

    def acknowledge(self, accepted: Accepted, emoji: str) -> None:
        self.acts.append(("ack", accepted.message_id, emoji))

    def of(self, act: str) -> list[str]:
        return [each[1] for each in self.acts if each[0] == act]


class Door:
    """The receiver with a database, a queue, and somebody who watches."""

    def __init__(self, database: Database, redis: Redis, clock: Clock) -> None:
        self.database, self.clock = database, clock
        self.seen = Seen()
        self.turns = Turns(redis)
        self.numbers: dict[str, Phone] = {}  # what the library has learnt
        self.stopped: list[int] = []  # chats whose turn at work is to be given up
        self.receiver = Receiver(
            database=database,
            turns=self.turns,
            signals=self.seen,
            phone_behind=self.numbers.get,
            stop=self.stopped.append,
            agents=lambda: [FINN],
            now=clock,
        )

    def settings(self, **wanted: Any) -> None:
        with self.database.write() as connection:
            settings_store.save(connection, Settings(**{"enabled": True} | wanted), self.clock())

    def allow(self, pattern: str) -> int:
        with self.database.write() as connection:
            entry = allowlist.add(connection, Pattern.parse(pattern), None, None, self.clock())
        return entry.id

    def store(self, *inbounds: Inbound) -> None:
        for each in inbounds:
            with self.database.write() as connection:
                messages.receive(connection, each, self.clock())

    def rows(self) -> Sequence[Mapping[str, Any]]:
        with self.database.read() as connection:
            rows = connection.execute(select(tables.messages).order_by(tables.messages.c.id))
            return rows.mappings().all()

    def judged(self, *inbounds: Inbound) -> Mapping[str, Any]:
        """The last message as it is stored after the decision."""
        self.store(*inbounds)
        self.receiver.work()
        return self.rows()[-1]

    def person(self, lid: str) -> people.Person:
        with self.database.write() as connection:
            return people.identify(connection, None, lid, "", self.clock())


@pytest.fixture
def door(database: Database, redis: Redis, clock: Clock) -> Door:
    door = Door(database, redis, clock)
    door.settings()
    return door


# Who is let in ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (str(ALICE), Reason.ALLOWED_NUMBER),
        ("+1555*", Reason.ALLOWED_PREFIX),
        ("*", Reason.ALLOWED_EVERYONE),
    ],
)
def test_the_allowlist_lets_in(door: Door, pattern, reason):
    entry = door.allow(pattern)
    row = door.judged(message())
    assert (row["state"], row["reason"], row["entry_id"]) == (MessageState.WAITING, reason, entry)
    assert (row["text"], row["raw"], row["quoted_text"]) == ("hi", b"raw", "what?")
    assert row["decided_at"] == START and row["chat_id"] and row["person_id"]


def test_everybody_is_let_in_if_the_owner_says_so(door: Door):
    door.settings(allow_all=True)
    assert door.judged(hidden())["reason"] == Reason.ALLOW_ALL


def test_a_hidden_id_whose_number_we_know_is_let_in(door: Door):
    """It came with the number once; today it comes alone."""
    door.allow(str(ALICE))
    door.judged(message(lid=ALICE_LID))
    row = door.judged(hidden("A2"))
    assert (row["state"], row["reason"]) == (MessageState.WAITING, Reason.ALLOWED_NUMBER)
    assert len({row["person_id"] for row in door.rows()}) == 1
    assert len({row["chat_id"] for row in door.rows()}) == 1


def test_a_hidden_id_whose_number_the_library_knows_is_let_in(door: Door):
    door.allow(str(ALICE))
    door.numbers[ALICE_LID] = ALICE
    row = door.judged(hidden())
    assert row["reason"] == Reason.ALLOWED_NUMBER
    assert door.person(ALICE_LID).phone == ALICE


def test_a_hidden_id_of_nobody_knows_whom_is_held(door: Door):
    """Its digits are no number, whatever they begin with."""
    door.allow("+1*")
    row = door.judged(hidden())
    assert (row["state"], row["reason"]) == (MessageState.HELD, Reason.NUMBER_UNKNOWN)


def test_a_hidden_id_on_the_list_is_let_in_and_goes_on_when_its_number_is_known(door: Door):
    entry = door.allow(ALICE_LID)
    first = door.judged(hidden())
    assert (first["state"], first["reason"]) == (MessageState.WAITING, Reason.ALLOWED_HIDDEN)
    assert first["entry_id"] == entry
    door.judged(message("A2", lid=ALICE_LID))
    alone = door.judged(message("A3"))
    for row in door.rows():
        assert row["reason"] == Reason.ALLOWED_HIDDEN and row["chat_id"] == first["chat_id"]
    assert alone["phone"] == ALICE and alone["lid"] is None


def test_a_hidden_id_on_the_list_grants_nothing_to_others(door: Door):
    """Not to a number with these digits, and not to the number from which WhatsApp took it away."""
    door.allow(ALICE_LID)
    digits = ALICE_LID.removesuffix("@lid")
    assert door.judged(message(phone=Phone(f"+{digits}")))["state"] == MessageState.HELD
    door.judged(message("A2", lid=ALICE_LID))
    moved = door.judged(from_bob("A3", lid=ALICE_LID))
    assert moved["reason"] == Reason.ALLOWED_HIDDEN, "the same account, by WhatsApp's word"
    assert door.judged(message("A4"))["reason"] == Reason.NOT_ALLOWED


def test_who_is_blocked_stays_out_whatever_lets_them_in(door: Door):
    door.allow(ALICE_LID)
    door.judged(hidden())
    alice = door.person(ALICE_LID)
    with door.database.write() as connection:
        people.block(connection, alice.id, door.clock())
    assert door.judged(hidden("A2"))["reason"] == Reason.BLOCKED


def test_a_stranger_is_held_and_sees_nothing(door: Door):
    door.allow(str(BOB))
    row = door.judged(message())
    assert (row["state"], row["reason"]) == (MessageState.HELD, Reason.NOT_ALLOWED)
    assert (row["text"], row["raw"], row["quoted_text"]) == ("", b"", None)
    assert row["person_id"] and row["chat_id"] is None
    assert door.seen.acts == [] and door.turns.is_empty()


def test_a_strangers_words_are_kept_if_the_owner_says_so(door: Door):
    door.settings(keep_held_text=True)
    assert door.judged(message())["text"] == "hi"


def test_somebody_blocked_is_ignored(door: Door):
    door.allow("*")
    person = door.judged(message())["person_id"]
    with door.database.write() as connection:
        people.block(connection, person, door.clock())
    row = door.judged(message("A2"))
    assert (row["state"], row["reason"], row["text"]) == (MessageState.IGNORED, Reason.BLOCKED, "")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"place": Place.GROUP}, Reason.GROUP),
        ({"place": Place.STATUS}, Reason.STATUS_POST),
        ({"place": Place.OTHER}, Reason.NOT_A_CHAT),
        ({"from_me": True, "phone": None}, Reason.OWN_MESSAGE),
        ({"kind": Kind.REACTION}, Reason.REACTION),
        ({"kind": Kind.DELETE}, Reason.DELETE),
        ({"kind": Kind.PROTOCOL}, Reason.PROTOCOL),
        ({"kind": Kind.UNDECRYPTABLE}, Reason.UNDECRYPTABLE),
    ],
)
def test_what_is_no_remark_to_us_is_ignored(door: Door, changes, reason):
    door.allow("*")
    row = door.judged(message(**changes))
    assert (row["state"], row["reason"]) == (MessageState.IGNORED, reason)
    assert (row["text"], row["raw"], row["chat_id"]) == ("", b"", None)
    assert door.seen.acts == [] and door.turns.is_empty()


def test_our_own_message_makes_nobody_a_person(door: Door):
    assert door.judged(message(from_me=True, phone=None))["person_id"] is None


def test_while_switched_off_nothing_is_answered(door: Door):
    door.allow("*")
    door.settings(enabled=False)
    assert door.judged(message())["reason"] == Reason.DISABLED


def test_the_same_message_twice_is_one(door: Door):
    door.allow("*")
    door.judged(message())
    door.judged(message())
    assert len(door.rows()) == 1 and door.seen.of("read") == ["A1"]


def test_a_message_that_could_be_read_the_second_time_is_answered(door: Door):
    door.allow("*")
    door.judged(message("A1/undecryptable", kind=Kind.UNDECRYPTABLE, text=""))
    assert door.judged(message("A1"))["state"] == MessageState.WAITING


# What is seen, and when -------------------------------------------------------------------------


def test_decisions_are_made_in_order(door: Door):
    door.allow("*")
    door.settings(ack_emoji="👀")
    door.store(message("A1"), from_bob("B1"), message("A2"))
    assert door.receiver.work() == 3
    assert door.seen.of("read") == ["A1", "B1", "A2"]
    assert door.seen.acts[:3] == [
        ("read", "A1"),
        ("typing", f"{ALICE.digits}@s.whatsapp.net"),
        ("ack", "A1", "👀"),
    ]
    assert door.receiver.work() == 0


def test_a_backlog_is_taken_to_its_end(door: Door):
    door.allow("*")
    door.store(*(message(f"A{n}") for n in range(205)))
    assert door.receiver.work() == 205
    assert {row["state"] for row in door.rows()} == {MessageState.WAITING}


def test_without_an_emoji_nothing_is_acknowledged(door: Door):
    door.allow("*")
    door.judged(message())
    assert door.seen.of("ack") == []


def test_a_job_is_nudged_once_the_decision_is_there_to_be_seen(door: Door):
    """Another process may run the job before this one goes on."""
    door.allow("*")
    states = []

    def look(accepted: Accepted) -> None:
        (job,) = door.turns.queue.jobs
        assert job.args == [accepted.chat_id]
        states.append(door.rows()[-1]["state"])

    door.seen.check = look
    door.judged(message())
    assert states == [MessageState.WAITING]


def test_a_courtesy_that_fails_costs_no_message(door: Door):
    """The failing one is nudged already; the others are decided the next time."""
    door.allow("*")
    door.store(message("A1"), message("A2"))

    def fail(accepted: Accepted) -> None:
        if accepted.message_id == "A1":
            raise RuntimeError("the database is away")

    door.seen.check = fail
    with pytest.raises(RuntimeError):
        door.receiver.work()
    assert door.receiver.work() == 1
    assert [row["state"] for row in door.rows()] == [MessageState.WAITING, MessageState.WAITING]
    assert len(door.turns.queue.jobs) == 2


def test_without_redis_all_goes_on(database: Database, clock: Clock, tmp_path):
    """A sweeper of the jobs finds the chat later."""
    nowhere = Redis(unix_socket_path=str(tmp_path / "nobody listens"))
    door = Door(database, nowhere, clock)
    door.settings()
    door.allow("*")
    assert door.judged(message())["state"] == MessageState.WAITING
    assert door.seen.of("read") == ["A1"]


def test_a_setting_rules_the_next_message(door: Door):
    assert door.judged(message("A1"))["state"] == MessageState.HELD
    door.settings(allow_all=True)
    assert door.judged(message("A2"))["state"] == MessageState.WAITING
    assert door.receiver.settings_version == 2


def test_which_settings_rule_is_known_without_a_message(door: Door):
    door.receiver.look()
    assert door.receiver.settings_version == 1


# Blue ticks -------------------------------------------------------------------------------------


class Line:
    """Where receipts leave, or don't."""

    def __init__(self) -> None:
        self.is_up = True
        self.broken: set[str] = set()
        self.left: list[tuple[str, str, list[str]]] = []

    def mark_read(self, chat: str, sender: str, ids: Sequence[str]) -> bool:
        if not self.is_up or chat in self.broken:
            return False
        self.left.append((chat, sender, list(ids)))
        return True

    @property
    def ids(self) -> list[str]:
        return [each for *_, ids in self.left for each in ids]


class Reading:
    """Messages that were accepted, and the ticks that they are owed."""

    def __init__(self, door: Door) -> None:
        self.door, self.line = door, Line()
        self.ticks = self.another()
        door.allow("*")

    def another(self) -> ReadReceipts:
        """Those of another connection process."""
        return ReadReceipts(self.door.database, self.line.mark_read, self.door.clock)

    def accept(self, *inbounds: Inbound) -> None:
        accepted: list[Accepted] = []
        self.door.seen.check = accepted.append
        self.door.judged(*inbounds)
        for each in accepted:
            self.ticks.add(each)

    def unread(self) -> list[str]:
        return [row["message_id"] for row in self.door.rows() if row["read_at"] is None]


@pytest.fixture
def reading(door: Door) -> Reading:
    return Reading(door)


def test_one_receipt_for_each_chat(reading: Reading):
    reading.accept(message("A1"), from_bob("B1"), message("A2"))
    reading.ticks.send()
    alice, bob = (f"{phone.digits}@s.whatsapp.net" for phone in (ALICE, BOB))
    assert reading.line.left == [(alice, alice, ["A1", "A2"]), (bob, bob, ["B1"])]
    assert reading.unread() == []


def test_a_tick_leaves_once(reading: Reading):
    reading.accept(message("A1"))
    reading.ticks.send()
    reading.ticks.send()
    assert reading.line.ids == ["A1"]


def test_a_tick_that_can_not_leave_is_tried_again(reading: Reading):
    reading.accept(message("A1"), from_bob("B1"))
    reading.line.is_up = False
    reading.ticks.send()
    assert reading.unread() == ["A1", "B1"]
    reading.line.is_up = True
    reading.ticks.send()
    assert sorted(reading.line.ids) == ["A1", "B1"] and reading.unread() == []


def test_a_chat_whose_ticks_never_leave_does_not_hold_up_the_others(reading: Reading):
    reading.line.broken.add(f"{ALICE.digits}@s.whatsapp.net")
    reading.accept(message("A1"), from_bob("B1"))
    reading.ticks.send()
    reading.ticks.send()
    assert reading.line.ids == ["B1"] and reading.unread() == ["A1"]


def test_ticks_that_are_owed_leave_after_a_restart(reading: Reading):
    reading.line.is_up = False
    reading.accept(message("A1"))
    reading.ticks.send()
    reading.line.is_up = True
    ticks = reading.another()
    ticks.load()
    ticks.send()
    assert reading.line.ids == ["A1"] and reading.unread() == []


def test_a_tick_that_is_loaded_and_added_leaves_once(reading: Reading):
    reading.accept(message("A1"), message("A2"))
    reading.ticks.load()
    reading.ticks.send()
    assert reading.line.ids == ["A1", "A2"]


def test_a_tick_of_yesterday_helps_nobody(reading: Reading):
    reading.accept(message("A1"))
    reading.door.clock.now += UNREAD_FOR
    ticks = reading.another()
    ticks.load()
    ticks.send()
    assert reading.line.ids == []


def test_who_was_ignored_is_owed_no_tick(reading: Reading):
    reading.door.settings(enabled=False)
    reading.door.judged(message("A1"))
    ticks = reading.another()
    ticks.load()
    ticks.send()
    assert reading.line.ids == []
