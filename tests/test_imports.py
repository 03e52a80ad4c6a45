"""The arrows: app -> store -> core, worker -> store -> core, and nothing the other way; inside each
of them rooms that hold no cycle."""

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import ROOT

OURS = {"app", "core", "store", "worker", "simulator", "demo", "runtime"}
WIDEST = 16  # modules side by side that a reader still takes in at one look, `__init__` included

# What may be imported of ours. `config` is everybody's but core's.
ARROWS = {
    "core": {"core"},
    "store": {"store", "core", "config"},
    "app": {"app", "store", "core", "config", "runtime"},
    "worker": {"worker", "store", "core", "config", "runtime"},
    "simulator": {"simulator"},
    "demo": {"demo", "simulator", "app", "store", "core", "config", "runtime"},
    "runtime": {"runtime", "store", "config"},
}
# What each room may import of its own folder, besides itself; one that is not named, nothing. The
# modules that stand beside the rooms are above them or below them, but no part of a cycle.
ROOM_ARROWS = {
    "core.text": set(),
    "core.models": {"core.errors"},
    "core.agents": {"core.text", "core.channel", "core.phone"},
    "core.messages": {"core.text", "core.phone"},
    "core.admission": {
        "core.agents",
        "core.errors",
        "core.messages",
        "core.phone",
        "core.settings",
        "core.states",
        "core.text",
    },
    "store.sql": {"store.folder"},
    "store.redis": {"store.folder"},
    "store.account": {"store.sql"},
    "store.agents": {"store.sql"},
    "store.chats": {"store.sql", "store.link", "store.settings"},
    "store.pages": {  # it reads all, and only the panel and commands read it
        "store.agents",
        "store.allowlist",
        "store.chats",
        "store.redis",
        "store.settings",
        "store.sql",
    },
    "app.web": set(),
    "app.account": {"app.web", "app.whatsapp"},  # linking is the last step of setting up
    "app.agents": {"app.web"},
    "app.allowlist": {"app.web"},
    "app.api": {"app.web"},
    "app.chat": {"app.web", "app.conversations"},  # one transcript for both
    "app.conversations": {"app.web"},
    "app.diagnostics": {"app.web", "app.api"},  # metrics ask for an API key
    "app.models": {"app.web"},
    "app.overview": {"app.web", "app.whatsapp"},  # it shows the state of the link
    "app.whatsapp": {"app.web"},
    "worker.async_rq": set(),  # nothing of ours: it could be published
    "worker.connection": {"worker.ipc", "worker.shutdown"},
    "worker.supervisor": {"worker.ipc", "worker.shutdown"},
    "worker.tools": set(),
    "worker.models": {"worker.tools"},
    "worker.jobs": {"worker.async_rq", "worker.models", "worker.tools"},
}
# Their modules know each other by type: a phone and its parts, the service and its handlers.
CLOSE_ROOMS = {"simulator.phones", "simulator.service"}
CORE_MAY = {"phonenumbers", "emoji", "regex", "markdown_it"}
NEONIZE_MAY = {"worker/connection/whatsapp.py"}
# The second hands it on, with an addition; the third takes the real installation's settings away.
ENVIRONMENT_MAY = {"config.py", "worker/supervisor/connection_process.py", "demo/__main__.py"}


def files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """The full names of all modules that a file imports, wherever in it, for their types alone,
    too."""
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module and not node.level, f"{path}: relative imports hide where they lead"
            for alias in node.names:
                inside = ROOT.joinpath(*node.module.split("."), alias.name)
                is_module = inside.is_dir() or inside.with_suffix(".py").exists()
                yield f"{node.module}.{alias.name}" if is_module else node.module


def importers(of: str, folders: set[str] = OURS) -> set[str]:
    """The files of these folders that import the package `of`, by their path."""
    return {
        str(path.relative_to(ROOT))
        for folder in folders
        for path in files(folder)
        if any(name.split(".")[0] == of for name in imported(path))
    }


@pytest.mark.parametrize("folder", ARROWS)
def test_the_arrows_point_inwards(folder):
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files(folder)
        for name in imported(path)
        if name.split(".")[0] in OURS | {"config"} and name.split(".")[0] not in ARROWS[folder]
    }
    assert wrong == set()


def room(name: str) -> str:
    """`store.chats` of `store.chats.outbox`; a module beside the rooms stands for itself."""
    return ".".join(name.split(".")[:2])


def own_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def list_rooms(folder: str) -> list[str]:
    return [f"{folder}.{path.parent.name}" for path in (ROOT / folder).glob("*/__init__.py")]


def test_every_room_has_its_arrows():
    assert sorted(ROOM_ARROWS) == sorted(
        name for folder in ("core", "store", "app", "worker") for name in list_rooms(folder)
    )


@pytest.mark.parametrize("name", ROOM_ARROWS)
def test_a_room_knows_no_other_than_it_needs(name):
    top = name.split(".")[0]
    known = {
        room(module)
        for path in files(name.replace(".", "/"))
        for module in imported(path)
        if module.split(".")[0] == top
    } - {name}
    assert known == ROOM_ARROWS[name], "an arrow that is new, or one that is needed no more"


def test_rooms_hold_no_cycle():
    graph: dict[str, set[str]] = {}
    for folder in OURS:
        for path in files(folder):
            here = room(own_name(path))
            there = {room(name) for name in imported(path)}
            graph.setdefault(here, set()).update(
                name for name in there - {here} if name.split(".")[0] in OURS and "." in name
            )
    tuple(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError, which names it


def test_modules_hold_no_cycle_either():
    graph = {
        own_name(path): {name for name in imported(path) if name.split(".")[0] in OURS}
        for folder in OURS
        for path in files(folder)
    }
    apart = {
        name: {each for each in there if room(each) != room(name) or room(name) not in CLOSE_ROOMS}
        for name, there in graph.items()
    }
    for name in apart:
        apart[name] -= {name}
    tuple(graphlib.TopologicalSorter(apart).static_order())


@pytest.mark.parametrize("folder", sorted(OURS))
def test_no_folder_is_wider_than_a_look(folder):
    widths = {
        str(path.relative_to(ROOT)): len(list(path.glob("*.py")))
        for path in [ROOT / folder, *(ROOT / folder).rglob("*/")]
    }
    assert {name: width for name, width in widths.items() if width > WIDEST} == {}


def test_core_needs_little_beyond_the_standard_library():
    allowed = sys.stdlib_module_names | CORE_MAY | {"core"}
    tops = {name.split(".")[0] for path in files("core") for name in imported(path)}
    assert tops - allowed == set()


def test_neonize_has_one_door():
    """Importing it starts a Go runtime in the process: only the connection and the simulator."""
    doors = importers("neonize") | importers("magic") | importers("pylibmagic")
    assert {path for path in doors if not path.startswith("simulator/")} <= NEONIZE_MAY


def test_flask_stays_in_the_web():
    for package in ("flask", "werkzeug", "wtforms", "htmx_flask"):
        assert importers(package, {"core", "store", "worker"}) == set()


def test_the_model_library_stays_in_the_worker():
    assert importers("pydantic_ai", OURS - {"worker"}) == set()


def test_the_environment_is_read_in_one_place():
    readers = {
        str(path.relative_to(ROOT))
        for path in [*ROOT.glob("*.py"), *(p for folder in OURS for p in files(folder))]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv")
    }
    assert {path for path in readers if not path.startswith("simulator/")} == ENVIRONMENT_MAY


def loaded_by(module: str) -> set[str]:
    """The top-level packages in memory after importing `module` in a fresh interpreter."""
    program = f"import sys, {module}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    return set(result.stdout.split())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "never"),
    [
        ("app", {"neonize", "pydantic_ai", "worker", "simulator"}),
        ("worker.supervisor.__main__", {"neonize", "pydantic_ai", "flask", "app", "simulator"}),
        ("worker.jobs.process", {"neonize", "flask", "app", "simulator"}),
        ("worker.connection.whatsapp", {"pydantic_ai", "flask", "app", "simulator"}),
        ("runtime.runner", {"neonize", "pydantic_ai", "flask", "app", "worker", "alembic"}),
        ("store.redis.valkey", {"neonize", "pydantic_ai", "flask", "app", "worker", "alembic"}),
    ],
)
def test_a_process_loads_only_what_it_needs(module, never):
    """Memory, the time to start, and neonize's runtime, which does not survive a fork."""
    assert loaded_by(module) & never == set()
