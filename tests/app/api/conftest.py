"""How far the owner has come before a program sends something."""

import pytest

from core.link import Phase, Status
from core.phone import Phone
from core.settings import Settings
from store import link, settings
from tests.app.api.program import Api


@pytest.fixture
def enabled(api: Api) -> Api:
    """The owner has turned the integration on; nothing is linked yet."""
    with api.database.write() as connection:
        settings.save(connection, Settings(enabled=True), api.services.now())
    return api


@pytest.fixture
def linked(enabled: Api) -> Api:
    """An account is linked; there is no connection."""
    with enabled.database.write() as connection:
        link.record_link(connection, Phone("+15550000000"), "DjinnBot", enabled.services.now())
    return enabled


@pytest.fixture
def connected(linked: Api) -> Api:
    linked.live.publish(Status(Phase.LINKED, connected=True))
    return linked
