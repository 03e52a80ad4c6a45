"""What goes on inside: processes, the connection's history, the log, and why a person got no
reply."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import Blueprint, current_app, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from redis import RedisError

from app.diagnostics import bundle
from app.diagnostics.system_health import SystemHealth
from app.web import respond
from app.web.acts import record_act
from app.web.ext import db, live, now
from core.admission.decide import Decision, decide
from core.errors import InvalidPhone
from core.messages.message import Kind, Place
from core.phone import Phone
from store import allowlist, settings
from store.account.audit import Action
from store.pages import why
from store.redis import logs
from store.redis.logs import LogLine

bp = Blueprint("diagnostics", __name__, url_prefix="/diagnostics")

PAGE = "diagnostics/diagnostics.html"
PROCESSES = ("web", "worker", "connection", "jobs", "release")
LEVELS = {"info": 20, "warning": 30, "error": 40, "critical": 50}
SHOWN = 300  # lines
WATCHED = timedelta(minutes=10)  # how long an open page follows the log by itself
STOP_POLLING = 286  # htmx's word for it


@bp.get("/")
def show_diagnostics() -> ResponseReturnValue:
    return respond.part(PAGE, block="content", **_load_page())


@bp.get("/now")
def show_current() -> ResponseReturnValue:
    """The part that changes by itself."""
    context = _render_health()
    return respond.unchanged(context["current_seen"]) or respond.part(
        PAGE, block="watched", home=url_for("diagnostics.show_diagnostics"), **context
    )


@bp.get("/log")
def show_log() -> ResponseReturnValue:
    """The end of the log, filtered: a page, or its part of one."""
    return respond.part(PAGE, block="log", rest=_load_page, **_load_log())


@bp.get("/log/lines")
def show_log_lines() -> ResponseReturnValue:
    """What an open page asks for every few seconds, for some minutes: then it is to stop."""
    context, home = _load_log(), url_for("diagnostics.show_log")
    since = request.args.get("since", 0.0, type=float)
    if now().timestamp() - since > WATCHED.total_seconds():
        context["has_stopped"] = True
        return respond.part(PAGE, block="lines", status=STOP_POLLING, home=home, **context)
    unchanged = respond.unchanged(context["seen"])
    return unchanged or respond.part(PAGE, block="lines", home=home, **context)


@bp.get("/why")
def explain_no_reply() -> ResponseReturnValue:
    return respond.part(PAGE, block="why", rest=_load_page, **_explain())


@bp.post("/bundle")
def make_bundle() -> ResponseReturnValue:
    with db().write() as connection:
        record_act(connection, Action.SUPPORT_BUNDLE_MADE)
    answer = make_response(
        bundle.build_bundle(
            SystemHealth.read(events=1000, errors=logs.ERRORS), _read_log(logs.LINES)
        )
    )
    answer.mimetype = "application/zip"
    name = f"djinnbot-support-{now():%Y%m%d-%H%M}.zip"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _load_page() -> dict[str, Any]:
    return {**_render_health(), **_load_log(), **_explain()}


def _render_health() -> dict[str, Any]:
    """Marked by how it looks: what the processes say of themselves differs with each heartbeat."""
    html = render_template("diagnostics/_health.html", health=SystemHealth.read())
    return {"current": Markup(html), "current_seen": respond.fingerprint(html)}


# The log ----------------------------------------------------------------------------------------


def _load_log() -> dict[str, Any]:
    process, level = request.args.get("process", ""), request.args.get("level", "info")
    level = level if level in LEVELS else "info"
    is_filtered = bool(process) or level != "info"
    read = _read_log(logs.LINES if is_filtered else SHOWN)
    found = [
        line
        for line in read
        if process in ("", line.process) and LEVELS.get(line.level, 0) >= LEVELS[level]
    ][:SHOWN]
    return {
        "lines": found,
        "process": process,
        "processes": PROCESSES,
        "level": level,
        "levels": list(LEVELS)[:3],
        "since": now().timestamp(),
        "seen": respond.fingerprint(found[:1], len(found)),
    }


def _read_log(limit: int) -> Sequence[LogLine]:
    try:
        return logs.read_latest(live().redis, limit)
    except RedisError as error:
        current_app.logger.warning("Redis does not answer: %s", error)
        return ()


# Why no reply? ----------------------------------------------------------------------------------


def _explain() -> dict[str, Any]:
    """What became of the messages of the person that the question names; for a number that never
    wrote, what would become of one."""
    wanted = request.args.get("q", "").strip()
    with db().read() as connection:
        found = why.find(connection, wanted, now())
    phone = _parse_phone(wanted)
    return {
        "q": wanted,
        "found": found,
        "phone": phone,
        "would": _foresee_decision(phone) if phone and not found else None,
    }


def _parse_phone(wanted: str) -> Phone | None:
    try:
        return Phone.parse(wanted)
    except InvalidPhone:
        return None


def _foresee_decision(phone: Phone) -> Decision:
    with db().read() as connection:
        return decide(
            place=Place.DIRECT,
            kind=Kind.TEXT,
            from_me=False,
            phone=phone,
            lid=None,
            is_blocked=False,
            settings=settings.load(connection),
            entries=allowlist.list_matching(connection, phone, None),
        )
