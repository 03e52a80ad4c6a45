"""What is looked up about a message, and that a plan is written down as it says."""

from dataclasses import replace

from core.admission.allowlist import Pattern
from core.admission.plan import ChatPlan, Plan
from core.messages.message import Kind, Reason
from core.states import MessageState
from store import admission, allowlist
from store.chats import messages, people
from store.sql.engine import Database
from tests.store.rows import ADA, BOB, LID, NOW, chat_with, inbound, write


def receive(connection, message_id="M1", phone=ADA, **changes):
    """A message that was stored just now, looked up."""
    messages.receive(connection, inbound(message_id, phone, **changes), NOW)
    return admission.look_up(connection, messages.list_undecided(connection)[-1])


def test_of_a_stranger_nothing_is_known(database: Database) -> None:
    with database.write() as connection:
        case = receive(connection).case
        assert case.known is None and case.entries == [] and not case.has_chat


def test_a_number_that_is_known_by_the_hidden_id_is_filled_in(database: Database) -> None:
    with database.write() as connection:
        people.identify(connection, ADA, LID, "", NOW)
        entry = allowlist.add(connection, Pattern(ADA), None, None, NOW)
        found = receive(connection, phone=None, lid=LID)
        assert found.case.inbound.phone == ADA and found.case.entries == [entry]
        assert admission.needs_number(found) is None


def test_a_number_that_is_not_known_has_to_be_asked_for(database: Database) -> None:
    with database.write() as connection:
        assert admission.needs_number(receive(connection, phone=None, lid=LID)) == LID


def test_two_who_become_one_are_blocked_if_either_is(database: Database) -> None:
    with database.write() as connection:
        people.identify(connection, ADA, None, "", NOW)
        hidden = people.identify(connection, None, LID, "", NOW)
        people.block(connection, hidden.id, NOW)
        known = receive(connection, lid=LID).case.known
        assert known and known.is_blocked and (known.phone, known.lid) == (ADA, LID)


def test_a_hidden_id_that_moves_leaves_its_old_number_s_block_behind(database: Database) -> None:
    with database.write() as connection:
        old = people.identify(connection, BOB, LID, "", NOW)
        people.block(connection, old.id, NOW)
        assert receive(connection, lid=LID).case.known is None


def test_an_edit_finds_what_it_is_about(database: Database) -> None:
    with database.write() as connection:
        write(connection, chat_with(connection), "M1", MessageState.ANSWERED)
        found = receive(connection, "E1", kind=Kind.EDIT, target_id="M1", text="new")
        assert found.case.target and found.case.target.text == "Hello"
        nobody_s = receive(connection, "E2", kind=Kind.EDIT, target_id="M9", text="new")
        assert nobody_s.case.target is None


def test_a_plan_is_written_down(database: Database) -> None:
    with database.write() as connection:
        found = receive(connection)
        plan = Plan(MessageState.WAITING, Reason.ALLOW_ALL, notes_person=True, chat=ChatPlan.ENTER)
        outcome = admission.carry_out(connection, found, replace(plan, keeps_text=True), NOW)
        assert outcome.accepted and not outcome.is_paused
        [waiting] = messages.list_waiting(connection, outcome.accepted.chat_id)
        assert waiting.text == "Hello" and waiting.person_id


def test_a_decision_is_final(database: Database) -> None:
    with database.write() as connection:
        found = receive(connection)
        for state in (MessageState.HELD, MessageState.IGNORED):
            plan = Plan(state, Reason.NOT_ALLOWED, notes_person=True)
            admission.carry_out(connection, found, plan, NOW)
        assert messages.list_undecided(connection) == []
