"""The Account page: the owner's name and password, and where the owner is signed in."""

from typing import Any

from flask import Blueprint, abort, g, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import Field

from app.account import passwords
from app.account.forms import NameForm, PasswordForm
from app.account.user_agent import describe_device
from app.web import respond
from app.web.acts import record_act
from app.web.ext import db, now
from app.web.toasts import toast
from store.account import audit, owner
from store.account.audit import Action

bp = Blueprint("account", __name__, url_prefix="/account")

PAGE = "account/account.html"


@bp.get("/")
def show_account() -> ResponseReturnValue:
    return render_template(PAGE, **_load_page())


@bp.post("/name")
def rename_owner() -> ResponseReturnValue:
    form = NameForm()
    if not form.validate():
        return _refuse("name", 422, name_form=form)
    before, after = g.owner.name, form.username.data
    with db().write() as connection:
        owner.rename(connection, after)
        audit.record(connection, before, Action.NAME_CHANGED, f"to {after}", now())
    toast("renamed")
    return _show_saved("name-title")


@bp.post("/password")
def change_password() -> ResponseReturnValue:
    """All other sessions end: who knows the old password may be signed in somewhere."""
    form = PasswordForm()
    if not form.validate():
        return _refuse("password", 422, password_form=form)
    status = refuse_password(form.password)
    if status:
        return _refuse("password", status, password_form=form)
    with db().write() as connection:
        owner.change_password(connection, passwords.hash_password(form.new.data))
        ended = owner.end_other_sessions(connection, g.browser.id)
        record_act(connection, Action.PASSWORD_CHANGED, _describe_ended(ended))
    toast("password_changed", count=ended)
    return _show_saved("password-title")


@bp.post("/sessions/<int:session_id>/end")
def end_session(session_id: int) -> ResponseReturnValue:
    """One of the others; this one ends by signing out."""
    if session_id == g.browser.id:
        abort(400)
    with db().write() as connection:
        found = next((s for s in owner.list_sessions(connection) if s.id == session_id), None)
        if found and owner.end_session(connection, session_id):
            record_act(connection, Action.SESSION_ENDED, found.address)
    toast("session_ended")
    return _show_saved("sessions-title")


@bp.post("/sessions/end-others")
def end_other_sessions() -> ResponseReturnValue:
    with db().write() as connection:
        ended = owner.end_other_sessions(connection, g.browser.id)
        record_act(connection, Action.OTHER_SESSIONS_ENDED, _describe_ended(ended))
    toast("sessions_ended", count=ended)
    return _show_saved("sessions-title")


def refuse_password(field: Field) -> int:
    """Put what is wrong with the owner's present password beside it; 0 when it is right, else the
    answer's status."""
    refusal = passwords.find_refusal(g.owner, field.data)
    if refusal is None:
        passwords.get_login_throttle(g.owner.name).forget()
        return 0
    field.errors = [refusal.text]
    return refusal.status


def _describe_ended(count: int) -> str:
    """For the audit log."""
    return f"sessions ended: {count}"


def _show_saved(focus: str) -> ResponseReturnValue:
    with db().read() as connection:
        g.owner = owner.load(connection)  # it may have a new name
    home = url_for("account.show_account")
    return respond.saved(home, PAGE, block="content", focus=focus, **_load_page())


def _refuse(card: str, status: int, **forms: Any) -> ResponseReturnValue:
    into = f"#{card}-card"
    return respond.part(PAGE, block=card, status=status, into=into, rest=_load_page, **forms)


def _load_page() -> dict[str, Any]:
    with db().read() as connection:
        sessions = owner.list_sessions(connection)
    return {
        "name_form": NameForm(formdata=None, username=g.owner.name),
        "password_form": PasswordForm(formdata=None),
        "sessions": [(session, describe_device(session.user_agent)) for session in sessions],
    }
