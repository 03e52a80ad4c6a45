"""The allowlist from a spreadsheet: look at what an import would do, line by line, then do it.

Nothing is kept between the two. The page has the text and a fingerprint of what it showed; the
import reads the text again and does nothing if something else would come of it now.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from app.allowlist.forms import ImportForm
from app.web import respond
from app.web.acts import record_act
from app.web.ext import agents, db, now
from app.web.paging import parse_page_number, read_page
from app.web.toasts import toast
from core.admission import allowlist_csv
from core.admission.allowlist_csv import BYTES, CsvLine, Fate, Plan
from core.errors import DuplicateEntry, InvalidTable
from store import allowlist
from store.account.audit import Action

bp = Blueprint("imports", __name__, url_prefix="/import")

PAGE = 100  # lines
# The text of a file travels as a form's field, where each end of a line may take a byte more, and
# what is beyond our own limit should be said beside the field.
FORM_LIMIT = 4 * BYTES


def allow_upload() -> None:
    """Before the form of a request is read: here it may be longer than others."""
    if request.blueprint == "allowlist.imports":
        request.max_content_length = request.max_form_memory_size = FORM_LIMIT


@bp.get("/")
def start_import() -> ResponseReturnValue:
    return _show_form(ImportForm(formdata=None))


@bp.post("/")
def preview_import() -> ResponseReturnValue:
    """What the file or the text would change."""
    form = ImportForm()
    text = _read_text(form)
    with db().read() as connection:
        plan = _make_plan(connection, form, text)
    return _show_preview(form, text, plan, focus=_find_focus()) if plan else _show_form(form, 422)


@bp.post("/apply")
def apply_import() -> ResponseReturnValue:
    """Do exactly what the page has shown, or say what is different now."""
    form = ImportForm()
    text, seen = _read_text(form), request.form.get("seen", "")
    try:
        with db().write() as connection:
            plan = _make_plan(connection, form, text, lock=True)
            if plan is None or plan.fingerprint != seen:
                return _show_preview(form, text, plan, seen) if plan else _show_form(form, 422)
            allowlist.carry_out(connection, plan.lines, now())
            record_act(connection, Action.ALLOWLIST_IMPORTED, _describe(plan))
    except DuplicateEntry:  # another session was quicker by a moment
        with db().read() as connection:
            plan = _make_plan(connection, form, text)
        return _show_preview(form, text, plan, seen) if plan else _show_form(form, 422)
    count = plan.counts
    toast("imported", new=count[Fate.NEW], changed=count[Fate.CHANGED], refused=count[Fate.REFUSED])
    home = url_for("allowlist.list_entries")
    return respond.saved(
        home, "allowlist/imported.html", block="import", focus="import", counts=count
    )


def _read_text(form: ImportForm) -> str:
    """What the file holds, else what was typed. What can't be read is said beside the field."""
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


def _make_plan(
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
    return allowlist_csv.plan(sheet, entries, _list_agent_ids())


def _list_agent_ids() -> Mapping[str, str]:
    """Agents' ids by id and by name, in lower case."""
    known = agents().load().agents.values()
    by_name = {agent.name.casefold(): agent.id for agent in known}
    return by_name | {agent.id.casefold(): agent.id for agent in known}


def _find_focus() -> str:
    """The first look begins at the top; who leafs goes on with the lines, and who chooses lines of
    one kind stays on that button."""
    if "page" in request.form:
        return "lines"
    return "" if len(request.form.getlist("show")) > 1 else "import"


def _show_form(form: ImportForm, status: int = 200) -> ResponseReturnValue:
    return respond.part("allowlist/import.html", block="import", status=status, form=form)


def _show_preview(
    form: ImportForm, text: str, plan: Plan, seen: str | None = None, focus: str = "import"
) -> ResponseReturnValue:
    """The lines of one kind, or all, a page of them; after a refused import (`seen` is what it went
    by) those that are different now."""
    differing = frozenset() if seen is None else plan.list_differing(seen)
    show = (request.form.getlist("show") or [""])[-1]
    lines = [line for line in plan.lines if line.row.number in differing or not differing]
    if show in list(Fate) and not differing:
        lines = list(plan.of(Fate(show)))

    def read(skip: int, limit: int) -> tuple[Sequence[CsvLine], int]:
        return lines[skip : skip + limit], len(lines)

    context: dict[str, Any] = {
        "form": form,
        "text": text,
        "plan": plan,
        "page": read_page(read, parse_page_number(), PAGE),
        "show": show,
        "differing": differing,
        "agents": agents().load().agents,
    }
    # htmx takes a 409 for an error without a page.
    refused = 422 if respond.is_part_wanted() else 409
    status = refused if differing else 200
    return respond.part(
        "allowlist/import_preview.html", block="import", status=status, focus=focus, **context
    )


def _describe(plan: Plan) -> str:
    """12 new, 3 changed, 1 refused."""
    counts = [f"{plan.counts[fate]:,} {fate}" for fate in Fate if fate is not Fate.SAME]
    return ", ".join(counts)
