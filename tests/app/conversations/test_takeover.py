"""Taking over: pause, write by hand, resume, from the browser's side."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.web.ext import Services
from core.link import End
from core.messages.message import Inbound, Kind, Place, Reason
from core.phone import Phone
from core.states import MessageState
from store import link
from store.chats import chats, contexts, manual, messages, people, takeovers
from store.chats.takeovers import By
from store.redis.queue import Turns
from store.sql import tables
from tests.app.visitor import Visitor, words

ANA = Phone("+15550002001")
ADDRESS = f"{ANA.digits}@s.whatsapp.net"


@pytest.fixture
def chat(services: Services) -> chats.Chat:
    """Ana's, on a linked account."""
    with services.db.write() as connection:
        link.record_link(connection, Phone("+15550001000"), "DjinnBot", services.now())
        person = people.identify(connection, ANA, None, "Ana", services.now())
        return chats.enter(connection, person.id, ADDRESS, services.now())


def says(services: Services, chat: chats.Chat, text: str) -> int:
    inbound = Inbound("us", ADDRESS, ADDRESS, text, Place.DIRECT, Kind.TEXT, text, services.now())
    with services.db.write() as connection:
        messages.receive(connection, inbound, services.now())
        row = messages.list_undecided(connection)[-1].id
        reason, ids = Reason.ALLOWED_NUMBER, {"chat_id": chat.id, "person_id": chat.person_id}
        messages.record_decision(
            connection, row, MessageState.WAITING, reason, services.now(), **ids
        )
    return row


def rows(services: Services, table: Any) -> list[Any]:
    with services.db.read() as connection:
        return list(connection.execute(select(table).order_by(table.c.id)).mappings())


def pause_of(services: Services, chat: chats.Chat) -> takeovers.Takeover | None:
    with services.db.read() as connection:
        return takeovers.find_current(connection, chat.id, services.now())


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize(("fields", "minutes"), [({}, 30), ({"until": "resumed"}, None)])
def test_pausing(owner: Visitor, services: Services, chat, htmx, fields, minutes):
    answer = owner.submit(f"/conversations/{chat.id}/pause", htmx=htmx, **fields)
    assert answer.status_code == (200 if htmx else 303)
    pause = pause_of(services, chat)
    assert pause and pause.by is By.PANEL
    if minutes:
        assert timedelta(0) < pause.until - pause.since <= timedelta(minutes=minutes)
    else:
        assert pause.until is None
    said = words(answer if htmx else owner.open(f"/conversations/{chat.id}/takeover"))
    assert "You have taken over" in said and "Resume" in said


@pytest.mark.parametrize("htmx", [False, True])
def test_writing_by_hand(owner: Visitor, services: Services, chat, htmx):
    says(services, chat, "Can I come at three?")
    text = "**Yes**, see you then"
    answer = owner.submit(f"/conversations/{chat.id}/write", htmx=htmx, text=text)
    assert answer.status_code == (200 if htmx else 303)
    (sent,) = rows(services, tables.outbox)
    assert (sent["text"], sent["address"], sent["state"]) == (
        "*Yes*, see you then",
        ADDRESS,
        "queued",
    )
    assert (sent["turn_id"], sent["send_id"], sent["agent"]) == (None, None, None)
    (message,) = rows(services, tables.messages)
    assert (message["state"], message["turn_id"]) == (MessageState.ANSWERED, None)
    assert pause_of(services, chat)
    page = answer if htmx else owner.open(f"/conversations/{chat.id}/takeover")
    assert "as soon as WhatsApp is connected" in words(page)  # no worker is there


def test_a_longer_pause_is_not_cut_short_by_writing(owner: Visitor, services: Services, chat):
    owner.submit(f"/conversations/{chat.id}/pause", until="resumed")
    owner.submit(f"/conversations/{chat.id}/write", text="hello")
    assert pause_of(services, chat).until is None


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize(
    ("text", "sentence"),
    [("  ", "Write something first"), ("x" * 20_001, "too long"), ("#", "Nothing of that")],
)
def test_what_can_not_be_sent_is_kept(owner: Visitor, services, chat, htmx, text, sentence):
    answer = owner.submit(f"/conversations/{chat.id}/write", htmx=htmx, text=text)
    assert answer.status_code == 422 and sentence in words(answer)
    assert text.strip() in answer.text
    assert not rows(services, tables.outbox) and not pause_of(services, chat)


def test_without_an_account_nothing_is_queued(owner: Visitor, services: Services, chat):
    with services.db.write() as connection:
        link.record_end(connection, End.REMOVED_ON_PHONE, services.now())
    answer = owner.submit(f"/conversations/{chat.id}/write", text="Are you there?")
    assert answer.status_code == 422 and "No WhatsApp account is linked" in words(answer)
    assert "Are you there?" in answer.text and not rows(services, tables.outbox)


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"asked": "y", "answer": "on"}, MessageState.WAITING),
        ({"asked": "y"}, MessageState.ANSWERED),
        ({}, MessageState.WAITING),  # it came while the page showed that nothing waits
    ],
)
def test_resuming(owner: Visitor, services: Services, chat, fields, state):
    owner.submit(f"/conversations/{chat.id}/pause")
    says(services, chat, "Anybody?")
    owner.submit(f"/conversations/{chat.id}/resume", **fields)
    assert pause_of(services, chat) is None
    assert [row["state"] for row in rows(services, tables.messages)] == [state]
    assert [job.args for job in Turns(services.live.redis).queue.jobs] == [[chat.id]]


def test_commands_stay_ours(owner: Visitor, services: Services, chat):
    says(services, chat, "/help")
    owner.submit(f"/conversations/{chat.id}/write", text="hello")
    assert [row["state"] for row in rows(services, tables.messages)] == [MessageState.WAITING]


def test_a_pause_by_the_phone_is_told(owner: Visitor, services: Services, chat):
    with services.db.write() as connection:
        until = services.now() + timedelta(minutes=20)
        takeovers.begin(connection, chat.id, By.PHONE, until, services.now())
    said = words(owner.open(f"/conversations/{chat.id}/takeover"))
    assert f"Paused by your phone until {until:%H:%M}" in said


def test_the_state_asks_again_and_is_told_of_news_only(owner: Visitor, services: Services, chat):
    path = f"/conversations/{chat.id}/takeover"
    first = owner.open(path, htmx=True)
    seen = first.text.split("seen=")[1].split('"')[0]
    assert owner.open(f"{path}?seen={seen}", htmx=True).status_code == 204
    says(services, chat, "hi")
    assert owner.open(f"{path}?seen={seen}", htmx=True).status_code == 200
    assert "<textarea" not in first.text


def test_each_act_is_in_the_audit_log(owner: Visitor, services: Services, chat):
    owner.submit(f"/conversations/{chat.id}/pause")
    owner.submit(f"/conversations/{chat.id}/write", text="a secret")
    owner.submit(f"/conversations/{chat.id}/resume")
    acts = [row for row in rows(services, tables.audit) if f"chat {chat.id}" in row["detail"]]
    assert [row["action"] for row in acts] == ["chat paused", "wrote by hand", "chat resumed"]
    assert "secret" not in str(acts)


@pytest.mark.parametrize("act", ["pause", "resume", "write"])
def test_only_chats_on_whatsapp(owner: Visitor, services: Services, act):
    with services.db.write() as connection:
        mine = chats.begin_in_panel(connection, "finn", services.now()).id
    for chat_id in (mine, 99):
        answer = owner.submit(f"/conversations/{chat_id}/{act}", text="hi")
        assert answer.status_code == 404


def test_without_redis_the_owner_takes_over_all_the_same(
    owner: Visitor, services, chat, monkeypatch
):
    """Jobs find out by themselves."""
    monkeypatch.setattr(services.live, "nudge_outbox", _broken)
    owner.submit(f"/conversations/{chat.id}/write", text="hello")
    assert pause_of(services, chat) and len(rows(services, tables.outbox)) == 1


def _broken() -> None:
    from redis import ConnectionError

    raise ConnectionError("gone")


def test_what_the_owner_said_is_told_to_the_agent_that_goes_on(services: Services, chat):
    with services.db.write() as connection:
        now = services.now()
        conversation = contexts.find_or_open(connection, chat.id, "finn", now)
    says(services, chat, "Can I come?")
    with services.db.write() as connection:
        chat = chats.get(connection, chat.id)
        manual.write(connection, chat, ["Yes"], services.now())
        chat = chats.get(connection, chat.id)
        said = manual.list_since_last_turn(connection, chat, conversation)
    assert [(each.by_owner, each.text) for each in said] == [(False, "Can I come?"), (True, "Yes")]
