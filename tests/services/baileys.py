"""Baileys, somebody else's client, in JavaScript. npm installs it once, for tests only."""

import fcntl
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1] / "simulator/baileys"
WITNESS = HOME / "witness.mjs"
LOCK, MODULES = HOME / "package-lock.json", HOME / "node_modules"
NODE = 20  # the oldest that Baileys runs on
WHAT = "THE SIMULATOR'S SECOND WITNESS WAS SKIPPED"
SECONDS = 100


def install() -> str:
    """Where Node.js is, with Baileys installed as the lock file says. Skips the test otherwise.

    Several pytest processes may ask at once: one installs, the others wait for it.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip(f"NO NODE.JS AND NPM FOUND ON PATH: {WHAT}")
    if (found := _version(node)) < NODE:
        pytest.skip(f"NODE.JS {found} IS TOO OLD, {NODE} IS NEEDED: {WHAT}")
    with LOCK.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _installed():
            _install(npm)
    return node


def reasons(skipped: Iterable[pytest.TestReport]) -> list[str]:
    """Why tests were skipped that need Baileys, for those who read only the end."""
    found = (re.search(rf"Skipped: (.*{WHAT})", str(report.longrepr)) for report in skipped)
    return sorted({match[1] for match in found if match})


def _version(node: str) -> int:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.strip().removeprefix("v").partition(".")[0])


def _stamp() -> Path:
    return MODULES / "installed.json"


def _installed() -> bool:
    return _stamp().exists() and _stamp().read_bytes() == LOCK.read_bytes()


def _install(npm: str) -> None:
    try:
        subprocess.run(
            [npm, "ci", "--fetch-retries=1", "--fetch-timeout=20000"],
            cwd=HOME,
            check=True,
            capture_output=True,
            timeout=SECONDS,
        )
    except (subprocess.SubprocessError, OSError) as error:
        print(getattr(error, "stderr", b"") or error)
        pytest.skip(f"NPM COULD NOT INSTALL BAILEYS: {WHAT}")
    shutil.copyfile(LOCK, _stamp())
