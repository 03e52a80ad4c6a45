"""How the environment brings any process to the simulator."""

import json
import os
import subprocess
import sys
from pathlib import Path

from simulator import SimulatorThread


def test_the_environment_says_where_to_go(tmp_path: Path) -> None:
    with SimulatorThread(tmp_path) as sim:
        env = sim.child_env({"PYTHONPATH": "/somewhere", "KEPT": "1"})
    assert env["KEPT"] == "1"
    assert env["PYTHONPATH"].split(os.pathsep)[1] == "/somewhere"
    assert env["HTTPS_PROXY"] == env["https_proxy"] == sim.proxy_url
    assert "127.0.0.1" in env["NO_PROXY"]
    assert Path(env["SSL_CERT_FILE"]).read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert len(bytes.fromhex(env["SIMULATOR_ROOT_KEY"])) == 32


def test_the_launcher_becomes_the_command(tmp_path: Path) -> None:
    script = "import json, os; print(json.dumps(dict(os.environ)))"
    arguments = ["--proxy", "http://127.0.0.1:1", "--ca", "ca.pem", "--root-key", "00" * 32]
    command = [sys.executable, "-m", "simulator.launcher", *arguments, "--", sys.executable]
    printed = subprocess.run([*command, "-c", script], capture_output=True, text=True, check=True)
    env = json.loads(printed.stdout)
    assert (env["HTTPS_PROXY"], env["SSL_CERT_FILE"]) == ("http://127.0.0.1:1", "ca.pem")
    assert env["SIMULATOR_ROOT_KEY"] == "00" * 32
