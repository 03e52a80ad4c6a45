"""What the API's bodies may hold."""

import pytest
from sqlalchemy import select

from core.link import Phase, Status
from core.phone import Phone
from core.settings import Settings
from store import link, settings
from store.sql.tables import outbox as table
from tests.app.api.program import Api

SEND = "/whatsapp/finn/send"


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


def test_the_longest_message(connected: Api) -> None:
    connected.post(SEND, HELLO | {"message": "🏗" * 65_536})
    sentence = connected.refused(422, "POST", SEND, HELLO | {"message": "x" * 65_537})
    assert sentence == "message: String should have at most 65536 characters."


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"message": ""}, "message: There is nothing to send."),
        ({"message": " \n\t "}, "message: There is nothing to send."),
        ({"message": "a\0b"}, "message: The character U+0000 can't be sent."),
        ({"message": None}, "message must be a valid string."),
        ({"to": "0821234567"}, "to: Start with + and the country code"),
        ({"to": "120363000000000000@g.us"}, "to: Start with + and the country code"),
        ({"to": "+1555*"}, "to: “+1555*” has too few or too many digits."),
        ({"to": 15551234567}, "to must be a valid string."),
        ({"urgent": "yes"}, "urgent must be a valid boolean."),
        ({"urgent": None}, "urgent must be a valid boolean."),
    ],
)
def test_a_bad_message_is_refused(connected: Api, change: dict[str, object], words: str) -> None:
    assert words in connected.refused(422, "POST", SEND, HELLO | change)
    assert rows(connected) == []


def test_a_message_without_its_parts(connected: Api) -> None:
    assert connected.refused(422, "POST", SEND, {}) == "to is required. message is required."
