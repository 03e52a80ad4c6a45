"""Send permissions: to whom each agent may write on its own."""

from collections.abc import Sequence

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.agents.permission_form import PermissionForm
from app.web.answer import elsewhere, fragment
from app.web.ext import agents, db, now
from app.web.toasts import toast
from core.admission.allowlist import EVERYONE
from core.admission.permission import Permission
from core.agents.agent import Agent
from core.errors import DuplicateEntry
from store.account import audit
from store.agents import permissions

bp = Blueprint("permissions", __name__, url_prefix="/permissions")


@bp.get("/")
def index() -> ResponseReturnValue:
    """`?agent=` chooses one in the form."""
    return _page(_blank(request.args.get("agent")))


@bp.post("/")
def add() -> ResponseReturnValue:
    form = PermissionForm()
    form.agent.offer(agents().load(), None)
    permission = _store(form) if form.validate() else None
    if permission is None:
        return _refused(form)
    toast("permission_given", agent=_name(permission.agent), whom=_whom(permission))
    if not request.htmx:
        return redirect(url_for("permissions.index"), code=303)
    return fragment(
        "permissions/_all.html", form=_blank(permission.agent), focus="pattern", **_given()
    )


@bp.get("/<int:permission_id>")
def show(permission_id: int) -> ResponseReturnValue:
    """A row as it is, for leaving the question."""
    permission = _get(permission_id)
    if not request.htmx:
        return redirect(url_for("permissions.index"), code=303)
    focus = f"remove-{permission.id}"
    return fragment("permissions/_row.html", permission=permission, focus=focus)


@bp.route("/<int:permission_id>/remove", methods=["GET", "POST"])
def remove(permission_id: int) -> ResponseReturnValue:
    if request.method == "GET":
        return _question(_get(permission_id))
    with db().write() as connection:
        permission = permissions.remove(connection, permission_id)
        if permission:
            told = _described(permission)
            audit.record(connection, g.owner.name, "permission removed", told, now())
    if permission:
        toast("permission_removed", agent=_name(permission.agent), whom=_whom(permission))
    if not request.htmx:
        return redirect(url_for("permissions.index"), code=303)
    return fragment("permissions/_given.html", focus="given", **_given())


def _blank(agent: str | None) -> PermissionForm:
    registry = agents().load()
    known = agent if agent in registry.agents else None
    form = PermissionForm(formdata=None, data={"agent": known})
    form.agent.offer(registry, None)
    return form


def _store(form: PermissionForm) -> Permission | None:
    """The permission as stored; None, and a sentence beside the number, when it is there."""
    agent, pattern, label = form.agent.data, form.pattern.data, form.label.data
    try:
        with db().write() as connection:
            permission = permissions.add(connection, agent, pattern, label, now())
            told = _described(permission)
            audit.record(connection, g.owner.name, "permission added", told, now())
    except DuplicateEntry:
        form.pattern.errors = [f"{_name(agent)} may write to {pattern} already."]
        return None
    return permission


def _refused(form: PermissionForm) -> ResponseReturnValue:
    if request.htmx:
        return elsewhere(fragment("permissions/_add.html", 422, form=form), "#add")
    return _page(form, 422)


def _page(form: PermissionForm, status: int = 200) -> ResponseReturnValue:
    return render_template("permissions/index.html", form=form, **_given()), status


def _question(permission: Permission) -> ResponseReturnValue:
    """In place of the row, or on a page of its own."""
    context = {"permission": permission, "name": _name(permission.agent)}
    if request.htmx:
        return fragment("permissions/_remove.html", **context)
    return render_template("permissions/one.html", **context)


def _given() -> dict[str, object]:
    """What `_given.html` shows: for each agent that has any its permissions, the most exact
    first; agents that are gone come last."""
    with db().read() as connection:
        loaded = permissions.load(connection)
    known = agents().load().agents
    owners = sorted({each.agent for each in loaded}, key=lambda agent: (agent not in known, agent))
    groups = [(_title(known.get(agent), agent), _of(agent, loaded)) for agent in owners]
    return {"groups": groups, "missing": [agent for agent in owners if agent not in known]}


def _of(agent: str, loaded: Sequence[Permission]) -> Sequence[Permission]:
    own = [each for each in loaded if each.agent == agent]
    return sorted(own, key=lambda each: (each.pattern.rank, each.pattern))


def _title(agent: Agent | None, agent_id: str) -> str:
    return f"{agent.emoji} {agent.name}".strip() if agent else agent_id


def _name(agent_id: str) -> str:
    agent = agents().load().agents.get(agent_id)
    return agent.name if agent else agent_id


def _whom(permission: Permission) -> str | None:
    """None for everyone."""
    return permission.label or (None if permission.pattern == EVERYONE else permission.pattern)


def _described(permission: Permission) -> str:
    told = f"{permission.agent}: {permission.pattern}"
    return f"{told}, {permission.label}" if permission.label else told


def _get(permission_id: int) -> Permission:
    """The permission. Aborts with 404 when it is gone."""
    with db().read() as connection:
        return permissions.get(connection, permission_id) or abort(404)
