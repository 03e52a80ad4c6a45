"""/v1/agents/{agent_id}/messaging-permissions: the people an agent may write to."""

from collections.abc import Sequence
from typing import Annotated, Literal

from flask import abort
from pydantic import Field

from app.api import agents
from app.api.keys import record
from app.api.operation import Operation
from app.api.parameter import Parameter
from app.api.wire import Label, Millis, Removed, TargetText, Wire, count_millis
from app.web.ext import db, now
from core.admission.permission import Permission
from store.account.audit import Action
from store.agents import permissions

MOST = 1000  # permissions in one request

Channel = Literal["whatsapp"]
_PATH = "/agents/<agent_id>/messaging-permissions"
_CHANNEL = Parameter("query", "channel", "channel", Channel, "Only of this channel: there is one.")


class MessagingPermission(Wire):
    """`target` is a number, a prefix such as +1555*, or * for everyone."""

    id: int
    agent_id: str
    channel: Channel = "whatsapp"
    target: str
    label: str | None
    created_at: Millis
    updated_at: Millis

    @classmethod
    def of(cls, permission: Permission) -> "MessagingPermission":
        at = count_millis(permission.created_at)  # it is never changed, only removed and made anew
        return cls(
            id=permission.id,
            agent_id=permission.agent,
            target=permission.pattern,
            label=permission.label,
            created_at=at,
            updated_at=at,
        )


class MessagingPermissions(Wire):
    """The newest first."""

    permissions: list[MessagingPermission]
    total: int


class NewPermission(Wire):
    target: TargetText
    label: Label | None = None
    channel: Channel = "whatsapp"


class WantedPermissions(Wire):
    """All that the agent is to have; an empty list takes everything away."""

    permissions: Annotated[list[NewPermission], Field(max_length=MOST)]
    channel: Channel = "whatsapp"


def list_permissions(agent_id: str, channel: Channel | None) -> MessagingPermissions:
    """Also of an agent that is gone, so that what is left of it can be seen."""
    with db().read() as connection:
        return _list_all(permissions.load(connection, agent_id))


def replace_permissions(agent_id: str, body: WantedPermissions) -> MessagingPermissions:
    _refuse_unknown(agent_id)
    wanted = [(each.target, each.label or None) for each in body.permissions]
    with db().write() as connection:
        permissions.replace(connection, agent_id, wanted, now())
        given = permissions.load(connection, agent_id)
        patterns = ", ".join(permission.pattern for permission in given) or "nobody"
        record(connection, Action.PERMISSIONS_REPLACED, f"{agent_id}: {patterns}")
    return _list_all(given)


def add_permission(agent_id: str, body: NewPermission) -> MessagingPermission:
    _refuse_unknown(agent_id)
    with db().write() as connection:
        given = permissions.add(connection, agent_id, body.target, body.label or None, now())
        record(connection, Action.PERMISSION_ADDED, f"{agent_id}: {given.pattern}")
    return MessagingPermission.of(given)


def remove_permission(agent_id: str, permission_id: int) -> Removed:
    with db().write() as connection:
        known = permissions.get(connection, permission_id)
        if known is None or known.agent != agent_id:
            abort(404, "Permission not found")
        permissions.remove(connection, permission_id)
        record(connection, Action.PERMISSION_REMOVED, f"{agent_id}: {known.pattern}")
    return Removed(id=permission_id)


def _list_all(given: Sequence[Permission]) -> MessagingPermissions:
    listed = [MessagingPermission.of(each) for each in given]
    return MessagingPermissions(permissions=listed, total=len(listed))


def _refuse_unknown(agent_id: str) -> None:
    if agents.find(agent_id) is None:
        abort(404, f"There is no agent “{agent_id}”.")


OPERATIONS = (
    Operation(
        "GET",
        _PATH,
        list_permissions,
        "To whom an agent may write on its own",
        scopes=("permissions",),
        answer=MessagingPermissions,
        parameters=(_CHANNEL,),
        problems={422: "There is no such channel."},
    ),
    Operation(
        "PUT",
        _PATH,
        replace_permissions,
        "Let an agent write to these and to nobody else",
        scopes=("permissions",),
        body=WantedPermissions,
        answer=MessagingPermissions,
        problems={404: "There is no such agent.", 409: "One target is there twice."},
    ),
    Operation(
        "POST",
        _PATH,
        add_permission,
        "Let an agent write to a number, a prefix or everyone",
        scopes=("permissions",),
        body=NewPermission,
        answer=MessagingPermission,
        problems={404: "There is no such agent.", 409: "The agent has this permission already."},
    ),
    Operation(
        "DELETE",
        f"{_PATH}/<int:permission_id>",
        remove_permission,
        "Take a permission away; from then on it counts no more, also in turns that run",
        scopes=("permissions",),
        answer=Removed,
        problems={404: "Permission not found."},
    ),
)
