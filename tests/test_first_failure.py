"""A failure is shown when it happens."""

import subprocess
import sys
from pathlib import Path

import pytest

from config import ROOT

TESTS = """
import pathlib
here = pathlib.Path(__file__).parent

def test_good():
    pass

def test_bad():
    assert 1 + 1 == 3, "sums"

def test_later():
    assert "sums" in (here / "output").read_text(), "what was shown until now"

def test_bad_too():
    assert False, "another"
"""


@pytest.mark.parametrize("workers", [[], ["-n", "1"]])
def test_it_is_shown_while_the_tests_go_on(tmp_path: Path, workers: list[str]) -> None:
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "empty.ini").write_text("[pytest]\n")
    options = ["-p", "tests.first_failure", "-p", "no:cacheprovider", "-c", tmp_path / "empty.ini"]
    with (tmp_path / "output").open("wb") as output:
        subprocess.run(
            [sys.executable, "-u", "-m", "pytest", *options, *workers, tmp_path],
            cwd=ROOT,
            stdout=output,
        )
    text = (tmp_path / "output").read_text()
    assert "2 failed, 2 passed" in text
    assert text.count("THE FIRST FAILURE: test_some.py::test_bad =") == 1
    assert text.index("sums") < text.index("the tests go on") < text.index("another")
