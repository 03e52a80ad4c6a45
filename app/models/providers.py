"""The AI providers: their keys, which are written here and never shown, and whether they answer."""

import re
from datetime import timedelta

from flask import (
    Blueprint,
    Response,
    abort,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from redis.exceptions import RedisError

from app.models import page as model_page
from app.models.forms import KeyForm, one_spelling
from app.models.page import Provider
from app.web.answer import elsewhere, fragment
from app.web.ext import config, db, live, now
from app.web.process_health import read_process_health
from app.web.toasts import toast
from core.errors import InvalidModel
from core.models.credentials import KEY_HOLDERS
from core.models.failure import Failure
from store.account import audit
from store.agents import provider_keys
from store.redis.model_tests import Trial, Trials

bp = Blueprint("providers", __name__, url_prefix="/models")

PATIENCE = timedelta(seconds=10)  # how long nobody may have taken a trial
_SLOT = re.compile(r"[a-z0-9-]{1,40}")


@bp.route("/keys/<name>", methods=["GET", "POST"])
def key(name: str) -> ResponseReturnValue:
    """Enter a key. It rules the next turn."""
    found = _get(name)
    form = KeyForm(prefix=f"{name}-")
    if request.method == "GET" or not form.validate():
        answer = _one("models/_key.html", found, 422 if form.errors else 200, key_form=form)
        return elsewhere(answer, f"#provider-{name}") if request.htmx else answer
    with db().write() as connection:
        provider_keys.save(connection, config(), name, form.key.data, now())
        audit.record(connection, g.owner.name, "provider key entered", name, now())
    toast("provider_key_kept")
    return model_page.changed(f"enter-{name}")


@bp.get("/keys/<name>/row")
def row(name: str) -> ResponseReturnValue:
    """The row as it is, for leaving the form or the question."""
    found = _get(name)
    if not request.htmx:
        return redirect(url_for("models.index"), code=303)
    return fragment("models/_provider.html", provider=found, focus=f"enter-{name}")


@bp.route("/keys/<name>/remove", methods=["GET", "POST"])
def remove(name: str) -> ResponseReturnValue:
    found = _get(name)
    if request.method == "GET":
        return _one("models/_remove.html", found)
    with db().write() as connection:
        is_gone = provider_keys.remove(connection, name)
        if is_gone:
            audit.record(connection, g.owner.name, "provider key removed", name, now())
    if is_gone:
        toast("provider_key_removed")
    return model_page.changed(f"enter-{name}")


@bp.post("/trials")
def try_out() -> ResponseReturnValue:
    """Have a jobs process ask a model something short."""
    slot, typed = _slot(), request.form.get("model", "")
    try:
        model = one_spelling(typed)
    except InvalidModel as error:
        return _told("wrong", slot, typed, 422, sentence=str(error))
    seen = read_process_health()
    if not seen.redis or not seen.jobs:
        return _told("nobody" if seen.redis else "no_redis", slot, model)
    trial_id = _trials().ask(model)
    with db().write() as connection:
        audit.record(connection, g.owner.name, "model tried", model, now())
    if not request.htmx:
        return redirect(url_for("providers.trial", trial_id=trial_id), code=303)
    return trial(trial_id)


@bp.get("/trials/<trial_id>")
def trial(trial_id: str) -> ResponseReturnValue:
    """How far it is. The fragment looks again by itself until there is an outcome."""
    slot = _slot()
    try:
        found = _trials().look(trial_id)
    except RedisError:
        return _told("no_redis", slot)
    if found is None:
        return _told("gone", slot)
    if found.outcome:
        return _outcome(found, slot)
    if not found.is_taken and found.asked > PATIENCE:
        _trials().give_up(trial_id)
        return _told("nobody", slot, found.model)
    again = url_for("providers.trial", trial_id=trial_id, slot=slot)
    return _told("waiting", slot, found.model, again=again)


def _outcome(found: Trial, slot: str) -> ResponseReturnValue:
    assert found.outcome is not None
    known = found.outcome.code in {str(failure) for failure in Failure}
    sentence = Failure(found.outcome.code).for_owner if known else ""
    state = "good" if found.outcome.is_good else "bad"
    return _told(state, slot, found.model, sentence=sentence, outcome=found.outcome)


def _told(
    state: str, slot: str, model: str = "", status: int = 200, **context: object
) -> ResponseReturnValue:
    context = {"state": state, "slot": slot, "model": model, **context}
    if request.htmx:
        return fragment("models/_trial.html", status, **context)
    return render_template("models/trial.html", **context), status


def _one(template: str, found: Provider, status: int = 200, **context: object) -> Response:
    """One provider's form or question: in place of its row, or on a page of its own."""
    if request.htmx:
        return fragment(template, status, provider=found, **context)
    page = render_template("models/one.html", part=template, provider=found, **context)
    return make_response(page, status)


def _get(name: str) -> Provider:
    """Aborts with 404 when there is no such provider, or none with keys."""
    return (model_page.provider(name) if name in KEY_HOLDERS else None) or abort(404)


def _slot() -> str:
    """Where on the page the outcome stands."""
    slot = request.values.get("slot", "")
    return slot if _SLOT.fullmatch(slot) else "here"


def _trials() -> Trials:
    return Trials(live().redis)
