"""A panel that has been in use: people, messages of every kind, answers, failures, settings.

Written straight into the tables, so that ten thousand messages take seconds, and into an empty
database: ids begin at 1, which `tests/support/pages.py` counts on.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Table, insert

from core.admission.allowlist import Pattern
from core.link import End
from core.messages.message import Kind, Place, Reason
from core.phone import Phone
from core.settings import Settings
from core.states import MessageState, PieceState, TurnState
from store import allowlist, link, link_history, settings
from store.account import api_keys, audit
from store.agents import favourites, permissions
from store.chats.chats import PANEL
from store.chats.turns import TurnKind
from store.link_history import Event
from store.sql.tables import chats, conversations, messages, outbox, people, turns

OUR_NUMBER = Phone("+15550001000")
PANEL_CHAT, CHAT = 1, 2  # the ids of the owner's chat in the panel, and of the first person's
HELD_MESSAGE, MESSAGE, REPLY = 1, 3, 1  # of somebody held; the first person's first, its answer
AGENTS = ("finn", "yukihiro", "eric", "gone")

_SAID = (
    (Kind.TEXT, "Which database should we start with? *Thanks* for `any` hint.", None),
    (Kind.TEXT, "/agent yukihiro", None),
    (Kind.IMAGE, "Is this the right plug?", {"mime": "image/jpeg", "size": 48_000}),
    (Kind.VOICE, "", {"seconds": 7}),
    (Kind.DOCUMENT, "", {"name": "offer.pdf", "size": 120_000, "pages": 3}),
    (Kind.LOCATION, "", {"name": "The office", "latitude": 48.2, "longitude": 16.37}),
    (Kind.CONTACT, "", {"contacts": [{"name": "Bea", "phones": ["+15550009999"]}]}),
    (Kind.POLL, "", {"question": "Tea or coffee?", "options": ["Tea", "Coffee"]}),
    (Kind.STICKER, "", {}),
    (Kind.TEXT, "A longer one, " * 30, None),
)
_SENT = (PieceState.SENT, PieceState.SENT, PieceState.SENT, PieceState.FAILED, PieceState.QUEUED)


@dataclass(frozen=True)
class Size:
    """How much there is of each. `messages` are those of WhatsApp that were answered, of which the
    first person has written half, but no more than `longest`; `people` are as many again who were
    held, and blocked."""

    people: int = 12
    messages: int = 40
    longest: int = 1000
    entries: int = 12
    others: int = 12  # API keys, permissions, acts in the audit log, events of the connection ...


def live_through(connection: Connection, size: Size, now: datetime) -> None:
    _decide(connection, size, now)
    _add(connection, people, [_person(number, size, now) for number in range(1, _crowd(size) + 1)])
    _add(connection, chats, _chats(size, now))
    talks = [{"chat_id": n, "agent": AGENTS[n % 4], "opened_at": now} for n in _chat_ids(size)]
    _add(connection, conversations, talks)
    said = list(_exchanges(size, now))
    held = list(_held(size, now))
    _add(connection, messages, held[:1])
    _add(connection, turns, [exchange["turn"] for exchange in said])
    _add(connection, messages, [exchange["message"] for exchange in said])
    _add(connection, outbox, [reply for exchange in said for reply in exchange["replies"]])
    _add(connection, messages, [*_remarks(now), *held[1:]])


def _decide(connection: Connection, size: Size, now: datetime) -> None:
    """What the owner and the worker have done."""
    link.record_link(connection, OUR_NUMBER, "DjinnBot", now - timedelta(days=30))
    chosen = Settings(enabled=True, default_agent="finn", ack_emoji="👀", keep_held_text=True)
    settings.save(connection, chosen, now)
    allowlist.add(connection, Pattern("+1555*"), "The office", "finn", now)
    for number in range(size.entries):
        allowlist.add(connection, Pattern(f"+1556{number:07}"), f"Label {number}", "gone", now)
    favourites.save(connection, [f"openai/model-{number}" for number in range(min(size.others, 9))])
    for number in range(size.others):
        api_keys.create(connection, f"Program {number}", ["send", "config:read"], now)
        permissions.add(connection, AGENTS[number % 4], Pattern(f"+1557{number:07}"), None, now)
        audit.record(connection, "ana", "settings saved", f"version {number}", now)
        link_history.record(connection, Event.OFFLINE, now, fence=number, detail="keepalive")
        link_history.record(connection, End.REPLACED, now, fence=number)


def _crowd(size: Size) -> int:
    return 3 * size.people


def _person(number: int, size: Size, now: datetime) -> dict[str, Any]:
    """Those who are answered, those who are held, those who are blocked."""
    is_hidden = number % 10 == 0
    return {
        "phone": None if is_hidden else f"+1555{number:07}",
        "lid": f"{number}@lid",
        "push_name": f"Person {number}" if number % 7 else "",
        "blocked_at": now if number > 2 * size.people else None,
        "first_seen_at": now - timedelta(days=20),
        "last_seen_at": now,
    }


def _chat_ids(size: Size) -> range:
    return range(PANEL_CHAT, size.people + CHAT)


def _chats(size: Size, now: datetime) -> list[dict[str, Any]]:
    panel = {"channel": "panel", "address": f"{PANEL}:1", "person_id": None, "agent": "finn"}
    direct = {"channel": "whatsapp", "agent": "yukihiro", "sticky_until": now + timedelta(hours=1)}
    theirs = [
        {**direct, "address": f"{n}@lid", "person_id": n, "paused_at": now if n % 5 == 2 else None}
        for n in range(1, size.people + 1)
    ]
    return [
        {"sticky_until": None, "paused_at": None, "last_message_at": now, **chat}
        | {"paused_by": "panel" if chat.get("paused_at") else None}
        for chat in (panel, *theirs)
    ]


def _exchanges(size: Size, now: datetime) -> Iterator[dict[str, Any]]:
    """Oldest first. Every second message is of the first person, every tenth turn fails."""
    ours = min(size.messages // 2, size.longest)
    for number in range(size.messages):
        at = now - timedelta(minutes=size.messages - number)
        turn = number + 1
        if number % 2 and number // 2 < ours:
            yield _exchange(turn, CHAT, number // 2, at)
        elif number < 20:
            yield _exchange(turn, PANEL_CHAT, number, at)
        else:
            yield _exchange(turn, CHAT + number // 2 % size.people, number, at)


def _exchange(turn: int, chat: int, number: int, at: datetime) -> dict[str, Any]:
    is_panel = chat == PANEL_CHAT
    kind, text, facts = _SAID[0] if is_panel else _SAID[number % len(_SAID)]
    failed = number % 10 == 9
    row = _message(f"M{turn}", chat - 1, at) | {
        "kind": kind,
        "text": text,
        "facts": facts,
        "state": MessageState.FAILED if failed else MessageState.ANSWERED,
        "reason": Reason.OWNER if is_panel else Reason.ALLOWED_PREFIX,
        "entry_id": None if is_panel else 1,
        "chat_id": chat,
        "turn_id": turn,
        "answered_at": at + timedelta(seconds=3),
        "edited_at": at if number % 10 == 1 else None,
        "quoted_id": "M1" if number % 10 == 5 else None,
        "quoted_text": "What was said before" if number % 10 == 5 else None,
    }
    if is_panel:
        row |= {"account": PANEL, "chat": f"{PANEL}:1", "person_id": None, "lid": None}
    replies = [] if is_panel or failed else [_reply(turn, chat, number, at)]
    return {"turn": _turn(chat, text, failed, at), "message": row, "replies": replies}


def _turn(chat: int, request: str, failed: bool, at: datetime) -> dict[str, Any]:
    is_command = request.startswith("/")
    return {
        "chat_id": chat,
        "conversation_id": chat,
        "kind": TurnKind.COMMAND if is_command else TurnKind.AGENT,
        "state": TurnState.FAILED if failed else TurnState.DONE,
        "agent": "finn",
        "model": "openai/gpt-4o-mini",
        "why": "sticky",
        "request": request,
        "reply": None
        if failed
        else "**PostgreSQL**, unless:\n\n- you have *one* machine\n- or none",
        "input_tokens": 812,
        "output_tokens": 96,
        "cost_usd": Decimal("0.0012"),
        "error_code": "rate_limited" if failed else None,
        "error_detail": "429 Too Many Requests" if failed else None,
        "started_at": at + timedelta(seconds=1),
        "finished_at": at + timedelta(seconds=3),
    }


def _message(message_id: str, person: int, at: datetime) -> dict[str, Any]:
    """With every column that some messages have and others have not: inserted at once, all rows
    need the same."""
    nothing = dict.fromkeys(
        ("facts", "entry_id", "chat_id", "turn_id", "answered_at", "edited_at", "quoted_id")
        + ("quoted_text", "target_id", "phone")
    )
    return nothing | {
        "account": OUR_NUMBER.digits,
        "chat": f"{person}@lid",
        "sender": f"{person}@lid",
        "message_id": message_id,
        "place": Place.DIRECT,
        "kind": Kind.TEXT,
        "text": "",
        "lid": f"{person}@lid",
        "push_name": f"Person {person}",
        "from_me": False,
        "raw": b"",
        "state": MessageState.IGNORED,
        "reason": Reason.REACTION,
        "person_id": person,
        "sent_at": at,
        "received_at": at,
        "decided_at": at,
        "read_at": at,
    }


def _reply(turn: int, chat: int, number: int, at: datetime) -> dict[str, Any]:
    state = _SENT[number % len(_SENT)]
    is_sent = state == PieceState.SENT
    later = at + timedelta(seconds=4)
    return {
        "chat_id": chat,
        "turn_id": turn,
        "address": f"{chat - 1}@lid",
        "agent": "finn",
        "text": "*PostgreSQL*, unless you have _one_ machine",
        "state": state,
        "attempts": 1,
        "possibly_twice": number % 15 == 0,
        "wa_id": f"W{turn}" if is_sent else None,
        "error": "403: not on WhatsApp" if state == PieceState.FAILED else None,
        "created_at": at + timedelta(seconds=3),
        "sent_at": later if is_sent else None,
        "delivered_at": later if is_sent and number % 3 else None,
        "read_at": later if is_sent and number % 3 == 2 else None,
    }


def _remarks(now: datetime) -> list[dict[str, Any]]:
    """In the first person's chat: a reaction, words from the owner's own phone, one that waits."""
    reaction = _message("R1", 1, now) | {"kind": Kind.REACTION, "text": "👍", "target_id": "W2"}
    own = _message("O1", 1, now) | {"text": "I take this one.", "from_me": True}
    waits = _message("T1", 1, now) | {"text": "Are you there?", "state": MessageState.WAITING}
    own["reason"], waits["reason"] = Reason.OWN_MESSAGE, Reason.ALLOWED_PREFIX
    return [row | {"chat_id": CHAT} for row in (reaction, own, waits)]


def _held(size: Size, now: datetime) -> list[dict[str, Any]]:
    """Two of each person who may not write."""
    return [
        _message(f"H{person}-{number}", person, now - timedelta(hours=number))
        | {"text": "Who is this?", "state": MessageState.HELD, "reason": Reason.NOT_ALLOWED}
        for person in range(size.people + 1, 2 * size.people + 1)
        for number in range(2)
    ]


def _add(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), list(rows))
