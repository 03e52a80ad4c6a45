"""The examples in docs/simulator.md, run as the tests that they are, and its tables."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import simulator
from simulator import Phone, Simulator
from simulator.faults import Faults
from simulator.phones.file_actions import FileActions
from simulator.phones.message_actions import MessageActions
from simulator.phones.presence_actions import PresenceActions
from tests.simulator.bot import Bot

PAGE = (Path(__file__).parents[2] / "docs/simulator.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def example(source: str) -> Any:
    """The test function that an example defines."""
    found: dict[str, Any] = {"Bot": Bot, "Phone": Phone, "Simulator": Simulator}
    exec(compile(source, "docs/simulator.md", "exec"), found)
    return next(value for name, value in found.items() if name.startswith("test_"))


globals().update({(run := example(source)).__name__: run for source in EXAMPLES})


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 4


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`sim\.(\w+)", PAGE))))
def test_what_the_page_says_of_the_simulator_exists(name: str, tmp_path: Path) -> None:
    assert hasattr(Simulator(tmp_path), name)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`faults\.(\w+)", PAGE))))
def test_what_the_page_says_of_faults_exists(name: str) -> None:
    assert hasattr(Faults(), name)


def test_every_fault_is_on_the_page() -> None:
    knobs = {field.name for field in fields(Faults)} - {"login_failure", "_corrupt"}
    assert {name for name in knobs if f"faults.{name}" not in PAGE} == set()


def test_every_verb_of_a_phone_is_on_the_page() -> None:
    actions = {*vars(MessageActions), *vars(FileActions), *vars(PresenceActions)}
    verbs = {name for name in actions if not name.startswith("_")} | {"renames", "is_addressed_by"}
    assert len(verbs) > 20
    assert {name for name in verbs if name not in PAGE} == set()


def test_every_module_of_the_protocol_table_exists() -> None:
    folder = Path(simulator.__file__).parent
    table = PAGE.partition("## The protocol")[2].partition("\n## ")[0]
    named = set(re.findall(r"[\w/]+\.py", table))
    assert {name for name in named if not (folder / name).exists()} == set()
