"""The audit log: who changed what, with filters, and as a table for spreadsheets."""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, request, stream_with_context
from flask.typing import ResponseReturnValue

from app.web import respond
from app.web.ext import db, now
from core.text.spreadsheet import format_row
from store.account import audit
from store.account.audit import Filter

bp = Blueprint("audit", __name__, url_prefix="/account/audit")

PAGE = 50
BATCH = 1000  # acts of a download that are in memory at once


@bp.get("/")
def list_acts() -> ResponseReturnValue:
    wanted = _read_filter()
    before = request.args.get("before", type=int)
    with db().read() as connection:
        acts = audit.list_acts(connection, PAGE + 1, wanted, before)
        choices = (audit.list_actors(connection), audit.list_actions(connection))
    context: dict[str, Any] = {
        "acts": acts[:PAGE],
        "older": acts[PAGE - 1].id if len(acts) > PAGE else None,
        "wanted": wanted,
        "before": before,
        "choices": choices,
    }
    return respond.part("account/audit_log.html", block="acts", **context)


@bp.get("/audit.csv")
def download_acts() -> ResponseReturnValue:
    name = f"audit-{now():%Y-%m-%d}.csv"
    answer = Response(stream_with_context(_write_lines(_read_filter())), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _read_filter() -> Filter:
    return Filter(*(request.args.get(name, "").strip() for name in ("actor", "action", "q")))


def _write_lines(wanted: Filter) -> Iterator[str]:
    """In batches: the log may be long."""
    yield "\ufeff" + format_row(["time (UTC)", "who", "what", "details"])
    before = None
    while True:
        with db().read() as connection:
            acts = audit.list_acts(connection, BATCH, wanted, before)
        for act in acts:
            yield format_row([f"{act.at:%Y-%m-%d %H:%M:%S}", act.actor, act.action, act.detail])
        if len(acts) < BATCH:
            return
        before = acts[-1].id
