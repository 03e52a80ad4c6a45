"""How the environment brings any process to the simulator."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulator import Phone, Simulator, SimulatorThread
from simulator.inject import library_memory
from simulator.inject.library_memory import REAL_ROOT_KEY, replace_root_key
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


def test_the_environment_says_where_to_go(tmp_path: Path) -> None:
    with SimulatorThread(tmp_path) as sim:
        env = sim.child_env({"PYTHONPATH": "/somewhere", "KEPT": "1"})
    assert env["KEPT"] == "1"
    assert env["PYTHONPATH"].split(os.pathsep)[1] == "/somewhere"
    assert env["HTTPS_PROXY"] == env["https_proxy"] == sim.proxy_url
    assert "127.0.0.1" in env["NO_PROXY"]
    assert Path(env["SSL_CERT_FILE"]).read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert len(bytes.fromhex(env["SIMULATOR_ROOT_KEY"])) == 32


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


def test_the_launcher_becomes_the_command(tmp_path: Path) -> None:
    script = "import json, os; print(json.dumps(dict(os.environ)))"
    arguments = ["--proxy", "http://127.0.0.1:1", "--ca", "ca.pem", "--root-key", "00" * 32]
    command = [sys.executable, "-m", "simulator.launcher", *arguments, "--", sys.executable]
    printed = subprocess.run([*command, "-c", script], capture_output=True, text=True, check=True)
    env = json.loads(printed.stdout)
    assert (env["HTTPS_PROXY"], env["SSL_CERT_FILE"]) == ("http://127.0.0.1:1", "ca.pem")
    assert env["SIMULATOR_ROOT_KEY"] == "00" * 32


def test_a_library_without_the_key_is_refused() -> None:
    with pytest.raises(LookupError, match="0 times"):
        replace_root_key("libc.so.6", bytes(32))
    with pytest.raises(ValueError, match="32 bytes"):
        replace_root_key("libc.so.6", b"short")
    assert len(REAL_ROOT_KEY) == 32


def test_phones_can_be_held_without_asyncio(tmp_path: Path) -> None:
    with SimulatorThread(tmp_path) as sim:
        owner = sim.add_phone("+15550001000", name="Shop")
        ana = sim.add_phone("+15550002001", name="Ana")
        with pytest.raises(LookupError, match="0 accounts have linked devices"):
            ana.says("hello")
        message_id = ana.says("hello", to=owner)
        assert owner.hears("hello").id == message_id
        assert ana.ticks(message_id) == "delivered"
        with pytest.raises(AssertionError, match="Ana did not hear 'hi' within 0.0 s"):
            ana.hears("hi", timeout=0.0)
        with pytest.raises(ValueError, match="there is a phone"):
            sim.add_phone("+15550001000")
        with pytest.raises(ValueError, match="no phone number"):
            sim.add_phone("hello")
        assert not sim.connected()


def _run(script: str, env: dict[str, str]) -> str:
    command = [sys.executable, "-c", script]
    return subprocess.run(
        command, env=env, capture_output=True, text=True, check=True
    ).stdout.strip()
