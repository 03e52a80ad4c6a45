"""API keys: what programs get in with. A key is seen once, right after it was made."""

import unicodedata

from flask import (
    Blueprint,
    abort,
    current_app,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import Field, SelectChoice, SelectMultipleField, StringField, ValidationError
from wtforms.validators import DataRequired, InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from app.web.answer import elsewhere, fragment
from app.web.ext import db, now
from app.web.toasts import toast
from store.account import api_keys, audit
from store.account.api_keys import SCOPES, ApiKey
from store.sql.cipher import Cipher, Undecipherable

bp = Blueprint("keys", __name__, url_prefix="/keys")

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
def index() -> ResponseReturnValue:
    return _page(made=_take_made())


@bp.post("/")
def create() -> ResponseReturnValue:
    form = KeyForm()
    secret = _make(form) if form.validate() else None
    if secret is None:
        return _refused(form)
    if not request.htmx:
        session[_MADE] = _cipher().encrypt(secret)
        return redirect(url_for("keys.index"), code=303)
    return fragment("keys/_all.html", focus="made", form=_blank(), made=secret, **_listed())


@bp.get("/<int:key_id>")
def show(key_id: int) -> ResponseReturnValue:
    """A row as it is, for leaving the question."""
    key = _get(key_id)
    if not request.htmx:
        return redirect(url_for("keys.index"), code=303)
    return fragment("keys/_row.html", key=key, focus=f"revoke-{key.id}")


@bp.route("/<int:key_id>/revoke", methods=["GET", "POST"])
def revoke(key_id: int) -> ResponseReturnValue:
    key = _get(key_id)
    if request.method == "GET":
        if request.htmx:
            return fragment("keys/_revoke.html", key=key)
        return render_template("keys/one.html", key=key)
    with db().write() as connection:
        if api_keys.revoke(connection, key.id, now()):
            audit.record(connection, g.owner.name, "API key revoked", _described(key), now())
    toast("api_key_revoked", name=key.name)
    if not request.htmx:
        return redirect(url_for("keys.index"), code=303)
    return fragment("keys/_list.html", focus="keys-list", **_listed())


def _make(form: KeyForm) -> str | None:
    """The new key; None, and a sentence beside the name, when another one is called so."""
    name, scopes = form.name.data, form.scopes.data
    with db().write() as connection:
        if api_keys.is_taken(connection, name):
            form.name.errors = ["Another key has this name."]
            return None
        secret = api_keys.create(connection, name, scopes, now())
        told = f"{name}: {', '.join(scopes)}"
        audit.record(connection, g.owner.name, "API key made", told, now())
    return secret


def _take_made() -> str | None:
    """The key that was made a moment ago, on the page after the form's; never again. On its way
    it is in the browser's cookie, which must not be readable where browsers keep theirs."""
    sealed = session.pop(_MADE, None)
    try:
        return _cipher().decrypt(sealed) if sealed else None
    except Undecipherable:
        return None


def _cipher() -> Cipher:
    return Cipher(current_app.config["SECRET_KEY"], "API key, shown once")


def _blank() -> KeyForm:
    return KeyForm(formdata=None)


def _refused(form: KeyForm) -> ResponseReturnValue:
    if request.htmx:
        return elsewhere(fragment("keys/_new.html", 422, form=form), "#new-key")
    return _page(form, status=422)


def _page(
    form: KeyForm | None = None, made: str | None = None, status: int = 200
) -> ResponseReturnValue:
    context = _listed() | {"form": form or _blank(), "made": made}
    return render_template("keys/index.html", **context), status


def _listed() -> dict[str, object]:
    with db().read() as connection:
        keys = api_keys.load(connection)
    return {
        "valid": [key for key in keys if key.revoked_at is None],
        "revoked": [key for key in keys if key.revoked_at],
    }


def _get(key_id: int) -> ApiKey:
    """The key. Aborts with 404 when there is none."""
    with db().read() as connection:
        return api_keys.get(connection, key_id) or abort(404)


def _described(key: ApiKey) -> str:
    return f"{key.name}, {key.prefix}…"
