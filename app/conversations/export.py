"""A conversation to take away: a page to read or print, a table, data. All of it, however long, and
streamed: at no time is more than a page of it in memory.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, stream_template, stream_with_context
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from app.conversations.parties import find_parties
from app.web.acts import record_act
from app.web.ext import agents, db, now
from config import ROOT
from core.text.spreadsheet import format_row
from store.account.audit import Action
from store.chats.chats import Chat
from store.chats.people import Person
from store.pages import transcripts
from store.pages.transcript_items import (
    FreshStart,
    Incoming,
    Item,
    Outgoing,
    Reply,
    TurnSummary,
)
from store.pages.transcripts import Cursor

bp = Blueprint("export", __name__, url_prefix="/conversations")

COLUMNS = (
    *("time", "from", "name", "kind", "text", "state", "agent", "model"),
    *("input_tokens", "output_tokens", "cost_usd", "seconds", "error"),
)
_CSS = ROOT / "app/static/export.css"
_TYPES = {"json": "application/json", "csv": "text/csv", "html": "text/html"}


@bp.get("/<int:chat_id>/export.<any(html, json, csv):kind>")
def export_conversation(chat_id: int, kind: str) -> ResponseReturnValue:
    with db().write() as connection:
        chat, person = find_parties(connection, chat_id)
        detail = f"chat {chat_id}, as {kind}"
        record_act(connection, Action.CONVERSATION_EXPORTED, detail)
    pieces = {"html": _write_html, "json": _write_json, "csv": _write_csv}[kind](
        chat, person, _read_items(chat_id)
    )
    answer = Response(stream_with_context(pieces), mimetype=_TYPES[kind])
    name = f"conversation-{chat_id}-{now():%Y-%m-%d}.{kind}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _read_items(chat_id: int) -> Iterator[Item]:
    """All of it, in order; nothing holds the database while the browser is slow."""
    place, known = Cursor(0, 0), set[str]()
    while True:
        with db().read() as connection:
            items, place = transcripts.read_onwards(connection, chat_id, place)
        if not items:
            return
        yield from (item for item in items if item.key not in known)
        known = {item.key for item in items}


def _write_html(chat: Chat, person: Person | None, items: Iterator[Item]) -> Iterator[str]:
    known = agents().load().agents
    css = Markup(_CSS.read_text())
    context = {
        "chat": chat,
        "person": person,
        "items": items,
        "agents": known,
        "made_at": now(),
        "css": css,
    }
    return stream_template("conversations/export.html", **context)


def _write_json(chat: Chat, person: Person | None, items: Iterator[Item]) -> Iterator[str]:
    head: dict[str, Any] = {"group": {"name": chat.subject}}
    if person:
        head = {"person": {"phone": person.phone, "lid": person.lid, "name": person.push_name}}
    yield json.dumps(head | {"exported_at": now().isoformat()})[:-1] + ', "messages": [\n'
    for number, item in enumerate(items):
        yield (",\n" if number else "") + json.dumps(_describe(person, item), ensure_ascii=False)
    yield "\n]}\n"


def _write_csv(chat: Chat, person: Person | None, items: Iterator[Item]) -> Iterator[str]:
    # The mark tells spreadsheets that it is UTF-8.
    yield "\ufeff" + format_row(COLUMNS)
    for item in items:
        record = _describe(person, item)
        yield format_row([record.get(column) for column in COLUMNS])


def _describe(person: Person | None, item: Item) -> dict[str, Any]:
    """What there is to know of a piece, under the names of `COLUMNS`, and more for programs."""
    record: dict[str, Any] = {"time": _format_instant(item.at)}
    match item:
        case Incoming():
            return record | _describe_incoming(person, item)
        case Outgoing():
            return record | _describe_outgoing(item)
        case Reply():
            return record | {
                "from": "agent",
                "kind": "text",
                "text": item.text,
                "agent": item.agent,
            }
        case TurnSummary():
            return record | _describe_turn(item)
        case FreshStart():
            return record | {"from": "djinnbot", "kind": "fresh", "agent": " ".join(item.agents)}


def _describe_incoming(person: Person | None, item: Incoming) -> dict[str, Any]:
    name = person.push_name if person else item.push_name or item.phone or ""
    return {
        "from": "owner" if item.from_me else "person",
        "name": "" if item.from_me else name,
        "kind": item.kind,
        "text": item.text,
        "state": "deleted" if item.deleted_at else item.state,
        "quoted": item.quoted_text,
        "facts": item.facts,
        "reactions": list(item.reactions),
        "edited_at": _format_instant(item.edited_at),
        "deleted_at": _format_instant(item.deleted_at),
    }


def _describe_outgoing(item: Outgoing) -> dict[str, Any]:
    return {
        "from": "owner" if item.by_hand else "program" if item.program else "agent",
        "name": item.program or "",
        "kind": "text",
        "text": item.text,
        "state": item.progress,
        "agent": item.agent,
        "error": item.error,
        "possibly_twice": item.possibly_twice,
        "reactions": list(item.reactions),
        "sent_at": _format_instant(item.sent_at),
        "delivered_at": _format_instant(item.delivered_at),
        "read_at": _format_instant(item.read_at),
    }


def _describe_turn(item: TurnSummary) -> dict[str, Any]:
    return {
        "from": "djinnbot",
        "kind": "turn",
        "state": item.state,
        "agent": item.agent,
        "model": item.model,
        "passed_over": item.passed_over,
        "input_tokens": item.input_tokens,
        "output_tokens": item.output_tokens,
        "cost_usd": None if item.cost_usd is None else str(item.cost_usd),
        "seconds": item.seconds,
        "error": item.error_code,
    }


def _format_instant(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
