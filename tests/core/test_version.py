"""One version, said in one place."""

import tomllib

from config import ROOT
from core.version import VERSION


def test_the_project_has_the_version_that_the_program_tells() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION
