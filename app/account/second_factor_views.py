"""Switching the second factor on and off, and making new recovery codes."""

from flask import Blueprint, current_app, g, redirect, render_template, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue

from app.account import second_factor
from app.account.forms import ProofForm
from app.account.views import refuse_password
from app.web.answer import elsewhere, fragment
from app.web.ext import db, now
from app.web.throttle import Refusal
from app.web.toasts import toast
from app.whatsapp.qr import draw
from store.account import audit, owner
from store.account import second_factor as stored
from store.sql.cipher import Cipher, Undecipherable

bp = Blueprint("factor", __name__, url_prefix="/account/second-factor")

_SECRET, _CODES = "new_factor", "new_codes"  # in the cookie, encrypted, until they are used


@bp.get("/")
def index() -> ResponseReturnValue:
    """How it stands; for leaving a question."""
    if not request.htmx:
        return redirect(url_for("account.index"), code=303)
    return fragment("account/_factor.html", focus="factor-title")


@bp.route("/on", methods=["GET", "POST"])
def switch_on() -> ResponseReturnValue:
    """The secret counts only once a code of it was typed: then the app surely has it."""
    if g.owner.totp_secret:  # switched on meanwhile, in another window
        return redirect(url_for("factor.index"), code=303)
    form = ProofForm()
    secret = _unsealed(_SECRET)
    if secret is None or not form.is_submitted():
        secret = second_factor.new_secret()
        cookie[_SECRET] = _cipher().encrypt(secret)
        return _set_up(ProofForm(formdata=None), secret)
    if not form.validate():
        return _set_up(form, secret, 422)
    status = refuse_password(form.password)
    if status:
        return _set_up(form, secret, status)
    step = second_factor.step_of(secret, form.code.data, now())
    if step is None:
        form.code.errors = ["This is not the code that the app shows for this secret at this time."]
        return _set_up(form, secret, 422)
    with db().write() as connection:
        codes = stored.switch_on(connection, second_factor.sealed(secret), step)
        audit.record(connection, g.owner.name, "second factor on", "", now())
    del cookie[_SECRET]
    toast("factor_on")
    return _show_codes(codes)


@bp.get("/codes")
def codes() -> ResponseReturnValue:
    """The new recovery codes, right after they were made; never again."""
    kept = _unsealed(_CODES)
    cookie.pop(_CODES, None)
    if not kept:
        return redirect(url_for("account.index"), code=303)
    return _card("account/_codes.html", codes=kept.split())


@bp.route("/codes/new", methods=["GET", "POST"])
def new_codes() -> ResponseReturnValue:
    form = ProofForm()
    status = _prove(form)
    if status:
        return _ask("codes", form, status)
    with db().write() as connection:
        made = stored.new_recovery_codes(connection)
        audit.record(connection, g.owner.name, "recovery codes made", "", now())
    toast("recovery_codes_made")
    return _show_codes(made)


@bp.route("/off", methods=["GET", "POST"])
def switch_off() -> ResponseReturnValue:
    form = ProofForm()
    status = _prove(form)
    if status:
        return _ask("off", form, status)
    with db().write() as connection:
        stored.switch_off(connection)
        audit.record(connection, g.owner.name, "second factor off", "", now())
    toast("factor_off")
    if not request.htmx:
        return redirect(url_for("account.index"), code=303)
    with db().read() as connection:
        g.owner = owner.load(connection)
    return fragment("account/_factor.html", focus="factor-title")


def _prove(form: ProofForm) -> int:
    """0 when both factors were given, else the status of the page that asks for them."""
    if not form.is_submitted():
        return 200
    if not g.owner.totp_secret or not form.validate():
        return 422
    status = refuse_password(form.password)
    if status:
        return status
    with db().write() as connection:
        proof = second_factor.check(connection, g.owner, form.code.data, now())
    if isinstance(proof, Refusal):
        form.code.errors = [proof.text]
        return proof.status
    return 0


def _ask(wish: str, form: ProofForm, status: int) -> ResponseReturnValue:
    if not g.owner.totp_secret:  # switched off meanwhile, in another window
        return redirect(url_for("factor.index"), code=303)
    return _card("account/_prove.html", status, wish=wish, form=form)


def _set_up(form: ProofForm, secret: str, status: int = 200) -> ResponseReturnValue:
    address = second_factor.address(secret, g.owner.name)
    return _card("account/_set_up.html", status, form=form, secret=secret, qr=draw(address))


def _show_codes(codes: list[str]) -> ResponseReturnValue:
    if request.htmx:
        return fragment("account/_codes.html", focus="factor-title", codes=codes)
    cookie[_CODES] = _cipher().encrypt(" ".join(codes))
    return redirect(url_for("factor.codes"), code=303)


def _card(template: str, status: int = 200, **context: object) -> ResponseReturnValue:
    if not request.htmx:
        return render_template("account/one.html", card=template, **context), status
    focus = "" if status == 422 else "factor-title"
    return elsewhere(fragment(template, status, focus, **context), "#factor")


def _unsealed(name: str) -> str | None:
    try:
        return _cipher().decrypt(cookie[name]) if name in cookie else None
    except Undecipherable:
        return None


def _cipher() -> Cipher:
    return Cipher(current_app.config["SECRET_KEY"], "second factor, shown once")
