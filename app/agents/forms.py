"""The forms of the agents' pages. A valid form turns itself into the texts of an agent's files."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    Field,
    HiddenField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import DataRequired, Length

from core.agents.agent import Agent, is_agent_id
from core.agents.identity import with_fields
from core.errors import DjinnError
from core.models.name import ModelName
from core.settings import parse_emoji
from store.agents.agent_config import with_keys
from store.agents.agent_files import Snapshot
from store.agents.agents import FILE_LIMIT, Registry

NAME_MAX = 60
ROLE_MAX = 120
_BAD = {"Cc", "Cs", "Zl", "Zp"}  # control characters and line ends, as Unicode names them
_NAMES = {"soul": "SOUL.md", "instructions": "AGENTS.md"}


def _strip(text: str | None) -> str:
    return (text or "").strip()


def require_one_line(form: FlaskForm, field: Field) -> None:
    if any(unicodedata.category(character) in _BAD for character in field.data or ""):
        raise ValidationError("Use one line of plain text.")


def require_storable(form: FlaskForm, field: Field) -> None:
    """What a file may hold and a model may read."""
    if "\0" in (field.data or ""):
        raise ValidationError("There is a character in it that no text has.")
    if len((field.data or "").encode(errors="replace")) > FILE_LIMIT:
        raise ValidationError(f"At most {FILE_LIMIT // 1024} kB.")


def _make_name_field() -> StringField:
    missing, long = "Give the agent a name.", f"At most {NAME_MAX} characters."
    rules = [DataRequired(missing), Length(max=NAME_MAX, message=long), require_one_line]
    return StringField("Name", rules, filters=[_strip])


def _make_role_field() -> StringField:
    long = Length(max=ROLE_MAX, message=f"At most {ROLE_MAX} characters.")
    return StringField("Role", [long, require_one_line], filters=[_strip])


class _PersonForm(FlaskForm):
    """What the form of a new agent and that of an old one have in common."""

    name = _make_name_field()
    role = _make_role_field()
    emoji = StringField("Emoji", filters=[_strip])

    others: Sequence[Agent] = ()
    before: Mapping[str, str] = {}

    def validate_name(self, field: Field) -> None:
        """People choose an agent by its name: two of one name are one too many."""
        if field.data == self.before.get("name"):
            return
        if any(agent.name.casefold() == field.data.casefold() for agent in self.others):
            raise ValidationError(f"There is an agent called {field.data} already.")

    def validate_emoji(self, field: Field) -> None:
        if not field.data or field.data == self.before.get("emoji"):
            return
        try:
            parse_emoji(field.data)
        except DjinnError:
            raise ValidationError("Use exactly one emoji, for example 🦉.") from None

    def describe_person(self) -> Mapping[str, str]:
        return {"name": self.name.data, "role": self.role.data, "emoji": self.emoji.data}


class NewAgentForm(_PersonForm):
    """`start` names what the new agent begins as: nothing, or a copy of one of `starts`."""

    agent_id = StringField("Folder", filters=[_strip])
    start = SelectField("Begin with", choices=[])

    @classmethod
    def of(cls, registry: Registry, starts: Mapping[str, str]) -> "NewAgentForm":
        form = cls(formdata=request.form if request.method == "POST" else None)
        form.others = list(registry.agents.values())
        form.start.choices = [("", "An empty page"), *starts.items()]
        return form

    @property
    def folder(self) -> str:
        """The id that was typed, else one made of the name: “Mary Ann” becomes mary-ann."""
        return self.agent_id.data or _make_slug(self.name.data or "")

    def validate_agent_id(self, field: Field) -> None:
        if field.data and not is_agent_id(field.data):
            raise ValidationError("Use letters, digits, _ and -, at most 64, no _ or - first.")
        if self.name.data and not is_agent_id(self.folder):
            raise ValidationError("Choose one: none can be made of this name.")

    def validate_start(self, field: Field) -> None:
        if field.data not in dict(field.choices):
            raise ValidationError("That one is gone. Choose another.")

    def make_texts(self, copied: Mapping[str, str], source: Agent | None) -> Mapping[str, str]:
        """The new agent's files. What the form leaves open stays as it is in the copy."""
        identity = copied.get("IDENTITY.md", "")
        before = _describe_person(source) if source else {}
        wanted = {key: value for key, value in self.describe_person().items() if value}
        return {**copied, "IDENTITY.md": with_fields(identity, before, wanted)}


class AgentForm(_PersonForm):
    """An agent as it is now, or with what was posted over it."""

    # What the page showed: a save must not undo a newer change unseen.
    etag = HiddenField()
    model = StringField("Model", filters=[_strip])
    fallback_model = StringField("Fallback model", filters=[_strip])
    is_on_whatsapp = BooleanField("Reachable on WhatsApp")
    soul = TextAreaField("Character", [require_storable])
    instructions = TextAreaField("Instructions", [require_storable])

    models: Mapping[str, str | None] = {}

    @classmethod
    def of(cls, agent: Agent, etag: str, registry: Registry, posted: bool = False) -> "AgentForm":
        form = cls(
            formdata=request.form if posted else None, data={"etag": etag, **_describe_agent(agent)}
        )
        form.before = _describe_person(agent)
        form.models = {"model": agent.model, "fallback_model": agent.fallback_model}
        form.others = [other for other in registry.agents.values() if other.id != agent.id]
        return form

    def validate_model(self, field: Field) -> None:
        """A name that is there already may stay, whatever it is."""
        if field.data and field.data != self.models[field.name]:
            try:
                field.data = str(ModelName.parse(field.data))
            except DjinnError as error:
                raise ValidationError(str(error)) from None

    validate_fallback_model = validate_model

    def make_texts(self, agent: Agent, now: Snapshot) -> Mapping[str, str]:
        """The agent's files as this form wants them; untouched is what it does not differ in."""
        identity = with_fields(now.text("IDENTITY.md"), self.before, self.describe_person())
        config = with_keys(now.text("config.yml"), self._list_keys(agent))
        bodies = {
            name: now.in_its_manner(name, self[field].data or "") for field, name in _NAMES.items()
        }
        return {"config.yml": config, "IDENTITY.md": identity, **bodies}

    def _list_keys(self, agent: Agent) -> Mapping[str, str | bool | None]:
        wanted = {name: self[name].data or None for name in self.models}
        keys = {name: model for name, model in wanted.items() if model != self.models[name]}
        is_moved = self.is_on_whatsapp.data != agent.is_on_whatsapp
        return {**keys, "whatsapp": self.is_on_whatsapp.data} if is_moved else keys

    def list_changes(self, agent: Agent) -> Sequence[str]:
        """What differs from the agent, for the audit log: short values in full, texts by name."""
        old = _describe_agent(agent)
        short = ("name", "role", "emoji", "model", "fallback_model", "is_on_whatsapp")
        said = [
            f"{name}: {old[name]} → {self[name].data}"
            for name in short
            if old[name] != self[name].data
        ]
        return [*said, *(_NAMES[name] for name in _NAMES if self.differs(name, old[name]))]

    def list_theirs(self, agent: Agent) -> Mapping[str, str]:
        """By the field's name, what the files say where the form says something else."""
        old = _describe_agent(agent)
        return {name: value for name, value in old.items() if self.differs(name, value)}

    def differs(self, name: str, value: Any) -> bool:
        """Whether the form says something else; browsers' line ends do not count."""
        mine = self[name].data
        return bool((mine.replace("\r\n", "\n") if isinstance(mine, str) else mine) != value)


def _describe_person(agent: Agent) -> Mapping[str, str]:
    return {"name": agent.name, "role": agent.role, "emoji": agent.emoji}


def _describe_agent(agent: Agent) -> Mapping[str, Any]:
    return {
        **_describe_person(agent),
        "model": agent.model or "",
        "fallback_model": agent.fallback_model or "",
        "is_on_whatsapp": agent.is_on_whatsapp,
        "soul": agent.soul,
        "instructions": agent.instructions,
    }


def _make_slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = "".join(character if character.isalnum() else " " for character in plain).split()
    return "-".join(words)[:64]
