"""/v1/whatsapp/{agent_id}/send and messages/{id}."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, select

from core.link import Phase, Status
from core.phone import Phone
from core.settings import Settings
from store import link, settings
from store.account import audit
from store.chats import chats, outbox, people
from store.sql.tables import outbox as table
from tests.app.api.outbox import HELLO, SEND, list_outbox
from tests.app.api.program import Api

ADA = Phone("+15551234567")


def test_a_message_is_queued_and_the_worker_nudged(connected: Api) -> None:
    queued = connected.post(SEND, HELLO)
    assert queued == {"status": "queued", "id": queued["id"], "agentId": "finn"}
    assert list_outbox(connected) == [("15551234567@s.whatsapp.net", "🏗️ *Finn*\nhello")]
    assert connected.live.wait_for_outbox_nudge(0.01)


def test_it_answers_202(connected: Api) -> None:
    assert connected.call("POST", SEND, HELLO).status_code == 202


def test_urgent_is_said_in_front(connected: Api) -> None:
    connected.post(SEND, HELLO | {"urgent": True})
    connected.post(SEND, HELLO | {"urgent": False})
    assert [text for _, text in list_outbox(connected)] == [
        "🏗️ *Finn*\nURGENT: hello",
        "🏗️ *Finn*\nhello",
    ]


def test_markdown_becomes_whatsapp_formatting(connected: Api) -> None:
    connected.post(SEND, HELLO | {"message": "# News\n\n**Total:** 5", "urgent": True})
    assert list_outbox(connected)[0][1] == "🏗️ *Finn*\nURGENT: *News*\n\n*Total:* 5"


LONG = "\n\n".join(f"Paragraph {n}. " + "word " * 100 for n in range(20))


def test_a_long_message_is_cut_into_several(connected: Api) -> None:
    queued = connected.post(SEND, HELLO | {"message": LONG})
    texts = [text for _, text in list_outbox(connected)]
    assert len(texts) > 2
    assert texts[0].startswith("🏗️ *Finn*\nParagraph 0.")
    assert all(len(text) <= 4000 for text in texts)
    with connected.database.read() as connection:
        assert set(connection.scalars(select(table.c.send_id))) == {queued["id"]}


def test_a_known_chat_is_written_to_at_its_own_address(connected: Api) -> None:
    now = connected.services.now()
    with connected.database.write() as connection:
        person = people.identify(connection, ADA, "77@lid", "Ada", now)
        chat = chats.enter(connection, person.id, "77@lid", now)
    queued = connected.post(SEND, HELLO)
    assert list_outbox(connected)[0][0] == "77@lid"
    with connected.database.read() as connection:
        [row] = connection.execute(select(table)).all()
    assert (row.chat_id, row.send_id) == (chat.id, queued["id"])


def test_the_reply_goes_to_the_agent_that_wrote(connected: Api) -> None:
    now = connected.services.now()
    connected.services.now = lambda: now
    with connected.database.write() as connection:
        settings.save(connection, Settings(enabled=True, sticky_minutes=7), now)
    connected.post(SEND, HELLO)
    with connected.database.read() as connection:
        chat = chats.of_phone(connection, ADA)
    assert chat and (chat.agent, chat.sticky_until) == ("finn", now + timedelta(minutes=7))


def nothing_happened(api: Api) -> bool:
    with api.database.read() as connection:
        chat = chats.of_phone(connection, ADA)
        return list_outbox(api) == [] and chat is None and audit.list_acts(connection) == []


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (Status(Phase.LINKED, connected=False), "WhatsApp is not connected"),
        (None, "WhatsApp is not connected: the worker is not running"),
    ],
)
def test_nothing_is_queued_without_a_connection(
    linked: Api, status: Status | None, sentence: str
) -> None:
    if status:
        linked.live.publish(status)
    assert linked.refused(503, "POST", SEND, HELLO) == sentence
    assert nothing_happened(linked)


def test_nothing_is_queued_without_an_account(enabled: Api) -> None:
    enabled.live.publish(Status(Phase.UNLINKED))
    sentence = enabled.refused(503, "POST", SEND, HELLO)
    assert sentence == "WhatsApp is not connected: no account is linked"
    sentence = enabled.refused(409, "POST", SEND, HELLO | {"queue": True})
    assert sentence == "No account is linked: there is nothing to wait for."
    assert nothing_happened(enabled)


@pytest.mark.parametrize("queue", [False, True])
def test_nothing_is_queued_while_the_integration_is_off(api: Api, queue: bool) -> None:
    with api.database.write() as connection:
        link.record_link(connection, ADA, "DjinnBot", api.services.now())
    api.live.publish(Status(Phase.LINKED, connected=True))
    sentence = api.refused(503, "POST", SEND, HELLO | {"queue": queue})
    assert sentence == "WhatsApp is not connected: the integration is disabled"
    assert nothing_happened(api)


def chunks(api: Api, send_id: int) -> list[int]:
    """The ids of its rows in the outbox."""
    with api.database.read() as connection:
        rows = connection.scalars(select(table.c.id).where(table.c.send_id == send_id))
        return sorted(rows)


def test_how_far_a_message_got(connected: Api) -> None:
    now = connected.services.now()
    send_id = connected.post(SEND, HELLO)["id"]
    [row_id] = chunks(connected, send_id)
    path = f"/whatsapp/messages/{send_id}"
    chunk = {"state": "queued", "error": None, "sentAt": None, "possiblyTwice": False}
    queued = {
        **{"id": send_id, "agentId": "finn", "state": "queued", "error": None, "sentAt": None},
        "chunks": [chunk],
    }
    assert connected.get(path) == queued
    lost = {"state": "unknown", "error": "The connection was lost."}
    with connected.database.write() as connection:
        outbox.record_lost_sight(connection, row_id, "The connection was lost.")
    assert connected.get(path) == queued | lost | {"chunks": [chunk | lost]}
    sent = {"state": "sent", "sentAt": int(now.timestamp() * 1000)}
    with connected.database.write() as connection:
        outbox.record_sent(connection, row_id, "3EB0", now)
    assert connected.get(path) == queued | sent | {"chunks": [chunk | sent]}


def test_a_long_message_is_sent_when_all_of_it_is(connected: Api) -> None:
    now = connected.services.now()
    send_id = connected.post(SEND, HELLO | {"message": LONG})["id"]
    first, *others = chunks(connected, send_id)

    def after(change: Callable[[Connection], object]) -> tuple[str, str | None, bool]:
        with connected.database.write() as connection:
            change(connection)
        told = connected.get(f"/whatsapp/messages/{send_id}")
        assert len(told["chunks"]) == 1 + len(others)
        return told["state"], told["error"], told["sentAt"] is not None

    assert after(lambda connection: outbox.claim(connection, first, 0, now))[0] == "sending"
    assert after(lambda connection: outbox.record_sent(connection, first, "A", now))[0] == "sending"
    for row_id in others[:-1]:
        after(partial(outbox.record_sent, row_id=row_id, wa_id="B", now=now))
    last = others[-1]
    lost = after(lambda connection: outbox.record_lost_sight(connection, last, "Lost."))
    assert lost == ("unknown", "Lost.", False)
    refused = after(lambda connection: outbox.record_refusal(connection, first + 1, "Refused."))
    assert refused[0] == "unknown"  # what has left stays sent
    assert after(lambda connection: outbox.record_sent(connection, last, "C", now)) == (
        "sent",
        None,
        True,
    )


def test_one_refused_part_is_a_failed_message(connected: Api) -> None:
    send_id = connected.post(SEND, HELLO | {"message": LONG})["id"]
    first, second, *_ = chunks(connected, send_id)
    with connected.database.write() as connection:
        outbox.record_sent(connection, first, "A", connected.services.now())
        outbox.record_refusal(connection, second, "There is no such number.")
    told = connected.get(f"/whatsapp/messages/{send_id}")
    assert (told["state"], told["error"]) == ("failed", "There is no such number.")
    assert [chunk["state"] for chunk in told["chunks"][:2]] == ["sent", "failed"]


def test_a_message_of_the_worker_is_nobodys_send(connected: Api) -> None:
    with connected.database.write() as connection:
        outbox.add(connection, address="1@lid", texts=["hi"], now=connected.services.now())
    connected.refused(404, "GET", "/whatsapp/messages/1")


def test_a_message_that_is_not_there(connected: Api) -> None:
    assert connected.refused(404, "GET", "/whatsapp/messages/9") == "Message not found"


def test_who_sent_is_written_down_and_the_words_are_not(connected: Api) -> None:
    queued = connected.post(SEND, HELLO)
    with connected.database.read() as connection:
        [act] = audit.list_acts(connection)
    assert (act.actor, act.action) == ("api:program", "message queued")
    assert act.detail == f"{queued['id']}: finn to +15551234567"
