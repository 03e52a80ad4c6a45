"""The history of the connection."""

import pytest
from sqlalchemy import Connection, insert

from core.link import End
from store import link_history
from store.link_history import KEPT, Event, LinkEvent
from store.sql.engine import Database
from store.sql.tables import link_events as table
from tests.store.rows import NOW, count


@pytest.fixture
def connection(database: Database):
    with database.write() as connection:
        yield connection


def test_the_latest_comes_first(connection: Connection) -> None:
    link_history.record(connection, Event.ONLINE, NOW, fence=7)
    link_history.record(connection, End.BANNED, NOW, detail="3600")
    assert link_history.list_latest(connection) == [
        LinkEvent(NOW, None, End.BANNED, None, "3600"),
        LinkEvent(NOW, Event.ONLINE, None, 7, ""),
    ]
    assert len(link_history.list_latest(connection, limit=1)) == 1


def test_every_kind_comes_back_as_it_was(connection: Connection) -> None:
    kinds = [*Event, *End]
    for kind in kinds:
        link_history.record(connection, kind, NOW)
    found = [each.event or each.end for each in link_history.list_latest(connection)]
    assert found == kinds[::-1]


def test_what_another_version_wrote_is_told_without_a_name(connection: Connection) -> None:
    connection.execute(insert(table).values(at=NOW, event="mood", detail="good"))
    assert link_history.list_latest(connection) == [LinkEvent(NOW, None, None, None, "good")]


def test_the_oldest_go(connection: Connection) -> None:
    row = {"at": NOW, "event": "online", "detail": ""}
    connection.execute(insert(table), [row] * KEPT)
    link_history.record(connection, Event.OFFLINE, NOW, detail="x" * 5000)
    assert count(connection, table) == KEPT
    [newest] = link_history.list_latest(connection, limit=1)
    assert newest.event is Event.OFFLINE and len(newest.detail) == 1000


def test_every_event_has_a_sentence() -> None:
    assert all(str(event.sentence) for event in Event)


def test_a_title_takes_up_the_detail_or_leaves_it_to_a_remark() -> None:
    def read(event: Event | None, end: End | None, detail: str) -> tuple[str | None, str]:
        found = LinkEvent(NOW, event, end, None, detail)
        return found.title, found.remark

    started = "A connection process was started, to show a QR code"
    assert read(Event.STARTED, None, "link") == (started, "")
    assert read(Event.STARTED, None, "sung") == ("A connection process was started, sung", "")
    assert read(Event.RETRY, None, "4.2 s") == ("It is tried again in 4.2 s", "")
    assert read(Event.OFFLINE, None, "a {cut}") == ("Offline", "a {cut}")
    assert read(None, End.BANNED, "60") == (str(End.BANNED.words.title), "60")
    assert read(None, None, "of a later version")[0] is None
