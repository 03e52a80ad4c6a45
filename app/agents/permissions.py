"""Send permissions: the people each agent may write to on its own."""

from typing import Any

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue

from app.agents.permission_form import PermissionForm
from app.web import respond
from app.web.acts import record_act
from app.web.ext import agents, db, now
from app.web.toasts import toast
from core.admission.allowlist import EVERYONE
from core.admission.permission import Permission
from core.agents.agent import Agent
from core.errors import DuplicateEntry
from store.account.audit import Action
from store.agents import permissions

bp = Blueprint("permissions", __name__, url_prefix="/permissions")

PAGE = "agents/permissions.html"


@bp.get("/")
def list_permissions() -> ResponseReturnValue:
    """`?agent=` chooses one in the form."""
    form = _make_form(request.args.get("agent"))
    return respond.part(PAGE, block="content", form=form, **_load_given())


@bp.post("/")
def add_permission() -> ResponseReturnValue:
    form = PermissionForm()
    form.agent.offer(agents().load(), None)
    permission = _store(form) if form.validate() else None
    if permission is None:
        return respond.part(
            PAGE, block="new_permission", status=422, into="#add", rest=_load_given, form=form
        )
    toast(
        "permission_given",
        agent=_find_name(permission.agent),
        recipient=_name_recipient(permission),
    )
    context = {"form": _make_form(permission.agent), **_load_given()}
    home = url_for("permissions.list_permissions")
    return respond.saved(home, PAGE, block="content", focus="pattern", **context)


@bp.get("/<int:permission_id>")
def show_row(permission_id: int) -> ResponseReturnValue:
    """A row as it is, for leaving the question."""
    permission, home = _get_permission(permission_id), url_for("permissions.list_permissions")
    focus = f"remove-{permission.id}"
    return respond.part(PAGE, block="row", focus=focus, home=home, permission=permission)


@bp.route("/<int:permission_id>/remove", methods=["GET", "POST"])
def remove_permission(permission_id: int) -> ResponseReturnValue:
    if request.method == "GET":
        permission = _get_permission(permission_id)
        context: dict[str, Any] = {"permission": permission, "name": _find_name(permission.agent)}
        return respond.part("agents/remove_permission.html", block="question", **context)
    with db().write() as connection:
        removed = permissions.remove(connection, permission_id)
        if removed:
            record_act(connection, Action.PERMISSION_REMOVED, _describe(removed))
    if removed:
        toast(
            "permission_removed",
            agent=_find_name(removed.agent),
            recipient=_name_recipient(removed),
        )
    home = url_for("permissions.list_permissions")
    return respond.saved(home, PAGE, block="given", focus="given", **_load_given())


def _make_form(agent: str | None) -> PermissionForm:
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
            detail = _describe(permission)
            record_act(connection, Action.PERMISSION_ADDED, detail)
    except DuplicateEntry:
        form.pattern.errors = [f"{_find_name(agent)} may write to {pattern} already."]
        return None
    return permission


def _load_given() -> dict[str, Any]:
    """What the list shows: for each agent that has any its permissions, the most exact
    first; agents that are gone come last."""
    with db().read() as connection:
        loaded = permissions.load(connection)
    known = agents().load().agents
    owners = sorted({each.agent for each in loaded}, key=lambda agent: (agent not in known, agent))
    ranked = sorted(loaded, key=lambda each: (each.pattern.rank, each.pattern))
    groups = [
        (_make_title(known.get(agent), agent), [each for each in ranked if each.agent == agent])
        for agent in owners
    ]
    return {"groups": groups, "missing": [agent for agent in owners if agent not in known]}


def _make_title(agent: Agent | None, agent_id: str) -> str:
    return f"{agent.emoji} {agent.name}".strip() if agent else agent_id


def _find_name(agent_id: str) -> str:
    agent = agents().load().agents.get(agent_id)
    return agent.name if agent else agent_id


def _name_recipient(permission: Permission) -> str | None:
    """None for everyone."""
    return permission.label or (None if permission.pattern == EVERYONE else permission.pattern)


def _describe(permission: Permission) -> str:
    detail = f"{permission.agent}: {permission.pattern}"
    return f"{detail}, {permission.label}" if permission.label else detail


def _get_permission(permission_id: int) -> Permission:
    """The permission. Aborts with 404 when it is gone."""
    with db().read() as connection:
        return permissions.get(connection, permission_id) or abort(404)
