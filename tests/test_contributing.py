"""The recipes of CONTRIBUTING.md work: they are applied to a copy of the repository, and the tests
in them run there."""

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from config import ROOT

_TEXT = (ROOT / "CONTRIBUTING.md").read_text()
_MOST_FILES = {  # with the documentation, and without the test where the house has one already
    "A command": 3,
    "A command that asks a model": 4,
    "A settings field": 6,
    "A page of the panel": 6,
    "A tool for agents": 4,
}
# Beside the tests in the recipes: what watches that the code and its lists fit together.
_WATCHERS = (
    "tests/test_docs.py::test_the_command_table_is_the_code_s",
    "tests/test_docs.py::test_the_settings_are_called_as_in_the_panel",
    "tests/worker/jobs/test_commands.py::test_every_command_of_the_table_does_something",
    "tests/app/test_pages.py",
)

Change = tuple[str, str, str]  # path, the lines before, the lines after


def _read_recipes() -> Mapping[str, Sequence[Change]]:
    """What each recipe changes, in order."""
    recipes: dict[str, list[Change]] = {}
    for section in re.split(r"^### ", _TEXT, flags=re.MULTILINE)[1:]:
        title, _, body = section.partition("\n")
        changes = recipes.setdefault(title, [])
        path = ""
        for found in re.finditer(r"^`([\w/.]+)`$|^```diff\n(.*?)^```$", body, re.M | re.S):
            path = found[1] or path
            if found[2]:
                lines = found[2].splitlines(keepends=True)
                before = "".join(line[1:] or "\n" for line in lines if line[0] != "+")
                after = "".join(line[1:] or "\n" for line in lines if line[0] != "-")
                changes.append((path, before, after))
    return recipes


RECIPES = _read_recipes()


def _apply(changes: Sequence[Change], root: Path) -> None:
    for name, before, after in changes:
        path = root / name
        if not before:
            assert not path.exists(), f"{name} exists already"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(after)
            continue
        text = path.read_text()
        assert text.count(before) == 1, f"{name} has this {text.count(before)} times:\n{before}"
        path.write_text(text.replace(before, after))


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository as it is here, with all recipes applied."""
    root = tmp_path_factory.mktemp("copy")
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file() and not name.startswith("docs/images/"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)
    for changes in RECIPES.values():
        _apply(changes, root)
    return root


def test_there_are_the_recipes_that_were_promised() -> None:
    assert list(RECIPES) == list(_MOST_FILES)


@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_touches_few_files(title: str) -> None:
    files = {path for path, _, _ in RECIPES[title]}
    code = {path for path in files if not path.startswith("tests/")}
    counted = files if _MOST_FILES[title] == len(files) else code
    assert len(counted) <= _MOST_FILES[title], sorted(counted)


def test_each_file_that_the_text_names_exists(copy: Path) -> None:
    named = re.findall(r"`([\w/]+\.(?:py|md|html))`", _TEXT)
    assert named and not [name for name in named if not (copy / name).is_file()]


@pytest.mark.slow
def test_each_recipe_works(copy: Path) -> None:
    tests = [path for changes in RECIPES.values() for path, _, _ in changes]
    tests = [path for path in tests if path.startswith("tests/") and "/test_" in path]
    assert len(tests) == len(RECIPES)
    command = [sys.executable, "-m", "pytest", "-q", "--database", "sqlite", *tests, *_WATCHERS]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
