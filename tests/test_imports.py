"""The arrows: app -> store -> core, worker -> store -> core, and nothing the other way."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import ROOT

OURS = {"app", "core", "store", "worker", "simulator", "demo"}
TOP = {path.stem for path in ROOT.glob("*.py")}  # config, log and other modules beside the folders

# What may be imported of ours. `config` is everybody's but core's.
ARROWS = {
    "core": {"core"},
    "store": {"store", "core", "config"},
    "app": {"app", "store", "core", "config", "log", "address"},
    "worker": {"worker", "store", "core", "config", "log"},
    "simulator": {"simulator"},
    "demo": {
        *("demo", "simulator", "app", "store", "core", "config"),
        *("address", "processes", "runner"),
    },
}
CORE_MAY = {"phonenumbers", "emoji", "regex", "markdown_it"}
NEONIZE_MAY = {"worker/whatsapp.py"}
# The second hands it on, with an addition; the third takes the real installation's settings away.
ENVIRONMENT_MAY = {"config.py", "worker/child.py", "demo/__main__.py"}


def files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """The full names of all modules that a file imports, wherever in it."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            yield ".".join([*above, *([node.module] if node.module else [])])


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
        if name.split(".")[0] in OURS | TOP and name.split(".")[0] not in ARROWS[folder]
    }
    assert wrong == set()


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


@pytest.mark.parametrize(
    ("module", "never"),
    [
        ("app", {"neonize", "pydantic_ai", "worker", "simulator"}),
        ("worker.__main__", {"neonize", "pydantic_ai", "flask", "app", "simulator"}),
        ("worker.jobs", {"neonize", "flask", "app", "simulator"}),
        ("worker.whatsapp", {"pydantic_ai", "flask", "app", "simulator"}),
        ("runner", {"neonize", "pydantic_ai", "flask", "app", "worker", "alembic"}),
        ("store.valkey", {"neonize", "pydantic_ai", "flask", "app", "worker", "alembic"}),
    ],
)
def test_a_process_loads_only_what_it_needs(module, never):
    """Memory, the time to start, and neonize's runtime, which does not survive a fork."""
    assert loaded_by(module) & never == set()
