"""The allowlist from a spreadsheet: look at what an import would do, line by line, then do it.

Nothing is kept between the two. The page has the text and a fingerprint of what it showed; the
import reads the text again and does nothing if something else would come of it now.
"""

from collections.abc import Mapping

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from app.allowlist.forms import ImportForm
from app.web.answer import fragment
from app.web.ext import agents, db, now
from app.web.toasts import toast
from core.admission import allowlist_csv
from core.admission.allowlist_csv import BYTES, Fate, Plan
from core.errors import DuplicateEntry, InvalidTable
from store import allowlist
from store.account import audit

bp = Blueprint("imports", __name__, url_prefix="/import")

PAGE = 100  # lines
# The text of a file travels as a form's field, where each end of a line may take a byte more, and
# what is beyond our own limit should be told beside the field.
FORM_LIMIT = 4 * BYTES


def allow_upload() -> None:
    """Before the form of a request is read: here it may be longer than others."""
    if request.blueprint == "allowlist.imports":
        request.max_content_length = request.max_form_memory_size = FORM_LIMIT


@bp.get("/")
def index() -> ResponseReturnValue:
    return _page(ImportForm(formdata=None))


@bp.post("/")
def look() -> ResponseReturnValue:
    """What the file or the text would change."""
    form = ImportForm()
    text = _text(form)
    with db().read() as connection:
        plan = _plan(connection, form, text)
    return _preview(form, text, plan, focus=_next_focus()) if plan else _page(form, 422)


@bp.post("/apply")
def apply() -> ResponseReturnValue:
    """Do exactly what the page has shown, or say what is different now."""
    form = ImportForm()
    text, seen = _text(form), request.form.get("seen", "")
    try:
        with db().write() as connection:
            plan = _plan(connection, form, text, lock=True)
            if plan is None or plan.fingerprint != seen:
                return _preview(form, text, plan, seen) if plan else _page(form, 422)
            allowlist.carry_out(connection, plan.lines, now())
            audit.record(connection, g.owner.name, "allowlist imported", _told(plan), now())
    except DuplicateEntry:  # somebody was quicker by a moment
        with db().read() as connection:
            plan = _plan(connection, form, text)
        return _preview(form, text, plan, seen) if plan else _page(form, 422)
    count = plan.counts
    toast("imported", new=count[Fate.NEW], changed=count[Fate.CHANGED], refused=count[Fate.REFUSED])
    if request.htmx:
        return fragment("allowlist/_imported.html", focus="import", counts=count)
    return redirect(url_for("allowlist.index"), code=303)


def _text(form: ImportForm) -> str:
    """What the file holds, else what was typed. What can't be read is told beside the field."""
    form.validate()
    file = form.file.data
    if not file:
        return form.text.data or ""
    try:
        with file.stream:
            return allowlist_csv.decode(file.read())
    except InvalidTable as error:
        form.file.errors = [str(error)]
        return ""


def _plan(
    connection: Connection, form: ImportForm, text: str, *, lock: bool = False
) -> Plan | None:
    """None, and a sentence beside the field, when the text is no table."""
    if form.errors:
        return None
    try:
        sheet = allowlist_csv.read(text)
    except InvalidTable as error:
        field = form.file if form.file.data else form.text
        field.errors = [str(error)]
        return None
    entries = allowlist.load(connection, lock=lock)
    return allowlist_csv.plan(sheet, entries, _agents())


def _agents() -> Mapping[str, str]:
    """Agents' ids by id and by name, in lower case."""
    known = agents().load().agents.values()
    by_name = {agent.name.casefold(): agent.id for agent in known}
    return by_name | {agent.id.casefold(): agent.id for agent in known}


def _next_focus() -> str:
    """The first look begins at the top; who leafs goes on with the lines, and who chooses lines of
    one kind stays on that button."""
    if "page" in request.form:
        return "lines"
    return "" if len(request.form.getlist("show")) > 1 else "import"


def _page(form: ImportForm, status: int = 200) -> ResponseReturnValue:
    return _answer("allowlist/_import.html", status, form=form)


def _answer(part: str, status: int, focus: str = "", **context: object) -> ResponseReturnValue:
    if request.htmx:
        return fragment(part, status, focus=focus, **context)
    return render_template("allowlist/importing.html", part=part, **context), status


def _preview(
    form: ImportForm, text: str, plan: Plan, seen: str | None = None, focus: str = "import"
) -> ResponseReturnValue:
    """The lines of one kind, or all, a page of them; after a refused import (`seen` is what it went
    by) those that are different now."""
    differing = frozenset() if seen is None else plan.differing(seen)
    show = (request.form.getlist("show") or [""])[-1]
    lines = [line for line in plan.lines if line.row.number in differing or not differing]
    if show in list(Fate) and not differing:
        lines = list(plan.of(Fate(show)))
    pages = max(-(-len(lines) // PAGE), 1)
    page = min(max(request.form.get("page", 1, type=int), 1), pages)
    context = {
        "form": form,
        "text": text,
        "plan": plan,
        "lines": lines[PAGE * (page - 1) : PAGE * page],
        "show": show,
        "page": page,
        "pages": pages,
        "differing": differing,
        "agents": agents().load().agents,
    }
    refused = 422 if request.htmx else 409  # htmx takes a 409 for an error without a page
    return _answer("allowlist/_preview.html", refused if differing else 200, focus, **context)


def _told(plan: Plan) -> str:
    """12 new, 3 changed, 1 refused."""
    told = [f"{plan.counts[fate]:,} {fate}" for fate in Fate if fate is not Fate.SAME]
    return ", ".join(told)
