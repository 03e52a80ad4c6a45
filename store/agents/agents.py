"""The agents' folder: one folder per agent, in DjinnBot's format.

agents/<id>/config.yml (model and settings), IDENTITY.md (name, role, emoji), SOUL.md (character),
AGENTS.md (instructions). A folder that has only some of them works.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from stat import S_ISDIR
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from core.agents import mcp_config
from core.agents.agent import Agent, BrokenAgent, identity_fields, is_agent_id
from core.agents.routing import Absence
from core.channel import Channel
from core.errors import InvalidModel, UnknownAgent
from core.models import window
from core.models.name import ModelName

FILES = ("config.yml", "IDENTITY.md", "SOUL.md", "AGENTS.md")
FILE_LIMIT = 512 * 1024  # bytes; a persona is not a book


@dataclass(frozen=True)
class Registry:
    """All agents at one moment."""

    agents: Mapping[str, Agent] = field(default_factory=dict)  # by id
    broken: Sequence[BrokenAgent] = ()  # could not be read; the others work all the same
    hidden: Set[str] = frozenset()  # ids of those that this registry's channel does not reach

    def restrict_to(self, channel: Channel) -> "Registry":
        """As people on this channel know it: agents that are switched off for WhatsApp answer
        unreachable there, whatever was chosen for them before."""
        if not channel.is_on_whatsapp:
            return self
        hidden = {agent.id for agent in self.agents.values() if not agent.is_on_whatsapp}
        shown = {name: agent for name, agent in self.agents.items() if name not in hidden}
        return replace(self, agents=shown, hidden=frozenset(hidden)) if hidden else self

    def find_absence(self, agent_id: str) -> Absence:
        """Why this agent, which was chosen, can't answer."""
        if agent_id in self.hidden:
            return Absence.HIDDEN
        is_broken = any(agent.id == agent_id for agent in self.broken)
        return Absence.BROKEN if is_broken else Absence.GONE

    def find(self, text: str) -> Agent:
        """By id, else by name, in any case; else the only one whose name begins like it.

        Raises `UnknownAgent` with the sentence to show.
        """
        wanted = text.strip().lstrip("@").casefold()
        agents = self.agents.values()
        by_id = [agent for agent in agents if agent.id.casefold() == wanted]
        by_name = [agent for agent in agents if agent.name.casefold() == wanted]
        alike = [agent for agent in agents if wanted and agent.name.casefold().startswith(wanted)]
        if exact := by_id or by_name:
            return exact[0]
        if len(alike) == 1:
            return alike[0]
        raise UnknownAgent(f"There is no agent called “{text.strip()}”.")


class _Unreadable(Exception):
    """A file of this agent can't be used; `str()` is the sentence for the owner."""


class AgentFolder:
    """Reads the folder again when a file in it has changed. One per process; threads may share it.

    A missing folder is an empty registry, not an error: the panel says so.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: object = None
        self._registry = Registry()

    def load(self) -> Registry:
        seen = self._fingerprint()
        if seen != self._seen:
            self._registry, self._seen = self._read(), seen
        return self._registry

    def _fingerprint(self) -> object:
        """Changes whenever an agent's file does, or who may read it. Costs a `stat` each, about
        5 µs."""
        return tuple(
            (str(file), stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino)
            for folder in self._list_folders()
            for file in (folder, *(folder / name for name in FILES))
            if (stat := _read_stat(file))
        )

    def _list_folders(self) -> Sequence[Path]:
        try:
            children = sorted(self.path.iterdir())
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return []
        visible = [child for child in children if child.name[0] not in "._"]
        return [child for child in visible if (stat := _read_stat(child)) and S_ISDIR(stat.st_mode)]

    def _read(self) -> Registry:
        agents: dict[str, Agent] = {}
        broken: list[BrokenAgent] = []
        for folder in self._list_folders():
            try:
                # Else not an agent: an original installation keeps other folders here too.
                if _list_files(folder) & set(FILES):
                    agents[folder.name] = _make_agent(folder)
            except _Unreadable as error:
                broken.append(BrokenAgent(folder.name, str(error)))
        return Registry(agents, tuple(broken))


def _make_agent(folder: Path) -> Agent:
    if not is_agent_id(folder.name):
        raise _Unreadable("The folder's name may have only letters, digits, _ and -, at most 64.")
    config = _read_config(folder / "config.yml")
    identity = _read_text(folder / "IDENTITY.md")
    fields = identity_fields(identity)
    models = {key: _read_model(config, key) for key in ("model", "fallback_model")}
    on_whatsapp = config.get("whatsapp", True)
    if not isinstance(on_whatsapp, bool):
        raise _Unreadable("config.yml: whatsapp must be true or false.")
    by_folder = folder.name.replace("_", " ").replace("-", " ").strip().title()
    name = fields.get("name") or _name_in(fields.get("title", "")) or by_folder
    return Agent(
        id=folder.name,
        name=name,
        emoji=fields.get("emoji", ""),
        role=fields.get("role", ""),
        model=models["model"],
        fallback_model=models["fallback_model"],
        is_on_whatsapp=on_whatsapp,
        identity=identity,
        soul=_read_text(folder / "SOUL.md"),
        instructions=_read_text(folder / "AGENTS.md"),
        config=config,
        warnings=(
            *_list_warnings(models),
            *window.find_problems(config),
            *mcp_config.read(config).problems,
        ),
    )


def _read_model(config: Mapping[str, Any], key: str) -> str | None:
    model = config.get(key)
    if model is not None and not isinstance(model, str):
        raise _Unreadable(f"config.yml: {key} must be a text such as openai/gpt-4o.")
    return (model or "").strip() or None


def _list_warnings(models: Mapping[str, str | None]) -> Iterator[str]:
    """An original installation names providers that we don't know: the agent itself is fine."""
    for key, model in models.items():
        try:
            if model:
                ModelName.parse(model)
        except InvalidModel as error:
            yield f"{key}: {error}"


def _read_config(file: Path) -> Mapping[str, Any]:
    try:
        loaded = YAML(typ="safe").load(_read_text(file))
    except MarkedYAMLError as error:
        where = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        # Of a key that is there twice the library tells the values as well: one may be a secret.
        problem = (error.problem or "is not valid YAML").partition(" with value ")[0]
        raise _Unreadable(f"config.yml{where}: {problem}.") from None
    except _Unreadable:
        raise
    except Exception as error:  # the library raises all sorts of things, RecursionError among them
        raise _Unreadable(f"config.yml is not valid YAML ({type(error).__name__}).") from None
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise _Unreadable("config.yml must hold keys and values, such as model: openai/gpt-4o.")
    return loaded


def _read_text(file: Path) -> str:
    """The file's text, empty if there is none."""
    try:
        if file.stat().st_size > FILE_LIMIT:
            raise _Unreadable(f"{file.name} is larger than {FILE_LIMIT // 1024} kB.")
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        if file.is_symlink():
            raise _Unreadable(f"{file.name} is a link that leads nowhere.") from None
        return ""
    except UnicodeDecodeError:
        raise _Unreadable(f"{file.name} is not UTF-8 text.") from None
    except OSError as error:
        raise _Unreadable(f"{file.name} can't be read: {error.strerror}.") from None


def _name_in(title: str) -> str:
    """“Finn — Solutions Architect” begins with the name."""
    for separator in ("—", "–", " - ", ",", "("):
        title = title.split(separator)[0]
    return title.strip()


def _list_files(folder: Path) -> set[str]:
    try:
        return {file.name for file in folder.iterdir()}
    except OSError as error:
        raise _Unreadable(f"The folder can't be read: {error.strerror}.") from None


def _read_stat(path: Path) -> Any:
    try:
        return path.stat()
    except OSError:
        return None
