"""When the owner's day began."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection

from app.web.ext import Services
from core.messages.message import Reason
from core.states import MessageState
from store.chats import messages
from tests.app.visitor import Visitor, words
from tests.store.rows import inbound


@pytest.mark.parametrize(
    ("zone", "today"),
    [("", 0), ("Pacific/Kiritimati", 1), ("America/Los_Angeles", 1), ("No/Where", 0)],
)
def test_today_is_the_browser_s(owner: Visitor, services: Services, zone: str, today: int) -> None:
    """At half past midnight in UTC a message of an hour ago is yesterday's, but not everywhere."""
    night = datetime(2026, 3, 5, 0, 30, tzinfo=UTC)
    services.now = lambda: night
    owner.sign_in()
    with services.db.write() as connection:
        receive(connection, night - timedelta(hours=1))
    owner.client.set_cookie("zone", zone)
    assert f"Messages in {today} 1 in 24 hours" in words(owner.open("/"))


def receive(connection: Connection, at: datetime) -> None:
    messages.receive(connection, inbound(), at)
    [received] = messages.list_undecided(connection)
    messages.record_decision(
        connection, received.id, MessageState.WAITING, Reason.ALLOWED_NUMBER, at
    )
