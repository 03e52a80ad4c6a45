"""Agents as the API names them."""

import pytest
from sqlalchemy import select

from core.link import Phase, Status
from core.phone import Phone
from core.settings import Settings
from store import link, settings
from store.sql.tables import outbox as table
from tests.app.api.program import Api

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


@pytest.mark.parametrize("agent", ["nobody", "Finn", "finn%20", "..%2f", "whatsapp"])
def test_an_unknown_agent(connected: Api, agent: str) -> None:
    assert connected.call("POST", f"/whatsapp/{agent}/send", HELLO).status_code == 404
    assert rows(connected) == []
