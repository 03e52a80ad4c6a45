"""What happened to one message: a page, and a part of it that a transcript shows below it."""

from typing import Any

from flask import Blueprint, abort, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from app.web import respond
from app.web.ext import agents, db
from store.chats import people
from store.chats.people import Person
from store.pages import traces
from store.pages.traces import Trace

bp = Blueprint("traces", __name__)


@bp.get("/messages/<int:message_id>")
def show_message_alone(message_id: int) -> ResponseReturnValue:
    """Of any message, also of a sender who was not answered and so has no chat."""
    with db().read() as connection:
        trace = traces.trace_message(connection, message_id) or abort(404)
        person = _find_sender(connection, trace)
    assert trace.message
    chat_id = trace.message.chat_id
    if chat_id and not respond.is_part_wanted():
        address = url_for("traces.show_message", chat_id=chat_id, message_id=message_id)
        return redirect(address, code=303)
    return _show_trace(trace, person, chat_id)


@bp.get("/conversations/<int:chat_id>/messages/<int:message_id>")
def show_message(chat_id: int, message_id: int) -> ResponseReturnValue:
    with db().read() as connection:
        trace = traces.trace_message(connection, message_id)
        if trace is None or trace.message is None or trace.message.chat_id != chat_id:
            abort(404)
        person = _find_sender(connection, trace)
    return _show_trace(trace, person, chat_id)


@bp.get("/conversations/<int:chat_id>/sent/<int:row_id>")
def show_sent(chat_id: int, row_id: int) -> ResponseReturnValue:
    """Of a message of ours."""
    with db().read() as connection:
        trace = traces.trace_sent(connection, chat_id, row_id) or abort(404)
    return _show_trace(trace, None, chat_id)


def _find_sender(connection: Connection, trace: Trace) -> Person | None:
    assert trace.message
    return people.get(connection, trace.message.person_id) if trace.message.person_id else None


def _show_trace(trace: Trace, person: Person | None, chat_id: int | None) -> ResponseReturnValue:
    context: dict[str, Any] = {"trace": trace, "person": person, "chat_id": chat_id}
    context["agents"] = agents().load().agents
    return respond.part("conversations/trace.html", block="steps", **context)
