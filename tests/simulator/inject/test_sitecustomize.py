"""How a process comes to trust the simulator."""

import os
import subprocess
import sys
from pathlib import Path

from simulator import Phone, Simulator, SimulatorThread
from simulator.inject import library_memory
from tests.simulator.bot import Bot

PARENT = """
import subprocess, sys
sys.exit(subprocess.call([sys.executable, *sys.argv[1:]], close_fds=False))
"""


async def test_a_grandchild_gets_there_too(
    unlinked: Bot, owner: Phone, sim: Simulator, tmp_path: Path
) -> None:
    """As with a supervisor that starts the process with the connection."""
    parent = Bot(sim, tmp_path / "second", prefix=["-c", PARENT])
    await parent.start()
    try:
        await owner.scan((await parent.tells("qr"))["data"])
        await parent.tells("Connected")
    finally:
        await parent.orders_end()


def test_another_sitecustomize_is_run_as_well(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os; os.environ['OTHER'] = 'ran'")
    with SimulatorThread(tmp_path) as sim:
        env = sim.child_env({**os.environ, "PYTHONPATH": str(tmp_path)})
    assert _run("import os; print(os.environ['OTHER'])", env) == "ran"


def test_the_folder_alone_changes_nothing() -> None:
    inject = Path(library_memory.__file__).parent
    env = {**os.environ, "PYTHONPATH": str(inject)}
    env.pop("SIMULATOR_ROOT_KEY", None)
    assert _run("import sys; print([f for f in sys.meta_path if 'Root' in repr(f)])", env) == "[]"


def _run(script: str, env: dict[str, str]) -> str:
    command = [sys.executable, "-c", script]
    return subprocess.run(
        command, env=env, capture_output=True, text=True, check=True
    ).stdout.strip()
