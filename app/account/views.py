"""The Account page: the owner's name and password, and where the owner is signed in."""

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import Field

from app.account import passwords
from app.account.forms import NameForm, PasswordForm
from app.account.user_agent import describe
from app.web.answer import elsewhere, fragment
from app.web.ext import db, now
from app.web.toasts import toast
from store.account import audit, owner

bp = Blueprint("account", __name__, url_prefix="/account")


@bp.get("/")
def index() -> ResponseReturnValue:
    return render_template("account/index.html", **_context())


@bp.post("/name")
def rename() -> ResponseReturnValue:
    form = NameForm()
    if not form.validate():
        return _refused("name", 422, name_form=form)
    before, after = g.owner.name, form.username.data
    with db().write() as connection:
        owner.rename(connection, after)
        audit.record(connection, before, "name changed", f"to {after}", now())
    toast("renamed")
    return _done("name-title")


@bp.post("/password")
def change_password() -> ResponseReturnValue:
    """All other sessions end: who knows the old password may be signed in somewhere."""
    form = PasswordForm()
    if not form.validate():
        return _refused("password", 422, password_form=form)
    status = refuse_password(form.password)
    if status:
        return _refused("password", status, password_form=form)
    with db().write() as connection:
        owner.change_password(connection, passwords.hashed(form.new.data))
        ended = owner.end_other_sessions(connection, g.browser.id)
        audit.record(connection, g.owner.name, "password changed", _told(ended), now())
    toast("password_changed", count=ended)
    return _done("password-title")


@bp.post("/sessions/<int:session_id>/end")
def end(session_id: int) -> ResponseReturnValue:
    """One of the others; this one ends by signing out."""
    if session_id == g.browser.id:
        abort(400)
    with db().write() as connection:
        found = next((s for s in owner.open_sessions(connection) if s.id == session_id), None)
        if found and owner.end_session(connection, session_id):
            audit.record(connection, g.owner.name, "session ended", found.address, now())
    toast("session_ended")
    return _done("sessions-title")


@bp.post("/sessions/end-others")
def end_others() -> ResponseReturnValue:
    with db().write() as connection:
        ended = owner.end_other_sessions(connection, g.browser.id)
        audit.record(connection, g.owner.name, "other sessions ended", _told(ended), now())
    toast("sessions_ended", count=ended)
    return _done("sessions-title")


def refuse_password(field: Field) -> int:
    """Put what is wrong with the owner's present password beside it; 0 when it is right, else the
    answer's status."""
    refusal = passwords.refusal(g.owner, field.data)
    if refusal is None:
        passwords.login_throttle(g.owner.name).forget()
        return 0
    field.errors = [refusal.text]
    return refusal.status


def _told(ended: int) -> str:
    """For the audit log."""
    return f"sessions ended: {ended}"


def _done(focus: str) -> ResponseReturnValue:
    if not request.htmx:
        return redirect(url_for("account.index"), code=303)
    with db().read() as connection:
        g.owner = owner.load(connection)  # it may have a new name
    return fragment("account/_all.html", focus=focus, **_context())


def _refused(card: str, status: int, **forms: object) -> ResponseReturnValue:
    context = _context() | forms
    if not request.htmx:
        return render_template("account/index.html", **context), status
    return elsewhere(fragment(f"account/_{card}.html", status, **context), f"#{card}-card")


def _context() -> dict[str, object]:
    with db().read() as connection:
        sessions = owner.open_sessions(connection)
    return {
        "name_form": NameForm(formdata=None, username=g.owner.name),
        "password_form": PasswordForm(formdata=None),
        "sessions": [(session, describe(session.user_agent)) for session in sessions],
    }
