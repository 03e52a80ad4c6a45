"""Models: the default, the favourites, and the list to pick from. The providers' keys, on the same
page, are in `app.models.providers`."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from app.models import page
from app.models.forms import DefaultModelForm, FavouriteForm, spell_model
from app.web import respond
from app.web.acts import record_act
from app.web.ext import db, now
from app.web.toasts import Undo, toast
from core.errors import InvalidModel
from core.models.name import ECHO
from store import settings
from store.account.audit import Action
from store.agents import favourites

bp = Blueprint("models", __name__, url_prefix="/models")

MOST = 50  # favourites


@bp.get("/")
def list_models() -> ResponseReturnValue:
    """htmx asks for what the search finds in the catalogue."""
    found = page.search_catalogue()
    return respond.part(page.PAGE, block="catalogue", rest=page.load, **found)


@bp.post("/default")
def choose_default() -> ResponseReturnValue:
    form = DefaultModelForm()
    if not form.validate():
        return page.refuse("default_model", "#default", default_form=form)
    wanted = form.model.data
    with db().write() as connection:
        before = settings.load(connection)
        settings.save(connection, replace(before, default_model=wanted), now())
        detail = f"default_model: {before.default_model} → {wanted}"
        record_act(connection, Action.SETTINGS_SAVED, detail)
    toast("default_model_chosen", model=str(wanted or ECHO))
    return page.show_saved("save-default")


@bp.post("/favourites")
def add_favourite() -> ResponseReturnValue:
    form = FavouriteForm()
    if not form.validate() or not _add_favourite(form):
        return page.refuse("favourites", "#favourites", favourite_form=form)
    toast("favourite_added", model=form.model.data)
    return page.show_saved("favourite-model")


@bp.post("/favourites/move")
def move_favourite() -> ResponseReturnValue:
    """One place up or down; at the ends, and with one that is gone, nothing happens."""
    name, way = request.form.get("model", ""), request.form.get("way")

    def move(names: list[str]) -> None:
        if name in names:
            place = names.index(name) + (-1 if way == "up" else 1)
            names.remove(name)
            names.insert(max(place, 0), name)

    names = _change_favourites(move, Action.FAVORITE_MOVED, name)
    focus = f"move-{way}-{names.index(name) + 1}" if name in names else "favourites"
    return page.show_saved(focus)


@bp.post("/favourites/remove")
def remove_favourite() -> ResponseReturnValue:
    name = request.form.get("model", "")
    place: list[int] = []

    def remove(names: list[str]) -> None:
        if name in names:
            place.append(names.index(name))
            names.remove(name)

    _change_favourites(remove, Action.FAVORITE_REMOVED, name)
    if place:
        values: dict[str, str | int] = {"model": name, "place": place[0]}
        undo = Undo(url_for("models.restore_favourite"), "#models", values)
        toast("favourite_removed", undo=undo, model=name)
    return page.show_saved("favourites")


@bp.post("/favourites/restore")
def restore_favourite() -> ResponseReturnValue:
    """Undo a removal, at the place where it was."""
    place = request.form.get("place", "")
    try:
        name = spell_model(request.form.get("model", ""))
    except InvalidModel as error:
        toast("as_said", "warning", sentence=str(error))
        return page.show_saved("favourites")

    def restore(names: list[str]) -> None:
        if name not in names:
            at = int(place) if place.isascii() and place.isdecimal() and len(place) < 4 else MOST
            names.insert(at, name)

    _change_favourites(restore, Action.FAVORITE_RESTORED, name)
    return page.show_saved("favourites")


def _add_favourite(form: FavouriteForm) -> bool:
    """False, with a sentence beside the field, when there are enough."""
    name = form.model.data

    def append(names: list[str]) -> None:
        if name not in names and len(names) < MOST:
            names.append(name)

    names = _change_favourites(append, Action.FAVORITE_ADDED, name)
    if name not in names:
        form.model.errors = [f"{MOST} favorites are enough: remove one first."]
    return name in names


def _change_favourites(
    change: Callable[[list[str]], None], action: Action, name: str
) -> Sequence[str]:
    """Change the list of favourites and return it; in the audit log only if it is another one."""
    with db().write() as connection:
        before = list(favourites.load(connection))
        after = list(before)
        change(after)
        if after != before:
            favourites.save(connection, after)
            record_act(connection, action, name)
    return after
