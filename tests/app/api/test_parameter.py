"""What a request says beside its body."""

import pytest

from core.phone import Phone
from store.account import audit
from store.chats import chats
from tests.app.api.outbox import HELLO, SEND, list_outbox
from tests.app.api.program import Api

ADA = Phone("+15551234567")


def nothing_happened(api: Api) -> bool:
    with api.database.read() as connection:
        chat = chats.of_phone(connection, ADA)
        return list_outbox(api) == [] and chat is None and audit.list_acts(connection) == []


@pytest.mark.parametrize(
    ("path", "change"),
    [(SEND, {"queue": True}), (f"{SEND}?queue=true", {}), (f"{SEND}?queue=false", {"queue": True})],
)
def test_a_message_that_may_wait_is_queued(linked: Api, path: str, change: dict) -> None:
    queued = linked.post(path, HELLO | change)
    assert list_outbox(linked) == [("15551234567@s.whatsapp.net", "🏗️ *Finn*\nhello")]
    assert linked.get(f"/whatsapp/messages/{queued['id']}")["state"] == "queued"


@pytest.mark.parametrize("value", ["yes", "1", "", "TRUE"])
def test_the_query_is_read_strictly(linked: Api, value: str) -> None:
    sentence = linked.refused(422, "POST", f"{SEND}?queue={value}", HELLO)
    assert sentence == "queue: Use true or false."
    assert nothing_happened(linked)
