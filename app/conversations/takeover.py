"""Taking over a chat: the agent pauses, the owner writes by hand, the agent goes on.

The state above the form asks again every few seconds, since the owner's phone and the clock change
it too. The form is never replaced by that: what is typed stays.
"""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from redis import RedisError
from sqlalchemy import Connection
from wtforms import Field, ValidationError

from app.conversations.message_field import build_message_field, validate_message
from app.conversations.parties import find_parties
from app.web import respond
from app.web.acts import record_act
from app.web.ext import db, live, now
from app.web.toasts import toast
from core.text.chunks import split
from core.text.whatsapp import to_whatsapp
from store import link
from store.account.audit import Action
from store.chats import manual, takeovers
from store.chats.takeovers import A_WHILE, Takeover
from store.redis.queue import Turns
from store.redis.stop_signals import Stops
from store.sql.engine import after_commit

bp = Blueprint("takeover", __name__, url_prefix="/conversations")

PARTS = "conversations/_takeover.html"


class WriteForm(FlaskForm):
    text = build_message_field("Write by hand")

    def validate_text(self, field: Field) -> None:
        validate_message(self, field)
        if not split(to_whatsapp(field.data)):
            raise ValidationError("Nothing of that would be seen on WhatsApp.")


@dataclass(frozen=True)
class TakeoverState:
    """Who answers in a chat."""

    chat_id: int
    current: Takeover | None  # while there is one, the owner; else an agent
    waiting: int  # messages that have no answer yet

    @property
    def fingerprint(self) -> str:
        return respond.fingerprint(self.current, self.waiting)


@bp.get("/<int:chat_id>/takeover")
def show_takeover(chat_id: int) -> ResponseReturnValue:
    """The state alone for htmx, 204 when it looks as in `seen`; else a page of its own."""
    if not respond.is_part_wanted():
        return _render_page(chat_id, WriteForm(formdata=None))
    with db().read() as connection:
        find_parties(connection, chat_id)
        takeover = read_takeover(connection, chat_id)
    unchanged = respond.unchanged(takeover.fingerprint)
    return unchanged or respond.part(PARTS, block="takeover_state", takeover=takeover)


@bp.post("/<int:chat_id>/pause")
def pause_agents(chat_id: int) -> ResponseReturnValue:
    """For a while, or `until` it is resumed."""
    until = None if request.form.get("until") == "resumed" else now() + A_WHILE
    with db().write() as connection:
        find_parties(connection, chat_id)
        manual.take_over(connection, chat_id, until, now())
        after_commit(connection, Stops(live().redis).call, chat_id)
        end = f"{until:%Y-%m-%d %H:%M} UTC" if until else "it is resumed"
        detail = f"chat {chat_id} until {end}"
        record_act(connection, Action.CHAT_PAUSED, detail)
    toast("taken_over")
    return _show_saved(chat_id, focus="resume")


@bp.post("/<int:chat_id>/resume")
def resume_agents(chat_id: int) -> ResponseReturnValue:
    """`answer`: what came in during the pause is answered too; so it is if that was not `asked`."""
    answer = "asked" not in request.form or "answer" in request.form
    with db().write() as connection:
        find_parties(connection, chat_id)
        if manual.resume(connection, chat_id, now(), answer=answer):
            record_act(connection, Action.CHAT_RESUMED, f"chat {chat_id}")
        after_commit(connection, Turns(live().redis).nudge, chat_id)
    toast("resumed")
    return _show_saved(chat_id, focus="pause")


@bp.post("/<int:chat_id>/write")
def write_by_hand(chat_id: int) -> ResponseReturnValue:
    """Formatted and cut into messages as an agent's words are."""
    form = WriteForm()
    if not form.validate():
        return _refuse(chat_id, form)
    with db().write() as connection:
        chat, _ = find_parties(connection, chat_id)
        is_linked = link.load(connection).is_linked
        if is_linked:
            manual.write(connection, chat, split(to_whatsapp(form.text.data)), now())
            record_act(connection, Action.WROTE_BY_HAND, f"chat {chat_id}")
            after_commit(connection, Stops(live().redis).call, chat_id)
            after_commit(connection, live().nudge_outbox)
    if not is_linked:
        form.text.errors = ["No WhatsApp account is linked, so nothing can be sent."]
        return _refuse(chat_id, form)
    if not _is_connected():
        toast("sent_later", "info")
    return _show_saved(chat_id)


def read_takeover(connection: Connection, chat_id: int) -> TakeoverState:
    current = takeovers.find_current(connection, chat_id, now())
    return TakeoverState(chat_id, current, manual.count_waiting(connection, chat_id))


def _load_takeover(chat_id: int) -> TakeoverState:
    with db().read() as connection:
        return read_takeover(connection, chat_id)


def _show_saved(chat_id: int, focus: str = "") -> ResponseReturnValue:
    home = url_for("conversations.show_chat", chat_id=chat_id, _anchor="takeover")
    takeover = _load_takeover(chat_id)
    return respond.saved(home, PARTS, block="takeover_state", focus=focus, takeover=takeover)


def _refuse(chat_id: int, form: WriteForm) -> ResponseReturnValue:
    if not respond.is_part_wanted():
        return _render_page(chat_id, form, 422)
    context: dict[str, Any] = {"takeover": _load_takeover(chat_id), "form": form}
    return respond.part(PARTS, block="takeover_write", status=422, into="#write", **context)


def _render_page(chat_id: int, form: WriteForm, status: int = 200) -> ResponseReturnValue:
    with db().read() as connection:
        chat, person = find_parties(connection, chat_id)
        takeover = read_takeover(connection, chat_id)
    context = {"chat": chat, "person": person, "takeover": takeover, "form": form}
    return render_template("conversations/takeover.html", **context), status


def _is_connected() -> bool:
    """False when nothing can leave at the moment."""
    try:
        status = live().read_status()
    except RedisError as error:
        current_app.logger.warning("Redis does not answer: %s", error)
        return False
    return status is not None and status.connected
