"""API keys: what programs get in with. A key is seen once, right after it was made."""

import unicodedata
from typing import Any

from flask import Blueprint, abort, current_app, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import Field, SelectChoice, SelectMultipleField, StringField, ValidationError
from wtforms.validators import DataRequired, InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from app.web import respond
from app.web.acts import record_act
from app.web.ext import db, now
from app.web.toasts import toast
from store.account import api_keys
from store.account.api_keys import SCOPES, ApiKey
from store.account.audit import Action
from store.sql.cipher import Cipher, Undecipherable

bp = Blueprint("keys", __name__, url_prefix="/keys")

PAGE = "account/api_keys.html"
NAME_MAX = 90  # characters; "api:" and the name stand in the audit log
_MADE = "made_key"


class KeyForm(FlaskForm):
    """A new key."""

    name = StringField(
        "Name",
        [
            DataRequired("Enter a name, for example that of the program."),
            Length(max=NAME_MAX, message=f"At most {NAME_MAX} characters."),
        ],
        filters=[lambda text: text and text.strip()],
    )
    scopes = SelectMultipleField(
        "What it may do",
        [InputRequired("Choose at least one.")],
        choices=[SelectChoice(scope, scope) for scope in SCOPES],
        widget=ListWidget(),
        option_widget=CheckboxInput(),
    )

    def validate_name(self, field: Field) -> None:
        if any(unicodedata.category(character) == "Cc" for character in field.data):
            raise ValidationError("Use letters, digits and signs.")


@bp.get("/")
def list_keys() -> ResponseReturnValue:
    return respond.part(
        PAGE, block="content", form=_make_form(), made=_take_made_key(), **_load_keys()
    )


@bp.post("/")
def make_key() -> ResponseReturnValue:
    form = KeyForm()
    secret = _create_key(form) if form.validate() else None
    if secret is None:
        return respond.part(
            PAGE, block="new_key", status=422, into="#new-key", rest=_load_keys, form=form
        )
    if not respond.is_part_wanted():
        session[_MADE] = _make_cipher().encrypt(secret)
    context = {"form": _make_form(), "made": secret, **_load_keys()}
    return respond.saved(url_for("keys.list_keys"), PAGE, block="content", focus="made", **context)


@bp.get("/<int:key_id>")
def show_row(key_id: int) -> ResponseReturnValue:
    """A row as it is, for leaving the question."""
    key, home = _get_key(key_id), url_for("keys.list_keys")
    return respond.part(PAGE, block="row", focus=f"revoke-{key.id}", home=home, key=key)


@bp.route("/<int:key_id>/revoke", methods=["GET", "POST"])
def revoke_key(key_id: int) -> ResponseReturnValue:
    key = _get_key(key_id)
    if request.method == "GET":
        return respond.part("account/revoke_key.html", block="question", key=key)
    with db().write() as connection:
        if api_keys.revoke(connection, key.id, now()):
            detail = f"{key.name}, {key.prefix}…"
            record_act(connection, Action.API_KEY_REVOKED, detail)
    toast("api_key_revoked", name=key.name)
    home = url_for("keys.list_keys")
    return respond.saved(home, PAGE, block="keys_list", focus="keys-list", **_load_keys())


def _create_key(form: KeyForm) -> str | None:
    """The new key; None, and a sentence beside the name, when another one is called so."""
    name, scopes = form.name.data, form.scopes.data
    with db().write() as connection:
        if api_keys.is_taken(connection, name):
            form.name.errors = ["Another key has this name."]
            return None
        secret = api_keys.create(connection, name, scopes, now())
        detail = f"{name}: {', '.join(scopes)}"
        record_act(connection, Action.API_KEY_MADE, detail)
    return secret


def _take_made_key() -> str | None:
    """The key that was made a moment ago, on the page after the form's; never again. On its way
    it is in the browser's cookie, which must not be readable where browsers keep theirs."""
    sealed = session.pop(_MADE, None)
    try:
        return _make_cipher().decrypt(sealed) if sealed else None
    except Undecipherable:
        return None


def _make_cipher() -> Cipher:
    return Cipher(current_app.config["SECRET_KEY"], "API key, shown once")


def _make_form() -> KeyForm:
    return KeyForm(formdata=None)


def _load_keys() -> dict[str, Any]:
    with db().read() as connection:
        keys = api_keys.load(connection)
    return {
        "valid": [key for key in keys if key.revoked_at is None],
        "revoked": [key for key in keys if key.revoked_at],
    }


def _get_key(key_id: int) -> ApiKey:
    """The key. Aborts with 404 when there is none."""
    with db().read() as connection:
        return api_keys.get(connection, key_id) or abort(404)
