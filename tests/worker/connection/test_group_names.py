"""What groups are called."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from redis import Redis

from core.messages.message import Inbound, Place
from core.settings import Groups
from store.chats import chats
from store.chats.chats import Chat
from store.sql.engine import Database
from tests.worker.connection.test_receive import Door, message
from tests.worker.world import ALICE, Clock, World
from worker.connection.group_names import AGAIN, LATELY, GroupNames

GROUP = "120363000000000001@g.us"


def here(inbound: Inbound, **changes: Any) -> Inbound:
    """The same, written in the group and to us."""
    to_us = {"chat": GROUP, "place": Place.GROUP, "is_to_us": True}
    return replace(inbound, **to_us | changes)


@pytest.fixture
def door(database: Database, redis: Redis, clock: Clock) -> Door:
    door = Door(database, redis, clock)
    door.settings(groups=Groups.ADDRESSED, ack_emoji="👀")
    door.allow(str(ALICE))
    return door


def chat_of(database: Database) -> Chat | None:
    with database.read() as connection:
        return chats.of_group(connection, GROUP)


@pytest.fixture
def group(world: World) -> World:
    """Finn answers everybody there."""
    world.agent("finn")
    world.settings(
        enabled=True, allow_all=True, groups=Groups.ADDRESSED, default_agent="finn", gather_ms=0
    )
    return world


def test_a_group_is_asked_once_what_it_is_called(door: Door, clock: Clock):
    door.judged(here(message()), message("A2"))
    asked: list[str] = []
    answers: list[str | None] = [None, "Team", "Other"]

    def ask(group: str) -> str | None:
        asked.append(group)
        return answers[len(asked) - 1]

    subjects = GroupNames(door.database, ask, clock)
    subjects.work()
    subjects.work()
    assert asked == [GROUP], "not again at once where nobody tells"
    clock.advance(seconds=AGAIN.total_seconds())
    subjects.work()
    subjects.work()
    chat = chat_of(door.database)
    assert asked == [GROUP] * 2 and chat and chat.subject == "Team"
    GroupNames(door.database, ask, clock).work()
    chat = chat_of(door.database)
    assert chat and chat.subject == "Other", "names change"
    clock.advance(seconds=LATELY.total_seconds() + timedelta(days=1).total_seconds())
    GroupNames(door.database, ask, clock).work()
    assert len(asked) == 3
