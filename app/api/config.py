"""GET and PUT /v1/whatsapp/config: the owner's settings."""

from dataclasses import asdict, replace
from typing import Any

from app.api import wire
from app.api.agents import refuse_unknown
from app.api.keys import record
from app.api.operation import Operation
from app.web.ext import db, now
from core.settings import Groups, Settings
from store import link, settings

_FIELDS = {
    "enabled": "enabled",
    "default_agent_id": "default_agent",
    "sticky_ttl_minutes": "sticky_minutes",
    "allow_all": "allow_all",
    "ack_emoji": "ack_emoji",
    "groups": "groups",
}


def read_config() -> wire.Config:
    with db().read() as connection:
        return wire.Config.of(settings.load(connection), link.load(connection))


def change_config(body: wire.ConfigChange) -> wire.Config:
    refuse_unknown(body.default_agent_id, "defaultAgentId")
    with db().write() as connection:
        current = settings.load(connection)
        wanted = _changed(current, body)
        if wanted != current:
            wanted = settings.save(connection, wanted, now())
            record(connection, "settings saved", _difference(current, wanted))
        return wire.Config.of(wanted, link.load(connection))


def _changed(current: Settings, body: wire.ConfigChange) -> Settings:
    """Missing and null leave a value as it is; an empty text clears it."""
    given = {ours: getattr(body, theirs) for theirs, ours in _FIELDS.items()}
    changes: dict[str, Any] = {
        name: None if value == "" else value for name, value in given.items() if value is not None
    }
    if body.groups:
        changes["groups"] = Groups(body.groups)
    return replace(current, **changes)


def _difference(before: Settings, after: Settings) -> str:
    """`version: 3 → 4, enabled: False → True`, for the audit log."""
    old, new = asdict(before), asdict(after)
    return ", ".join(f"{name}: {old[name]} → {new[name]}" for name in new if old[name] != new[name])


OPERATIONS = (
    Operation(
        "GET",
        "/whatsapp/config",
        read_config,
        "The settings, and which account is linked",
        scopes=("config:read",),
        answer=wire.Config,
    ),
    Operation(
        "PUT",
        "/whatsapp/config",
        change_config,
        "Change settings; they rule from the next message on",
        scopes=("config:write",),
        body=wire.ConfigChange,
        answer=wire.Config,
    ),
)
