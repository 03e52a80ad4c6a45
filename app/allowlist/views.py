"""The allowlist: who may write, under which label, and which agent answers them."""

from collections.abc import Sequence

from flask import Blueprint, Response, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from app.allowlist import csv_import, tester
from app.allowlist import undo as allowlist_undo
from app.allowlist.forms import EntryForm
from app.web.answer import elsewhere, fragment
from app.web.ext import agents, db, now
from app.web.toasts import toast
from core.admission import allowlist_csv
from core.admission.allowlist import EVERYONE, Entry
from core.errors import DuplicateEntry
from store import allowlist, settings
from store.account import audit
from store.allowlist import Page, Sort
from store.chats import people

bp = Blueprint("allowlist", __name__, url_prefix="/allowlist")
bp.register_blueprint(csv_import.bp)
bp.register_blueprint(tester.bp)

SEARCH_FROM = 10  # with more entries than this there is a search field
PAGE = 100  # entries


@bp.get("/")
def index() -> ResponseReturnValue:
    if not request.htmx:
        return _page()
    is_turned = request.headers.get("HX-Trigger", "").startswith("page-")
    return fragment("allowlist/_rows.html", focus="found" if is_turned else "", **_rows())


@bp.post("/")
def add() -> ResponseReturnValue:
    form = _form()
    entry = _store(form) if form.validate() else None
    if entry is None:
        return _add_refused(form)
    toast("entry_added", pattern=_shown(entry))
    sort = Sort.NEWEST if _has_pages() else Sort.NUMBER  # where the new one is in sight
    if not request.htmx:
        return _back(sort=sort)
    return fragment("allowlist/_all.html", form=_blank(), focus="pattern", **_rows(sort))


@bp.get("/export.csv")
def export() -> ResponseReturnValue:
    """All entries for a spreadsheet, which knows by the mark in front that it is UTF-8."""
    with db().read() as connection:
        page = allowlist.page(connection, limit=2**31)
    table = "\ufeff" + allowlist_csv.write(page.entries)
    name = {"Content-Disposition": "attachment; filename=allowlist.csv"}
    return Response(table, mimetype="text/csv", headers=name)


@bp.get("/<int:entry_id>")
def show(entry_id: int) -> ResponseReturnValue:
    """A row as it is, for leaving the edit form or the question."""
    entry = _get(entry_id)
    if not request.htmx:
        return _back()
    focus = f"edit-{entry.id}"
    return fragment("allowlist/_row.html", entry=entry, focus=focus, **_around([entry]))


@bp.route("/<int:entry_id>/edit", methods=["GET", "POST"])
def edit(entry_id: int) -> ResponseReturnValue:
    entry = _get(entry_id)
    form = _form(entry)
    if request.method == "GET" or not form.validate() or not _store(form, entry_id):
        return _one("allowlist/_edit.html", entry, form, 422 if form.errors else 200)
    toast("entry_saved")
    return show(entry_id)


@bp.route("/<int:entry_id>/remove", methods=["GET", "POST"])
def remove(entry_id: int) -> ResponseReturnValue:
    if request.method == "GET":
        return _one("allowlist/_remove.html", _get(entry_id), None)
    with db().write() as connection:
        entry = allowlist.remove(connection, entry_id)
        if entry:
            audit.record(connection, g.owner.name, "allowlist removed", _described(entry), now())
    if entry:
        undo = allowlist_undo.button(entry, url_for("allowlist.restore", **_here()), "#entries")
        if entry.pattern.is_hidden and not entry.label:
            toast("hidden_removed", undo=undo)
        else:
            toast("entry_removed", undo=undo, entry=_name(entry))
    return _list()


@bp.post("/restore")
def restore() -> ResponseReturnValue:
    """Undo a removal: the entry is what it was, with an agent that may be gone now."""
    entry = allowlist_undo.removed()
    try:
        with db().write() as connection:
            entry = allowlist.restore(connection, entry)
            audit.record(connection, g.owner.name, "allowlist restored", _described(entry), now())
        toast("entry_back", pattern=_shown(entry))
    except DuplicateEntry as error:
        toast("as_said", "info", sentence=str(error))
    return _list()


def _list() -> ResponseReturnValue:
    if not request.htmx:
        return _back()
    return fragment("allowlist/_rows.html", focus="entries", **_rows())


def _back(**where: str) -> ResponseReturnValue:
    """To the part of the list that the owner was looking at, or to another part of it."""
    return redirect(url_for("allowlist.index", **(where or _here())), code=303)


def _blank() -> EntryForm:
    form = EntryForm(formdata=None)
    form.agent.offer(agents().load(), None)
    return form


def _form(entry: Entry | None = None) -> EntryForm:
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
            action = "allowlist added" if entry_id is None else "allowlist changed"
            audit.record(connection, g.owner.name, action, _described(entry), now())
    except DuplicateEntry as error:
        form.pattern.errors = [str(error)]
        return None
    return entry


def _add_refused(form: EntryForm) -> ResponseReturnValue:
    if request.htmx:
        return elsewhere(fragment("allowlist/_add.html", 422, form=form), "#add")
    return _page(422, form)


def _page(status: int = 200, form: EntryForm | None = None) -> ResponseReturnValue:
    context = {"form": form or _blank(), **tester.blank(), **_rows()}
    return render_template("allowlist/index.html", **context), status


def _one(
    template: str, entry: Entry, form: EntryForm | None, status: int = 200
) -> ResponseReturnValue:
    """One entry's form or question: in place of its row, or on a page of its own."""
    context = {"entry": entry, "edit_form": form, **_around([entry])}
    if request.htmx:
        return fragment(template, status, **context)
    return render_template("allowlist/one.html", part=template, **context), status


def _rows(sort: Sort | None = None) -> dict[str, object]:
    """What `_rows.html` shows: a page of the entries that match the search."""
    here = _here()
    wanted, sort = here.get("q", ""), sort or Sort(here.get("sort", Sort.NUMBER))
    with db().read() as connection:
        number, found = _found(connection, wanted, sort, int(here.get("page", 1)))
        current = settings.load(connection)
    return {
        "list": found,
        "has_search": found.total > SEARCH_FROM,
        "q": wanted,
        "sort": sort,
        "sorts": Sort,
        "page": number,
        "pages": _pages(found.found),
        "allow_all": current.allow_all,
        **_around(found.entries),
    }


def _found(connection: Connection, wanted: str, sort: Sort, number: int) -> tuple[int, Page]:
    """The page with this number; the last one if there are not so many (any more)."""
    skip = PAGE * (number - 1)
    ids = _called(wanted)
    found = allowlist.page(connection, wanted, ids, sort=sort, skip=skip, limit=PAGE)
    if found.entries or number == 1:
        return number, found
    return _found(connection, wanted, sort, min(_pages(found.found), number - 1))


def _pages(found: int) -> int:
    return max(-(-found // PAGE), 1)


def _has_pages() -> bool:
    with db().read() as connection:
        return allowlist.page(connection, limit=1).total > PAGE


def _called(wanted: str) -> Sequence[str]:
    """The agents that go by this name, for the search."""
    known = agents().load().agents.values()
    return [agent.id for agent in known if wanted and wanted.casefold() in agent.name.casefold()]


def _here() -> dict[str, str]:
    """Search, order and page, as far as the address names them: where the owner is in the list."""
    page = request.args.get("page", 1, type=int)
    asked = {
        "q": request.args.get("q", "").strip(),
        "sort": request.args.get("sort", ""),
        "page": str(page) if 1 < page < 10_000 else "",
    }
    if asked["sort"] not in list(Sort) or asked["sort"] == Sort.NUMBER:
        asked["sort"] = ""
    return {name: value for name, value in asked.items() if value}


def _around(entries: Sequence[Entry]) -> dict[str, object]:
    """What showing these entries takes: the agents by id, the people behind hidden ids, and where
    the owner is in the list."""
    lids = [entry.pattern for entry in entries if entry.pattern.is_hidden]
    with db().read() as connection:
        hidden = people.by_lids(connection, lids)
    return {"agents": agents().load().agents, "hidden": hidden, "here": _here()}


def _get(entry_id: int) -> Entry:
    """The entry. Aborts with 404 when it is gone."""
    with db().read() as connection:
        return allowlist.get(connection, entry_id) or abort(404)


def _shown(entry: Entry) -> str | None:
    """None for a hidden number: its id says nothing to anybody."""
    return entry.label if entry.pattern.is_hidden else entry.pattern


def _name(entry: Entry) -> str | None:
    """None for everyone."""
    return entry.label or (None if entry.pattern == EVERYONE else entry.pattern)


def _described(entry: Entry) -> str:
    parts = [entry.pattern, entry.label or "", f"agent {entry.agent}" if entry.agent else ""]
    return ", ".join(part for part in parts if part)
