"""GET and PUT /v1/whatsapp/config: those of the owner's settings that core/settings.py gives a name
in the API."""

from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, create_model

from app.api.agents import refuse_unknown
from app.api.keys import record
from app.api.operation import Operation
from app.api.wire import AgentOrNothing, EmojiOrNothing, Wire
from app.web.ext import db, now
from core.link import Link
from core.settings import ABOUT, FIELDS, Settings, describe_changes, read_setting
from store import link, settings
from store.account.audit import Action

# Names in the API by names in `Settings`.
NAMES = {name: about.api for name, about in ABOUT.items() if about.api}
# Texts that are checked further than their type says; an empty one clears the setting.
_TEXTS: dict[str, Any] = {"default_agent": AgentOrNothing, "ack_emoji": EmojiOrNothing}


def _kind(name: str) -> Any:
    """The type of a setting as pydantic reads it; an enum is one of its texts."""
    about, kind = ABOUT[name], FIELDS[name].type
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        kind = Literal[tuple(each.value for each in kind)]
    return Annotated[kind, Field(description=about.api_about)] if about.api_about else kind


def _find_accepted_type(name: str) -> Any:
    """The type of what a program may set it to."""
    numbers = ABOUT[name].numbers
    if numbers:
        return Annotated[_kind(name), Field(ge=numbers.lowest, le=numbers.highest)]
    return _TEXTS.get(name) or _kind(name)


Config: type[Wire] = create_model(
    "Config",
    __base__=Wire,
    __doc__=(
        "The settings, and which account is linked. `version` rises by one with every change."
    ),
    **{api: _kind(name) for name, api in NAMES.items()},
    phone_number=str | None,
    linked=bool,
    version=int,
)
_changes: dict[str, Any] = {
    api: (_find_accepted_type(name) | None, None) for name, api in NAMES.items()
}
ConfigChange: type[Wire] = create_model(
    "ConfigChange",
    __base__=Wire,
    __doc__="Any of the settings. An empty text clears the default agent or the ack emoji.",
    **_changes,
)


def read_config() -> Wire:
    with db().read() as connection:
        return _describe(settings.load(connection), link.load(connection))


def change_config(body: Any) -> Wire:
    refuse_unknown(body.default_agent_id, "defaultAgentId")
    with db().write() as connection:
        current = settings.load(connection)
        wanted = _apply(current, body)
        if wanted != current:
            wanted = settings.save(connection, wanted, now())
            record(connection, Action.SETTINGS_SAVED, describe_changes(current, wanted))
        return _describe(wanted, link.load(connection))


def _describe(current: Settings, account: Link) -> Wire:
    values = {api: getattr(current, name) for name, api in NAMES.items()}
    values |= {
        "phone_number": account.phone,
        "linked": account.is_linked,
        "version": current.version,
    }
    return Config(**values)


def _apply(current: Settings, body: Any) -> Settings:
    """Missing and null leave a value as it is; an empty text clears it."""
    given = {name: getattr(body, api) for name, api in NAMES.items()}
    changes: dict[str, Any] = {
        name: None if value == "" else read_setting(name, value)
        for name, value in given.items()
        if value is not None
    }
    return replace(current, **changes)


OPERATIONS = (
    Operation(
        "GET",
        "/whatsapp/config",
        read_config,
        "The settings, and which account is linked",
        scopes=("config:read",),
        answer=Config,
    ),
    Operation(
        "PUT",
        "/whatsapp/config",
        change_config,
        "Change settings; they rule from the next message on",
        scopes=("config:write",),
        body=ConfigChange,
        answer=Config,
    ),
)
