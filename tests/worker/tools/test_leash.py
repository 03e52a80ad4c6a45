"""A program that dies with its parent."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import PATIENCE, until
from worker.tools import leash

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="there is no such signal"),
]
PARENT = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, sys.argv[1], str(os.getpid()), "sleep", "1000"])
print(child.pid, flush=True)
sys.stdin.read()
"""


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, leash.__file__, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)


def test_it_becomes_the_program() -> None:
    assert run(str(os.getpid()), "echo", "a b", "c").stdout == "a b c\n"


def test_a_program_that_is_not_there() -> None:
    result = run(str(os.getpid()), "no-such-program")
    assert result.returncode == 127
    assert result.stderr == "no-such-program: No such file or directory\n"


def test_a_parent_that_is_gone_already_starts_nothing() -> None:
    result = run("1", "echo", "started")
    assert (result.returncode, result.stdout) == (1, "")


def test_a_killed_parent_takes_it_along() -> None:
    command = [sys.executable, "-c", PARENT, leash.__file__]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, text=True) as parent:  # type: ignore[call-overload]
        program = Path("/proc", parent.stdout.readline().strip())
        until(lambda: b"sleep" in (program / "cmdline").read_bytes(), "the program")
        parent.kill()
        until(lambda: not program.exists() or "Z" in state(program), "its end")


def state(program: Path) -> str:
    try:
        return (program / "stat").read_text().split()[2]
    except OSError:
        return "Z"
