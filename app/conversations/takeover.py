"""Taking over a chat: the agent pauses, the owner writes by hand, the agent goes on.

The state above the form asks again every few seconds, since the owner's phone and the clock change
it too. The form is never replaced by that: what is typed stays.
"""

from dataclasses import dataclass
from zlib import crc32

from flask import Blueprint, current_app, g, redirect, render_template, request
from flask import url_for as address_of
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from redis import RedisError
from sqlalchemy import Connection
from wtforms import Field, ValidationError

from app.chat.forms import text_field, written
from app.conversations.partner import found
from app.web.answer import elsewhere, fragment
from app.web.ext import db, live, now
from app.web.toasts import toast
from core.text.chunks import split
from core.text.whatsapp import to_whatsapp
from store import link
from store.account import audit
from store.chats import manual, pauses
from store.chats.pauses import A_WHILE, Pause
from store.redis.queue import Turns
from store.redis.stop_signals import Stops
from store.sql.engine import after_commit

bp = Blueprint("takeover", __name__, url_prefix="/conversations")


class WriteForm(FlaskForm):
    text = text_field("Write by hand")

    def validate_text(self, field: Field) -> None:
        written(self, field)
        if not split(to_whatsapp(field.data)):
            raise ValidationError("Nothing of that would be seen on WhatsApp.")


@dataclass(frozen=True)
class State:
    """Who answers in a chat: an agent, or while there is a `pause` the owner. `waiting` messages
    have no answer yet."""

    chat_id: int
    pause: Pause | None
    waiting: int

    @property
    def fingerprint(self) -> str:
        return f"{crc32(repr((self.pause, self.waiting)).encode()):08x}"


@bp.get("/<int:chat_id>/takeover")
def show(chat_id: int) -> ResponseReturnValue:
    """The state alone for htmx, 204 when it looks as in `seen`; else a page of its own."""
    if not request.htmx:
        return _page(chat_id, WriteForm(formdata=None))
    with db().read() as connection:
        found(connection, chat_id)
        state = _state(connection, chat_id)
    if request.args.get("seen") == state.fingerprint:
        return "", 204
    return fragment("conversations/_takeover_state.html", takeover=state)


@bp.post("/<int:chat_id>/pause")
def pause(chat_id: int) -> ResponseReturnValue:
    """For a while, or `until` it is resumed."""
    until = None if request.form.get("until") == "resumed" else now() + A_WHILE
    with db().write() as connection:
        found(connection, chat_id)
        manual.take_over(connection, chat_id, until, now())
        after_commit(connection, Stops(live().redis).call, chat_id)
        audit.record(connection, g.owner.name, "chat paused", _until(chat_id, until), now())
    toast("taken_over")
    return _done(chat_id, focus="resume")


@bp.post("/<int:chat_id>/resume")
def resume(chat_id: int) -> ResponseReturnValue:
    """`answer`: what came in meanwhile is answered too; so it is if nobody was asked about that."""
    answer = "asked" not in request.form or "answer" in request.form
    with db().write() as connection:
        found(connection, chat_id)
        if manual.resume(connection, chat_id, now(), answer=answer):
            audit.record(connection, g.owner.name, "chat resumed", f"chat {chat_id}", now())
        after_commit(connection, Turns(live().redis).nudge, chat_id)
    toast("resumed")
    return _done(chat_id, focus="pause")


@bp.post("/<int:chat_id>/write")
def write(chat_id: int) -> ResponseReturnValue:
    """Formatted and cut into messages as an agent's words are."""
    form = WriteForm()
    if not form.validate():
        return _refused(chat_id, form)
    with db().write() as connection:
        chat, _ = found(connection, chat_id)
        is_linked = link.load(connection).is_linked
        if is_linked:
            manual.write(connection, chat, split(to_whatsapp(form.text.data)), now())
            audit.record(connection, g.owner.name, "wrote by hand", f"chat {chat_id}", now())
            after_commit(connection, Stops(live().redis).call, chat_id)
            after_commit(connection, live().nudge_outbox)
    if not is_linked:
        form.text.errors = ["No WhatsApp account is linked, so nothing can be sent."]
        return _refused(chat_id, form)
    if not _is_on_its_way():
        toast("sent_later", "info")
    return _done(chat_id)


@bp.app_template_global("takeover_of")
def _takeover_of(chat_id: int) -> State:
    """For the page that shows the chat."""
    with db().read() as connection:
        return _state(connection, chat_id)


@bp.app_template_global("takeover_form")
def _takeover_form() -> WriteForm:
    return WriteForm(formdata=None)


# ---- answers ---------------------------------------------------------------------------------


def _done(chat_id: int, focus: str = "") -> ResponseReturnValue:
    if not request.htmx:
        return redirect(_address(chat_id), code=303)
    state = _takeover_of(chat_id)
    return fragment("conversations/_takeover_state.html", focus=focus, takeover=state)


def _refused(chat_id: int, form: WriteForm) -> ResponseReturnValue:
    if not request.htmx:
        return _page(chat_id, form, 422)
    context = {"takeover": _takeover_of(chat_id), "form": form}
    return elsewhere(fragment("conversations/_takeover_write.html", 422, **context), "#write")


def _page(chat_id: int, form: WriteForm, status: int = 200) -> ResponseReturnValue:
    with db().read() as connection:
        chat, person = found(connection, chat_id)
    context = {"chat": chat, "person": person, "form": form}
    return render_template("conversations/takeover.html", **context), status


# ---- small things ----------------------------------------------------------------------------


def _state(connection: Connection, chat_id: int) -> State:
    pause = pauses.current(connection, chat_id, now())
    return State(chat_id, pause, manual.unanswered(connection, chat_id))


def _is_on_its_way() -> bool:
    try:
        status = live().read_status()
    except RedisError as error:
        current_app.logger.warning("Redis does not answer: %s", error)
        return False
    return status is not None and status.connected


def _until(chat_id: int, until: object) -> str:
    return f"chat {chat_id} until {f'{until:%Y-%m-%d %H:%M} UTC' if until else 'it is resumed'}"


def _address(chat_id: int) -> str:
    return address_of("conversations.show", chat_id=chat_id, _anchor="takeover")
