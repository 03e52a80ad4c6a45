"""The product knows nothing of the demo: what is started in earnest loads none of it."""

import re

import pytest
from honcho.environ import parse_procfile

from config import ROOT
from tests.test_imports import loaded_by

PROCFILE = dict(parse_procfile((ROOT / "Procfile").read_text()).processes)
MODULES = re.findall(r"python -m ([\w.]+)", "\n".join(PROCFILE.values()))


def test_the_procfile_names_neither():
    assert len(MODULES) == len(PROCFILE) - 1, "all but the web server are our modules"
    assert not any(word in " ".join(PROCFILE.values()) for word in ("simulator", "demo"))


@pytest.mark.parametrize("module", ["runtime.runner", "app", *MODULES])
def test_no_process_loads_the_simulator_or_the_demo(module: str):
    assert not loaded_by(module) & {"simulator", "demo"}


def test_only_one_word_of_run_starts_it():
    script = (ROOT / "run").read_text()
    started = [line.strip() for line in script.splitlines() if "python -m demo" in line]
    assert started == ['demo) install requirements-demo.txt; exec python -m demo "$@" ;;']
    assert "simulator" not in script
