"""Switching the second factor on and off, and making new recovery codes."""

from typing import Any

from flask import Blueprint, current_app, g, redirect, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue

from app.account import second_factor, views
from app.account.forms import ProofForm
from app.web import respond
from app.web.acts import record_act
from app.web.ext import db, now
from app.web.throttle import Refusal
from app.web.toasts import toast
from app.whatsapp.qr import draw_qr
from store.account import owner
from store.account import second_factor as stored
from store.account.audit import Action
from store.sql.cipher import Cipher, Undecipherable

bp = Blueprint("second_factor", __name__, url_prefix="/account/second-factor")

_SECRET, _CODES = "new_second_factor", "new_codes"  # in the cookie, encrypted, until they are used


@bp.get("/")
def show_second_factor() -> ResponseReturnValue:
    """How it stands; for leaving a question."""
    return _show_card()


@bp.route("/on", methods=["GET", "POST"])
def switch_second_factor_on() -> ResponseReturnValue:
    """The secret counts only once a code of it was typed: then the app surely has it."""
    if g.owner.totp_secret:  # switched on in another window
        return redirect(url_for("second_factor.show_second_factor"), code=303)
    form = ProofForm()
    secret = _unseal(_SECRET)
    if secret is None or not form.is_submitted():
        secret = second_factor.make_secret()
        cookie[_SECRET] = _make_cipher().encrypt(secret)
        return _ask_first_code(ProofForm(formdata=None), secret)
    if not form.validate():
        return _ask_first_code(form, secret, 422)
    status = views.refuse_password(form.password)
    if status:
        return _ask_first_code(form, secret, status)
    step = second_factor.find_step(secret, form.code.data, now())
    if step is None:
        form.code.errors = ["This is not the code that the app shows for this secret at this time."]
        return _ask_first_code(form, secret, 422)
    with db().write() as connection:
        codes = stored.switch_on(connection, second_factor.encrypt_secret(secret), step)
        record_act(connection, Action.SECOND_FACTOR_ON)
    del cookie[_SECRET]
    toast("second_factor_on")
    return _hand_over_codes(codes)


@bp.get("/codes")
def show_codes() -> ResponseReturnValue:
    """The new recovery codes, right after they were made; never again."""
    kept = _unseal(_CODES)
    cookie.pop(_CODES, None)
    if not kept:
        return redirect(url_for("account.show_account"), code=303)
    return _ask("account/recovery_codes.html", codes=kept.split())


@bp.route("/codes/new", methods=["GET", "POST"])
def make_codes() -> ResponseReturnValue:
    form = ProofForm()
    status = _check_proof(form)
    if status:
        return _ask_proof("codes", form, status)
    with db().write() as connection:
        made = stored.replace_recovery_codes(connection)
        record_act(connection, Action.RECOVERY_CODES_MADE)
    toast("recovery_codes_made")
    return _hand_over_codes(made)


@bp.route("/off", methods=["GET", "POST"])
def switch_second_factor_off() -> ResponseReturnValue:
    form = ProofForm()
    status = _check_proof(form)
    if status:
        return _ask_proof("off", form, status)
    with db().write() as connection:
        stored.switch_off(connection)
        record_act(connection, Action.SECOND_FACTOR_OFF)
    toast("second_factor_off")
    with db().read() as connection:
        g.owner = owner.load(connection)
    return _show_card()


def _show_card() -> ResponseReturnValue:
    """The Account page's card as it is."""
    home = url_for("account.show_account")
    return respond.part(views.PAGE, block="second_factor", focus="second-factor-title", home=home)


def _check_proof(form: ProofForm) -> int:
    """0 when both factors were given, else the status of the page that asks for them."""
    if not form.is_submitted():
        return 200
    if not g.owner.totp_secret or not form.validate():
        return 422
    status = views.refuse_password(form.password)
    if status:
        return status
    with db().write() as connection:
        proof = second_factor.check_code(connection, g.owner, form.code.data, now())
    if isinstance(proof, Refusal):
        form.code.errors = [proof.text]
        return proof.status
    return 0


def _ask_proof(wish: str, form: ProofForm, status: int) -> ResponseReturnValue:
    if not g.owner.totp_secret:  # switched off in another window
        return redirect(url_for("second_factor.show_second_factor"), code=303)
    return _ask("account/prove_second_factor.html", status, wish=wish, form=form)


def _ask_first_code(form: ProofForm, secret: str, status: int = 200) -> ResponseReturnValue:
    page, qr = (
        "account/set_up_second_factor.html",
        draw_qr(second_factor.format_uri(secret, g.owner.name)),
    )
    return _ask(page, status, form=form, secret=secret, qr=qr)


def _hand_over_codes(codes: list[str]) -> ResponseReturnValue:
    if not respond.is_part_wanted():
        cookie[_CODES] = _make_cipher().encrypt(" ".join(codes))
    page, home = "account/recovery_codes.html", url_for("second_factor.show_codes")
    return respond.saved(home, page, block="content", focus="second-factor-title", codes=codes)


def _ask(template: str, status: int = 200, **context: Any) -> ResponseReturnValue:
    """In place of the Account page's card, or on a page of its own."""
    focus = "" if status == 422 else "second-factor-title"
    return respond.part(
        template, block="content", status=status, focus=focus, into="#second-factor", **context
    )


def _unseal(name: str) -> str | None:
    try:
        return _make_cipher().decrypt(cookie[name]) if name in cookie else None
    except Undecipherable:
        return None


def _make_cipher() -> Cipher:
    return Cipher(current_app.config["SECRET_KEY"], "second factor, shown once")
