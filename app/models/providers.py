"""The AI providers: their keys, which are written here and never shown, and whether they answer."""

import re
from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from redis.exceptions import RedisError

from app.models import page as model_page
from app.models.forms import KeyForm, spell_model
from app.models.page import Provider
from app.web import respond
from app.web.acts import record_act
from app.web.ext import config, db, live, now
from app.web.process_health import read_process_health
from app.web.toasts import toast
from core.errors import InvalidModel
from core.models.credentials import KEY_HOLDERS
from core.models.failure import Failure
from store.account.audit import Action
from store.agents import provider_keys
from store.redis.model_tests import ModelTest, ModelTests

bp = Blueprint("providers", __name__, url_prefix="/models")

PATIENCE = timedelta(seconds=10)  # how long a test may wait to be taken up
_SLOT = re.compile(r"[a-z0-9-]{1,40}")


@bp.route("/keys/<name>", methods=["GET", "POST"])
def enter_key(name: str) -> ResponseReturnValue:
    """Enter a key. It rules the next turn."""
    found = _get_provider(name)
    form = KeyForm(prefix=f"{name}-")
    if request.method == "GET" or not form.validate():
        return respond.part(
            "models/enter_key.html",
            block="row",
            status=422 if form.errors else 200,
            into=f"#provider-{name}",
            provider=found,
            key_form=form,
        )
    with db().write() as connection:
        provider_keys.save(connection, config(), name, form.key.data, now())
        record_act(connection, Action.PROVIDER_KEY_ENTERED, name)
    toast("provider_key_kept")
    return model_page.show_saved(f"enter-{name}")


@bp.get("/keys/<name>/row")
def show_row(name: str) -> ResponseReturnValue:
    """The row as it is, for leaving the form or the question."""
    found, home = _get_provider(name), url_for("models.list_models")
    focus = f"enter-{name}"
    return respond.part(model_page.PAGE, block="provider", focus=focus, home=home, provider=found)


@bp.route("/keys/<name>/remove", methods=["GET", "POST"])
def remove_key(name: str) -> ResponseReturnValue:
    found = _get_provider(name)
    if request.method == "GET":
        return respond.part("models/remove_key.html", block="row", provider=found)
    with db().write() as connection:
        is_gone = provider_keys.remove(connection, name)
        if is_gone:
            record_act(connection, Action.PROVIDER_KEY_REMOVED, name)
    if is_gone:
        toast("provider_key_removed")
    return model_page.show_saved(f"enter-{name}")


@bp.post("/trials")
def start_test() -> ResponseReturnValue:
    """Have a jobs process ask a model something short."""
    slot, typed = _read_slot(), request.form.get("model", "")
    try:
        model = spell_model(typed)
    except InvalidModel as error:
        return _show_state("wrong", slot, typed, 422, sentence=str(error))
    seen = read_process_health()
    if not seen.redis or not seen.jobs:
        return _show_state("no_jobs" if seen.redis else "no_redis", slot, model)
    trial_id = _open_tests().ask(model)
    with db().write() as connection:
        record_act(connection, Action.MODEL_TRIED, model)
    if not respond.is_part_wanted():
        return redirect(url_for("providers.show_test", trial_id=trial_id), code=303)
    return show_test(trial_id)


@bp.get("/trials/<trial_id>")
def show_test(trial_id: str) -> ResponseReturnValue:
    """How far it is. The fragment looks again by itself until there is an outcome."""
    slot = _read_slot()
    try:
        found = _open_tests().look(trial_id)
    except RedisError:
        return _show_state("no_redis", slot)
    if found is None:
        return _show_state("gone", slot)
    if found.outcome:
        return _show_outcome(found, slot)
    if not found.is_taken and found.asked > PATIENCE:
        _open_tests().give_up(trial_id)
        return _show_state("no_jobs", slot, found.model)
    again = url_for("providers.show_test", trial_id=trial_id, slot=slot)
    return _show_state("waiting", slot, found.model, again=again)


def _show_outcome(found: ModelTest, slot: str) -> ResponseReturnValue:
    assert found.outcome is not None
    code = found.outcome.code
    sentence = Failure(code).for_owner if code in list(Failure) else ""
    state = "good" if found.outcome.is_good else "bad"
    return _show_state(state, slot, found.model, sentence=sentence, outcome=found.outcome)


def _show_state(
    state: str, slot: str, model: str = "", status: int = 200, **context: Any
) -> ResponseReturnValue:
    context |= {"state": state, "slot": slot, "model": model}
    return respond.part("models/model_test.html", block="outcome", status=status, **context)


def _get_provider(name: str) -> Provider:
    """Aborts with 404 when there is no such provider, or none with keys."""
    return (model_page.find_provider(name) if name in KEY_HOLDERS else None) or abort(404)


def _read_slot() -> str:
    """Where on the page the outcome stands."""
    slot = request.values.get("slot", "")
    return slot if _SLOT.fullmatch(slot) else "here"


def _open_tests() -> ModelTests:
    return ModelTests(live().redis)
