"""Why a message went its way: each step with its time, for whoever asks."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from app.web.ext import Services
from core.admission.allowlist import Pattern
from core.agents.routing import Absence, Why
from core.messages.message import Reason
from core.models.failure import Failure
from core.phone import Phone
from core.states import MessageState
from store import allowlist
from store.chats import turns
from store.chats.turns import TurnKind
from tests.app.talking import ANA, Talk, talk
from tests.app.visitor import Visitor, words


@pytest.fixture
def ana(services: Services) -> Talk:
    start, ticks = datetime(2026, 3, 1, 12, tzinfo=UTC), count()
    services.now = lambda: start + timedelta(seconds=next(ticks))
    return talk(services)


def trace(owner: Visitor, talk: Talk, row: int, kind: str = "messages") -> str:
    """The same on the page and below the message."""
    address = f"/conversations/{talk.id}/{kind}/{row}"
    fragment = owner.open(address, htmx=True)
    assert "<html" not in fragment.text
    said = words(fragment)
    assert said in words(owner.open(address))
    return said


def test_the_way_of_a_message(owner: Visitor, services: Services, ana: Talk) -> None:
    with services.db.write() as connection:
        entry = allowlist.add(connection, Pattern(ANA), "Ana", None, services.now())
    row = ana.answered("Hello", "one", "two", input_tokens=12, output_tokens=3)
    ana.changes(row, entry_id=entry.id, read_at=ana.now)
    now = ana.now
    ana.receipt(1, claimed_at=now, state="sent", sent_at=now, delivered_at=now, read_at=now)
    said = trace(owner, ana, row)
    for part in (
        "Written, says WhatsApp",
        "Received and stored",
        "Accepted: The sender's number is on the allowlist. Entry +15550002001",
        "Blue ticks for its sender",
        "🏗️ Finn began: they are the default agent · demo/echo",
        "Done · 12 tokens in, 3 out",
        "Part 2: Put into the outbox",
        "Part 1: Sent",
        "Part 1: On their phone",
        "Part 1: Read",
    ):
        assert part in said
    assert "12:00:0" in said and "+1.0 s" in said


def test_what_went_wrong(owner: Visitor, ana: Talk) -> None:
    row = ana.answered("Hello", "Sorry", error_code="auth", error_detail="401: bad <key>")
    ana.receipt(state="failed", error="463: refused")
    said = trace(owner, ana, row)
    assert f"Failed. {Failure.AUTH.for_owner}" in said and "401: bad <key>" in said
    assert "Not sent: 463: refused" in said


def test_receipts_count_in_whole_seconds_and_still_come_after(owner: Visitor, ana: Talk) -> None:
    row = ana.answered("Hello", "Hi")
    sent = ana.now + timedelta(milliseconds=700)
    early = sent.replace(microsecond=0)
    ana.receipt(1, claimed_at=sent, state="sent", sent_at=sent, delivered_at=early)
    said = trace(owner, ana, row)
    assert said.index("Sent") < said.index("On their phone")


def test_attempts_that_lost_their_process(owner: Visitor, services: Services, ana: Talk) -> None:
    row = ana.hears("Hello")
    for _ in range(2):
        ana.begins(row)
        with services.db.write() as connection:
            turns.interrupt(connection, ana.id, services.now())
    ana.ends(ana.begins(row), "Hi")
    said = trace(owner, ana, row)
    assert said.count("Finn began, but the process ended: it waited again") == 2
    assert "attempt 3" in said


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (MessageState.WAITING, "It waits for an answer."),
        (MessageState.ANSWERED, "It was answered by hand"),
    ],
)
def test_without_a_turn(owner: Visitor, ana: Talk, state: MessageState, sentence: str) -> None:
    assert sentence in trace(owner, ana, ana.hears("Hello", state))


def test_while_a_turn_runs(owner: Visitor, ana: Talk) -> None:
    row = ana.hears("Hello")
    ana.begins(row)
    assert "🏗️ Finn is at it." in trace(owner, ana, row)


def test_an_agent_that_is_gone(owner: Visitor, ana: Talk) -> None:
    row = ana.hears("Hello")
    ana.ends(ana.begins(row, agent="ghost"), "Boo")
    assert "ghost began: they are the default agent. This agent is gone by now" in trace(
        owner, ana, row
    )


PASSED_OVER = {"yukihiro": Absence.GONE, "ghost": Absence.BROKEN}


def test_agents_that_were_chosen_but_could_not_answer(owner: Visitor, ana: Talk) -> None:
    row = ana.hears("Hello")
    turn = ana.begins(row, passed_over=PASSED_OVER)
    told = (
        "Yukihiro was chosen but was not there any more; ghost was chosen but could not be loaded"
    )
    assert f"{told}; Finn was asked." in trace(owner, ana, row)
    ana.ends(turn, "Hi")
    assert f"{told}; Finn answered." in trace(owner, ana, row)
    for kind in ("", "/export.html"):
        assert f"{told}; Finn answered." in words(owner.open(f"/conversations/{ana.id}{kind}"))


def test_nobody_was_left_to_answer(owner: Visitor, services: Services, ana: Talk) -> None:
    row = ana.hears("Hello")
    with services.db.write() as connection:
        turn = turns.begin(
            connection,
            ana.id,
            [row],
            services.now(),
            kind=TurnKind.NOTICE,
            request="Hello",
            why=Why.NO_AGENT,
            passed_over={"eric": Absence.HIDDEN},
        )
    ana.ends(turn, "Sorry", error_code="no_agent")
    told = "Eric was chosen but was switched off for WhatsApp; nobody was left to answer."
    assert told in trace(owner, ana, row)
    assert told in words(owner.open(f"/conversations/{ana.id}"))


def test_of_what_we_wrote_by_ourselves(owner: Visitor, ana: Talk) -> None:
    row = ana.sends("By hand")
    ana.receipt(row, claimed_at=ana.now, state="unknown", error="Lost.", possibly_twice=True)
    said = trace(owner, ana, row, "sent")
    assert "Put into the outbox by you" in said
    assert "Taken up for sending, for the second time" in said
    assert "It may not have arrived: Lost." in said


def test_somebody_who_was_not_answered_has_no_chat_but_a_trace(
    owner: Visitor, services: Services
) -> None:
    stranger = talk(services, Phone("+15550009999"), "Eve")
    held = {"state": MessageState.HELD, "reason": Reason.NOT_ALLOWED, "has_chat": False}
    row = stranger.hears("", **held)
    said = words(owner.open(f"/messages/{row}"))
    assert "Eve +1 555-000-9999" in said and "The text was not kept." in said
    assert "Held: The sender's number is not on the allowlist" in said


def test_one_address_for_each_message(owner: Visitor, ana: Talk) -> None:
    row = ana.answered("Hello", "Hi")
    answer = owner.open(f"/messages/{row}")
    assert (answer.status_code, answer.location) == (
        303,
        f"/conversations/{ana.id}/messages/{row}",
    )


@pytest.mark.parametrize("path", ["/messages/99", "/conversations/1/messages/99"])
def test_no_such_message(owner: Visitor, ana: Talk, path: str) -> None:
    assert owner.open(path).status_code == 404


def test_another_chat_s_message_is_not_found_here(
    owner: Visitor, services: Services, ana: Talk
) -> None:
    other = talk(services, Phone("+15550002002"))
    row, sent = ana.hears("Hello"), ana.sends("x")
    assert owner.open(f"/conversations/{other.id}/messages/{row}").status_code == 404
    assert owner.open(f"/conversations/{other.id}/sent/{sent}").status_code == 404
