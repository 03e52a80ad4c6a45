"""What the models page shows: providers and their keys, the default, the favourites, who uses what,
the list. The views of `app.models.views` and `app.models.providers` answer with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from app.models.forms import DefaultModelForm, FavouriteForm
from app.web import respond
from app.web.ext import agents, config, db
from core.agents.agent import Agent
from core.errors import InvalidModel
from core.models.catalogue import TRIAL, CatalogueEntry, load_catalogue, search
from core.models.credentials import KEY_HOLDERS, KEYED, Access
from core.models.name import ECHO, ModelName, own_model
from core.settings import Settings
from store import settings
from store.agents import favourites, provider_keys

PAGE = "models/models.html"
SHOWN = 12  # models of the list at a time
PROVIDERS = (*KEYED, "ollama", "custom")


@dataclass(frozen=True)
class Provider:
    """A row of the list of providers."""

    name: str
    set_at: datetime | None  # when the panel's key was entered
    is_readable: bool
    in_environment: bool
    address: str | None
    trial: str | None  # the model that shows whether it works, None while none is known

    @property
    def takes_key(self) -> bool:
        return self.name in KEY_HOLDERS

    @property
    def is_ready(self) -> bool:
        """Whether it could be asked, as far as can be seen from here."""
        has_key = self.in_environment or (self.set_at is not None and self.is_readable)
        return bool(self.address) if self.name not in KEYED else has_key


@dataclass(frozen=True)
class Use:
    """A model in a certain place."""

    name: str
    problem: str  # why it can't be asked, empty if it can
    listed: CatalogueEntry | None


@dataclass(frozen=True)
class AgentUse:
    """What an agent answers with, and what steps in where that fails."""

    agent: Agent
    model: Use
    fallback: Use | None


def refuse(block: str, into: str, **forms: Any) -> ResponseReturnValue:
    """The answer to a form with something wrong in it: that part of the page again."""
    return respond.part(PAGE, block=block, status=422, into=into, **load() | forms)


def show_saved(focus: str) -> ResponseReturnValue:
    """The answer to a change that was made: everything on the page may depend on it."""
    return respond.saved(
        url_for("models.list_models"), PAGE, block="content", focus=focus, **load()
    )


def load() -> dict[str, Any]:
    with db().read() as connection:
        current = settings.load(connection)
        access = provider_keys.read_access(connection, config())
        favoured = favourites.load(connection)
        used = _list_in_use(current, favoured)
        providers = _load_providers(connection, access, used)
    users = agents().load().agents.values()
    return {
        "providers": providers,
        "default": _describe_use(own_model(None, current.default_model), access),
        "favourites": [_describe_use(name, access) for name in favoured],
        "users": [_describe_agent_use(agent, current, access) for agent in users],
        "suggestions": _list_suggestions(access, used),
        "default_form": DefaultModelForm(formdata=None, data={"model": current.default_model}),
        "favourite_form": FavouriteForm(formdata=None),
        **search_catalogue(),
    }


def search_catalogue() -> Mapping[str, Any]:
    """What matches the search in the list, first what there is a key for."""
    wanted = request.args.get("q", "").strip()
    with db().read() as connection:
        ready = provider_keys.read_access(connection, config()).keys
    matching = sorted(search(wanted), key=lambda model: model.name.split("/")[0] not in ready)
    return {"q": wanted, "found": matching[:SHOWN], "total": len(matching)}


def find_provider(name: str) -> Provider | None:
    with db().read() as connection:
        access = provider_keys.read_access(connection, config())
        used = _list_in_use(settings.load(connection), favourites.load(connection))
        rows = _load_providers(connection, access, used)
    return next((row for row in rows if row.name == name), None)


def _load_providers(
    connection: Connection, access: Access, used: Sequence[str]
) -> Sequence[Provider]:
    stored = provider_keys.load(connection, config())
    in_environment = provider_keys.from_environment(config())
    return [
        Provider(
            name=name,
            set_at=stored[name].set_at if name in stored else None,
            is_readable=name not in access.unreadable,
            in_environment=name in in_environment,
            address=access.addresses.get(name),
            trial=next((m for m in used if m.startswith(f"{name}/")), TRIAL.get(name)),
        )
        for name in PROVIDERS
    ]


def _list_in_use(current: Settings, favoured: Sequence[str]) -> Sequence[str]:
    """Every model that something is set to, once each, in our spelling."""
    typed = [current.default_model, *favoured]
    for agent in agents().load().agents.values():
        typed += [agent.model, agent.fallback_model]
    return list(dict.fromkeys(filter(None, map(_spell, typed))))


def _spell(typed: str | None) -> str | None:
    try:
        return str(ModelName.parse(typed)) if typed else None
    except InvalidModel:
        return None


def _describe_use(name: str, access: Access) -> Use:
    try:
        model = ModelName.parse(name)
        access.check(model)
    except InvalidModel as error:
        return Use(name, str(error), None)
    return Use(str(model), "", load_catalogue().get(str(model)))


def _describe_agent_use(agent: Agent, current: Settings, access: Access) -> AgentUse:
    name = own_model(agent.model, current.default_model)
    fallback = _describe_use(agent.fallback_model, access) if agent.fallback_model else None
    return AgentUse(agent, _describe_use(name, access), fallback)


def _list_suggestions(access: Access, used: Sequence[str]) -> Sequence[str]:
    """What the browser offers while a model is typed: of the providers that are set up, or of all
    while there is none."""
    ready = [name for name in load_catalogue() if name.split("/")[0] in access.keys]
    return list(dict.fromkeys([*used, *(ready or load_catalogue()), str(ECHO)]))
