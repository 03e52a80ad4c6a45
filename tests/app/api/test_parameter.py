"""What a request says beside its body."""

import pytest
from sqlalchemy import select

from core.link import Phase, Status
from core.phone import Phone
from core.settings import Settings
from store import link, settings
from store.account import audit
from store.chats import chats
from store.sql.tables import outbox as table
from tests.app.api.program import Api

SEND = "/whatsapp/finn/send"


ADA = Phone("+15551234567")


HELLO = {"to": "+15551234567", "message": "hello"}


@pytest.fixture
def enabled(api: Api) -> Api:
    """The owner has turned the integration on; nothing is linked yet."""
    with api.database.write() as connection:
        settings.save(connection, Settings(enabled=True), api.services.now())
    return api


@pytest.fixture
def linked(enabled: Api) -> Api:
    """An account is linked; nobody is connected."""
    with enabled.database.write() as connection:
        link.record_link(connection, Phone("+15550000000"), "DjinnBot", enabled.services.now())
    return enabled


@pytest.fixture
def connected(linked: Api) -> Api:
    linked.live.publish(Status(Phase.LINKED, connected=True))
    return linked


def rows(api: Api) -> list[tuple[str, str]]:
    """Address and text of everything in the outbox, in order."""
    with api.database.read() as connection:
        found = connection.execute(select(table.c.address, table.c.text).order_by(table.c.id))
        return [(row.address, row.text) for row in found]


def nothing_happened(api: Api) -> bool:
    with api.database.read() as connection:
        chat = chats.of_phone(connection, ADA)
        return rows(api) == [] and chat is None and audit.latest(connection) == []


@pytest.mark.parametrize(
    ("path", "change"),
    [(SEND, {"queue": True}), (f"{SEND}?queue=true", {}), (f"{SEND}?queue=false", {"queue": True})],
)
def test_a_message_that_may_wait_is_queued(linked: Api, path: str, change: dict) -> None:
    queued = linked.post(path, HELLO | change)
    assert rows(linked) == [("15551234567@s.whatsapp.net", "🏗️ *Finn*\nhello")]
    assert linked.get(f"/whatsapp/messages/{queued['id']}")["state"] == "queued"


@pytest.mark.parametrize("value", ["yes", "1", "", "TRUE"])
def test_the_query_is_read_strictly(linked: Api, value: str) -> None:
    sentence = linked.refused(422, "POST", f"{SEND}?queue={value}", HELLO)
    assert sentence == "queue: Use true or false."
    assert nothing_happened(linked)
