"""The allowlist: who may write, under which label, and which agent answers them."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.allowlist import csv_import, tester
from app.allowlist import undo as allowlist_undo
from app.allowlist.forms import EntryForm
from app.web import respond
from app.web.acts import record_act
from app.web.ext import agents, db, now
from app.web.paging import parse_page_number, read_page
from app.web.toasts import toast
from core.admission import allowlist_csv
from core.admission.allowlist import EVERYONE, Entry
from core.errors import DuplicateEntry
from store import allowlist, settings
from store.account.audit import Action
from store.allowlist import Sort
from store.chats import people

bp = Blueprint("allowlist", __name__, url_prefix="/allowlist")
bp.register_blueprint(csv_import.bp)
bp.register_blueprint(tester.bp)

SEARCH_FROM = 10  # with more entries than this there is a search field
PAGE = 100  # entries
LIST = "allowlist/index.html"


@bp.get("/")
def list_entries() -> ResponseReturnValue:
    is_turned = request.headers.get("HX-Trigger", "").startswith("page-")
    if not respond.is_part_wanted():
        return _render_page()
    return respond.part(LIST, block="entries", focus="found" if is_turned else "", **_list())


@bp.post("/")
def add_entry() -> ResponseReturnValue:
    form = _parse_form()
    entry = _store(form) if form.validate() else None
    if entry is None:
        if not respond.is_part_wanted():
            return _render_page(422, form)
        return respond.part(LIST, block="add", status=422, into="#add", form=form)
    toast("entry_added", pattern=_find_shown_pattern(entry))
    with db().read() as connection:
        has_pages = allowlist.read_page(connection, limit=1).total > PAGE
    sort = Sort.NEWEST if has_pages else Sort.NUMBER  # where the new one is in sight
    context = {"form": _make_blank_form(), **_list(sort)}
    home = url_for("allowlist.list_entries", sort=sort)
    return respond.saved(home, LIST, block="list", focus="pattern", **context)


@bp.get("/export.csv")
def export_entries() -> ResponseReturnValue:
    """All entries for a spreadsheet, which knows by the mark in front that it is UTF-8."""
    with db().read() as connection:
        page = allowlist.read_page(connection, limit=2**31)
    table = "\ufeff" + allowlist_csv.write(page.entries)
    name = {"Content-Disposition": "attachment; filename=allowlist.csv"}
    return Response(table, mimetype="text/csv", headers=name)


@bp.get("/<int:entry_id>")
def show_entry(entry_id: int) -> ResponseReturnValue:
    """A row as it is, for leaving the edit form or the question."""
    return _show_row(_get(entry_id))


@bp.route("/<int:entry_id>/edit", methods=["GET", "POST"])
def edit_entry(entry_id: int) -> ResponseReturnValue:
    entry = _get(entry_id)
    form = _parse_form(entry)
    if request.method == "POST" and form.validate():
        stored = _store(form, entry_id)
        if stored:
            toast("entry_saved")
            return _show_row(stored)
    context = {"entry": entry, "edit_form": form, **_describe_surroundings([entry])}
    status = 422 if form.errors else 200
    return respond.part("allowlist/edit.html", block="edit", status=status, **context)


@bp.route("/<int:entry_id>/remove", methods=["GET", "POST"])
def remove_entry(entry_id: int) -> ResponseReturnValue:
    if request.method == "GET":
        entry = _get(entry_id)
        context = {"entry": entry, **_describe_surroundings([entry])}
        return respond.part("allowlist/remove.html", block="question", **context)
    with db().write() as connection:
        removed = allowlist.remove(connection, entry_id)
        if removed:
            record_act(connection, Action.ALLOWLIST_REMOVED, _describe(removed))
    if removed:
        address = url_for("allowlist.restore_entry", **_parse_here())
        undo = allowlist_undo.make_button(removed, address, "#entries")
        if removed.pattern.is_hidden and not removed.label:
            toast("hidden_removed", undo=undo)
        else:
            toast("entry_removed", undo=undo, entry=_find_name(removed))
    return _show_saved()


@bp.post("/restore")
def restore_entry() -> ResponseReturnValue:
    """Undo a removal: the entry is what it was, with an agent that may be gone now."""
    entry = allowlist_undo.read_removed()
    try:
        with db().write() as connection:
            entry = allowlist.restore(connection, entry)
            record_act(connection, Action.ALLOWLIST_RESTORED, _describe(entry))
        toast("entry_back", pattern=_find_shown_pattern(entry))
    except DuplicateEntry as error:
        toast("as_said", "info", sentence=str(error))
    return _show_saved()


# ---- answers --------------------------------------------------------------------------------


def _render_page(status: int = 200, form: EntryForm | None = None) -> ResponseReturnValue:
    context = {"form": form or _make_blank_form(), **tester.make_blank_context(), **_list()}
    return render_template(LIST, **context), status


def _show_saved() -> ResponseReturnValue:
    """The list; for a plain browser the part of it that the owner was looking at."""
    home = url_for("allowlist.list_entries", **_parse_here())
    return respond.saved(home, LIST, block="entries", focus="entries", **_list())


def _show_row(entry: Entry) -> ResponseReturnValue:
    home = url_for("allowlist.list_entries", **_parse_here())
    context = {"entry": entry, **_describe_surroundings([entry])}
    return respond.part(LIST, block="row", focus=f"edit-{entry.id}", home=home, **context)


# ---- forms ----------------------------------------------------------------------------------


def _make_blank_form() -> EntryForm:
    form = EntryForm(formdata=None)
    form.agent.offer(agents().load(), None)
    return form


def _parse_form(entry: Entry | None = None) -> EntryForm:
    """The form as posted, for adding or for changing an entry. The latter has names of its own:
    both can be on one page."""
    posted = request.form if request.method == "POST" else None
    prefix = f"entry{entry.id}-" if entry else ""
    form = EntryForm(formdata=posted, obj=entry, prefix=prefix)
    form.agent.offer(agents().load(), entry.agent if entry else None)
    return form


def _store(form: EntryForm, entry_id: int | None = None) -> Entry | None:
    """The entry as stored; None, and a sentence beside the number, when it is there already."""
    values = form.pattern.data, form.label.data, form.agent.data, now()
    try:
        with db().write() as connection:
            if entry_id is None:
                entry = allowlist.add(connection, *values)
            else:
                entry = allowlist.change(connection, entry_id, *values) or abort(404)
            action = Action.ALLOWLIST_ADDED if entry_id is None else Action.ALLOWLIST_CHANGED
            record_act(connection, action, _describe(entry))
    except DuplicateEntry as error:
        form.pattern.errors = [str(error)]
        return None
    return entry


# ---- what the templates are given -----------------------------------------------------------


def _list(sort: Sort | None = None) -> dict[str, Any]:
    """A page of the entries that match the search."""
    here = _parse_here()
    wanted, sort = here.get("q", ""), sort or Sort(here.get("sort", Sort.NUMBER))
    named = _find_agents(wanted)
    with db().read() as connection:

        def read(skip: int, limit: int) -> tuple[Sequence[Entry], int]:
            found = allowlist.read_page(
                connection, wanted, named, sort=sort, skip=skip, limit=limit
            )
            return found.entries, found.found

        page = read_page(read, int(here.get("page", 1)), PAGE)
        total = allowlist.read_page(connection, limit=1).total if wanted else page.found
        current = settings.load(connection)
    return {
        "page": page,
        "total": total,
        "has_search": total > SEARCH_FROM,
        "q": wanted,
        "sort": sort,
        "allow_all": current.allow_all,
        **_describe_surroundings(page.rows),
    }


def _find_agents(wanted: str) -> Sequence[str]:
    """The agents that go by this name, for the search."""
    known = agents().load().agents.values()
    return [agent.id for agent in known if wanted and wanted.casefold() in agent.name.casefold()]


def _parse_here() -> dict[str, Any]:
    """Search, order and page, as far as the address names them: where the owner is in the list."""
    number, sort = parse_page_number(), request.args.get("sort", "")
    asked = {
        "q": request.args.get("q", "").strip(),
        "sort": sort if sort in list(Sort) and sort != Sort.NUMBER else "",
        "page": str(number) if number > 1 else "",
    }
    return {name: value for name, value in asked.items() if value}


def _describe_surroundings(entries: Sequence[Entry]) -> dict[str, Any]:
    """What showing these entries takes: the agents by id, the people behind hidden ids, and where
    the owner is in the list."""
    lids = [entry.pattern for entry in entries if entry.pattern.is_hidden]
    with db().read() as connection:
        hidden = people.by_lids(connection, lids)
    return {"agents": agents().load().agents, "hidden": hidden, "here": _parse_here()}


def _get(entry_id: int) -> Entry:
    """The entry. Aborts with 404 when it is gone."""
    with db().read() as connection:
        return allowlist.get(connection, entry_id) or abort(404)


def _find_shown_pattern(entry: Entry) -> str | None:
    """None for a hidden number: its id means nothing to people."""
    return entry.label if entry.pattern.is_hidden else entry.pattern


def _find_name(entry: Entry) -> str | None:
    """None for everyone."""
    return entry.label or (None if entry.pattern == EVERYONE else entry.pattern)


def _describe(entry: Entry) -> str:
    parts = [entry.pattern, entry.label or "", f"agent {entry.agent}" if entry.agent else ""]
    return ", ".join(part for part in parts if part)
