"""What a transcript is made of, as values."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from store.pages.transcript_items import (
    FreshStart,
    Incoming,
    Outgoing,
    TurnSummary,
    compute_version,
)

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
INCOMING = Incoming(
    id=1,
    message_id="M1",
    kind="text",
    text="Hello",
    from_me=False,
    quoted_id=None,
    quoted_text=None,
    facts=None,
    state="waiting",
    turn_id=None,
    at=AT,
    ack_emoji=None,
    edited_at=None,
    deleted_at=None,
    push_name="Ada",
    phone=None,
)
OUTGOING = Outgoing(
    id=2,
    text="Hi",
    state="sent",
    error=None,
    possibly_twice=False,
    agent=None,
    turn_id=None,
    send_id=None,
    wa_id=None,
    at=AT,
    claimed_at=None,
    sent_at=None,
    delivered_at=None,
    read_at=None,
    program=None,
    turn_kind=None,
)
OUTCOME = TurnSummary(
    id=3,
    kind="agent",
    state="running",
    agent="finn",
    model="demo/echo",
    why=None,
    passed_over=None,
    input_tokens=None,
    output_tokens=None,
    cost_usd=None,
    error_code=None,
    error_detail=None,
    started_at=AT,
    finished_at=None,
)


def test_each_has_a_key_of_its_own() -> None:
    items = (INCOMING, OUTGOING, OUTCOME, FreshStart(4, ("finn",), AT))
    assert [item.key for item in items] == ["message-1", "sent-2", "turn-3", "fresh-4"]
    assert [item.what for item in items] == ["incoming", "outgoing", "turn", "fresh"]


@pytest.mark.parametrize(
    ("kind", "text", "is_command"),
    [("text", "/help", True), ("text", "Hello", False), ("image", "/help", False)],
)
def test_only_written_words_are_a_command(kind: str, text: str, is_command: bool) -> None:
    assert replace(INCOMING, kind=kind, text=text).is_command is is_command


@pytest.mark.parametrize("owner", ["agent", "turn_id", "send_id"])
def test_what_belongs_to_nobody_was_written_by_hand(owner: str) -> None:
    assert OUTGOING.by_hand
    assert not replace(OUTGOING, **{owner: 1}).by_hand  # type: ignore[arg-type]


def test_the_latest_tick_counts() -> None:
    assert OUTGOING.progress == "sent"
    delivered = replace(OUTGOING, delivered_at=AT)
    assert delivered.progress == "delivered"
    assert replace(delivered, read_at=AT).progress == "read"


def test_a_turn_stands_where_it_ended() -> None:
    assert (OUTCOME.at, OUTCOME.seconds) == (AT, None)
    done = replace(OUTCOME, finished_at=AT + timedelta(seconds=2.5))
    assert (done.at, done.seconds) == (AT + timedelta(seconds=2.5), 2.5)


@pytest.mark.parametrize(
    ("changes", "is_telling"),
    [
        ({}, True),
        ({"kind": "command", "model": None, "state": "done"}, False),
        ({"kind": "command", "model": None, "state": "failed"}, True),
        ({"kind": "command", "state": "done"}, True),
        ({"kind": "notice", "model": None, "state": "done", "passed_over": {"a": "gone"}}, True),
    ],
)
def test_when_there_is_more_to_say(changes: dict[str, object], is_telling: bool) -> None:
    assert replace(OUTCOME, **changes).is_worth_telling is is_telling  # type: ignore[arg-type]


def test_a_version_changes_with_what_is_seen() -> None:
    assert compute_version(INCOMING) == compute_version(replace(INCOMING))
    assert compute_version(INCOMING) != compute_version(replace(INCOMING, reactions=("👍",)))
