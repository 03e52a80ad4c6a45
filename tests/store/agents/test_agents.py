"""The agents' folder: what is in it, what is broken, and that changes are seen."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config import ROOT
from core.agents.agent import Agent
from core.errors import UnknownAgent
from store.agents.agents import FILE_LIMIT, AgentFolder, Registry

NOBODY = 65534

Make = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "agents"
    path.mkdir()
    return path


@pytest.fixture
def make(folder: Path) -> Make:
    """Makes an agent: `make("finn", soul="Calm.")`, or `make("finn", **{"config.yml": b"..."})`."""
    names = {"identity": "IDENTITY.md", "soul": "SOUL.md", "config": "config.yml"}

    def make(agent: str, **files: str | bytes) -> Path:
        path = folder / agent
        path.mkdir(exist_ok=True)
        for name, content in (files or {"identity": f"- **Name:** {agent.title()}"}).items():
            data = content.encode() if isinstance(content, str) else content
            (path / names.get(name, name)).write_bytes(data)
        return path

    return make


@contextmanager
def unprivileged() -> Iterator[None]:
    """As somebody whom the rights on files concern."""
    user = os.geteuid()
    if user:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def load(folder: Path) -> Registry:
    return AgentFolder(folder).load()


def problem(folder: Path) -> str:
    """What is wrong with the only agent that is broken."""
    [broken] = load(folder).broken
    return broken.problem


# ---- what an agent is made of ------------------------------------------------------------------


def test_the_agents_that_come_along() -> None:
    registry = load(ROOT / "agents")
    assert registry.broken == ()
    assert {"eric": "Eric", "finn": "Finn", "yukihiro": "Yukihiro"}.items() <= {
        (name, agent.name) for name, agent in registry.agents.items()
    }
    finn = registry.agents["finn"]
    assert finn.title == "🏗️ Finn, Solutions Architect"
    assert finn.identity and finn.soul and finn.instructions


def test_an_agent_with_all_its_files(folder: Path, make: Make) -> None:
    identity = "# T\r\n\r\n- **Name:** Finn\r\n- **Role:** Architect\r\n- **Emoji:** 🏗️\r\n"
    make(
        "finn",
        identity=identity,
        soul="\ufeffCalm.",
        config="model: openai/gpt-4o\nown: {deep: [1, 2]}\n",
        **{"AGENTS.md": "Help."},
    )
    finn = load(folder).agents["finn"]
    assert (finn.id, finn.name, finn.role, finn.emoji) == ("finn", "Finn", "Architect", "🏗️")
    assert finn.model == "openai/gpt-4o"
    assert (finn.soul, finn.instructions) == ("Calm.", "Help.")
    assert finn.config == {"model": "openai/gpt-4o", "own": {"deep": [1, 2]}}


@pytest.mark.parametrize("name", ["config.yml", "IDENTITY.md", "SOUL.md", "AGENTS.md"])
def test_one_file_is_enough(folder: Path, make: Make, name: str) -> None:
    make("night-watch_2", **{name: ""})
    registry = load(folder)
    assert registry.broken == ()
    assert registry.agents["night-watch_2"].name == "Night Watch 2"


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        ("# Finn — Solutions Architect", "Finn"),
        ("# Finn – Architect", "Finn"),
        ("# Finn - Architect", "Finn"),
        ("# Finn, the architect", "Finn"),
        ("# Finn (architect)", "Finn"),
        ("# Jean-Luc", "Jean-Luc"),
        ("# Finn\n- **Name:** Finn the Second", "Finn the Second"),
        ("# — nothing before it", "F"),
        ("no heading", "F"),
    ],
)
def test_where_a_name_comes_from(folder: Path, make: Make, identity: str, name: str) -> None:
    make("f", identity=identity)
    assert load(folder).agents["f"].name == name


# ---- what is no agent --------------------------------------------------------------------------


def test_what_else_lies_in_the_folder_is_left_alone(folder: Path, make: Make) -> None:
    make("finn")
    make(".git", soul="x")
    make("_templates", soul="x")
    (folder / "notes").mkdir()
    (folder / "notes" / "IDENTITY.txt").write_text("x")
    (folder / "README.md").write_text("x")
    (folder / "gone").symlink_to(folder / "nowhere")
    (folder / "loop").symlink_to(folder / "loop")
    registry = load(folder)
    assert list(registry.agents) == ["finn"]
    assert registry.broken == ()


@pytest.mark.parametrize("name", ["missing", "file"])
def test_no_folder_is_no_agents(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    assert load(tmp_path / name) == Registry()


def test_an_agent_may_live_elsewhere(folder: Path, make: Make, tmp_path: Path) -> None:
    make("finn").rename(tmp_path / "elsewhere")
    (folder / "finn").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "soul").write_text("Shared.")
    (folder / "finn" / "SOUL.md").symlink_to(tmp_path / "soul")
    assert load(folder).agents["finn"].soul == "Shared."


# ---- what is broken ----------------------------------------------------------------------------


def test_a_broken_agent_never_stops_the_others(folder: Path, make: Make) -> None:
    for number, config in enumerate(["a: [", "- x", "model: 1", "a: !!bool x", "[" * 999]):
        make(f"broken-{number}", config=config)
    make("finn")
    registry = load(folder)
    assert list(registry.agents) == ["finn"]
    assert [broken.id for broken in registry.broken] == [f"broken-{n}" for n in range(5)]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("a: 1\nb: c: d\n", "config.yml, line 2: mapping values are not allowed here"),
        ("a: 1\n\n\tb: 2\n", "config.yml, line 3: found character"),
        ("model: x\nmodel: y\n", 'config.yml, line 2: found duplicate key "model"'),
        ("a: {b: 1\n", "config.yml, line 2: expected ',' or '}'"),
        ("a: *nothing\n", "config.yml, line 1: found undefined alias"),
        ("a: !!python/object:os.system {}\n", "config.yml, line 1: could not determine"),
        ("a: 1\n---\nb: 2\n", "config.yml, line 2: but found another document"),
        ("a: 2026-13-45\n", "config.yml is not valid YAML"),
        ("a: !!bool x\n", "config.yml is not valid YAML"),
        ("a: !!int ''\n", "config.yml is not valid YAML"),
        ("[" * 999, "config.yml is not valid YAML"),
        ("a: \x01\n", "config.yml is not valid YAML"),
        ("- a\n- b\n", "config.yml must hold keys and values"),
        ("just words\n", "config.yml must hold keys and values"),
        ("model: 4\n", "config.yml: model must be a text such as openai/gpt-4o."),
        ("model: [a, b]\n", "config.yml: model must be a text such as openai/gpt-4o."),
    ],
)
def test_a_config_that_can_not_be_used(folder: Path, make: Make, config: str, said: str) -> None:
    make("finn", config=config)
    assert problem(folder).startswith(said)


@pytest.mark.parametrize("config", ["", "# only a comment\n", "---\n", "model:\n", "model: ''\n"])
def test_a_config_without_a_model(folder: Path, make: Make, config: str) -> None:
    make("finn", config=config)
    assert not load(folder).agents["finn"].model


@pytest.mark.parametrize("name", ["config.yml", "IDENTITY.md", "SOUL.md", "AGENTS.md"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("model: Grüße".encode("utf-16"), "is not UTF-8 text."),
        ("# Grüße".encode("latin-1"), "is not UTF-8 text."),
        (b"#" * (FILE_LIMIT + 1), "is larger than 512 kB."),
    ],
    ids=["utf-16", "latin-1", "large"],
)
def test_files_that_can_not_be_used(
    folder: Path, make: Make, name: str, content: bytes, said: str
) -> None:
    make("finn", **{name: content})
    assert problem(folder) == f"{name} {said}"


def test_a_file_may_be_as_large_as_the_limit(folder: Path, make: Make) -> None:
    make("finn", soul=b"x" * FILE_LIMIT)
    assert len(load(folder).agents["finn"].soul) == FILE_LIMIT


@pytest.mark.parametrize("name", ["config.yml", "SOUL.md"])
def test_things_in_the_place_of_a_file(folder: Path, make: Make, name: str) -> None:
    path = make("finn") / name
    path.mkdir()
    assert problem(folder) == f"{name} can't be read: Is a directory."
    path.rmdir()
    path.symlink_to(path)
    assert problem(folder) == f"{name} can't be read: Too many levels of symbolic links."
    path.unlink()
    path.symlink_to("nowhere")
    assert problem(folder) == f"{name} is a link that leads nowhere."


@pytest.mark.parametrize("name", ["my agent", "agent.v2", "-x", "ärger", "x" * 65])
def test_a_folder_name_that_will_not_do(folder: Path, make: Make, name: str) -> None:
    make(name)
    make("finn")
    registry = load(folder)
    assert list(registry.agents) == ["finn"]
    assert registry.broken[0].id == name
    assert "only letters, digits, _ and -" in registry.broken[0].problem


def test_rights(folder: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever may not be read is told; made readable, it is seen without being touched."""
    secret, locked = make("secret"), make("locked")
    make("open")
    folder.chmod(0o755)
    monkeypatch.chdir(folder)  # the folders above belong to whoever runs the tests
    agents = AgentFolder(Path())
    for path in (folder / "open", secret):
        path.chmod(0o755)
    (secret / "IDENTITY.md").chmod(0)
    locked.chmod(0)
    with unprivileged():
        registry = agents.load()
    assert list(registry.agents) == ["open"]
    assert [(broken.id, broken.problem) for broken in registry.broken] == [
        ("locked", "The folder can't be read: Permission denied."),
        ("secret", "IDENTITY.md can't be read: Permission denied."),
    ]
    (secret / "IDENTITY.md").chmod(0o644)
    locked.chmod(0o755)
    with unprivileged():
        assert sorted(agents.load().agents) == ["locked", "open", "secret"]


def test_a_folder_that_may_not_be_read_at_all(
    folder: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("finn")
    monkeypatch.chdir(folder)
    for rights in (0o000, 0o444):
        folder.chmod(rights)
        with unprivileged():
            assert AgentFolder(Path()).load() == Registry()
    folder.chmod(0o755)


# ---- changes -----------------------------------------------------------------------------------


def test_nothing_is_read_again_while_nothing_changes(folder: Path, make: Make) -> None:
    make("finn")
    agents = AgentFolder(folder)
    assert agents.load() is agents.load()


def test_changes_are_seen(folder: Path, make: Make) -> None:
    agents = AgentFolder(folder)
    assert agents.load() == Registry()
    path = make("finn")
    assert list(agents.load().agents) == ["finn"]
    make("finn", config="model: a: b")
    assert [broken.id for broken in agents.load().broken] == ["finn"]
    make("finn", config="model: demo/echo")
    assert agents.load().agents["finn"].model == "demo/echo"
    (path / "config.yml").unlink()
    assert agents.load().agents["finn"].model is None
    make("eric")
    path.rename(folder / "fred")
    assert list(agents.load().agents) == ["eric", "fred"]


def test_a_file_that_is_replaced_by_an_older_one_is_seen(folder: Path, make: Make) -> None:
    """Written aside and moved into place, with the size and the time of the one before."""
    path = make("finn", soul="Calm.") / "SOUL.md"
    agents = AgentFolder(folder)
    agents.load()
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    aside = folder / "aside"
    aside.write_text("Wild.")
    os.utime(aside, ns=times)
    aside.replace(path)
    assert agents.load().agents["finn"].soul == "Wild."


# ---- finding -----------------------------------------------------------------------------------

TEAM = Registry(
    {
        agent.id: agent
        for agent in (
            Agent("a1", "Finn"),
            Agent("eric", "Eric the Red"),
            Agent("finn", "Fred"),
            Agent("straße", "Straße"),
            Agent("yuki", "Yukihiro"),
        )
    }
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("eric", "eric"),
        (" ERIC ", "eric"),
        ("@eric", "eric"),
        ("Eric the Red", "eric"),
        ("eric the", "eric"),
        ("yukihiro", "yuki"),
        ("Y", "yuki"),
        ("finn", "finn"),
        ("A1", "a1"),
        ("fred", "finn"),
        ("STRASSE", "straße"),
    ],
)
def test_an_agent_is_found(text: str, found: str) -> None:
    assert TEAM.find(text).id == found


@pytest.mark.parametrize("text", ["", " ", "@", "f", "nobody", "eric the blue", "*"])
def test_nobody_is_found(text: str) -> None:
    with pytest.raises(UnknownAgent, match="There is no agent called"):
        TEAM.find(text)


def test_of_two_with_one_name_the_first_answers() -> None:
    twins = Registry({name: Agent(name, "Finn") for name in ("one", "two")})
    assert twins.find("finn").id == "one"
