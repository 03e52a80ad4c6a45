"""What `python -m runtime.runner` makes sure of before it starts anything, and what it says."""

import os
import re
import signal
import socket
from contextlib import suppress
from urllib.request import ProxyHandler, build_opener

from config import Config
from runtime import address, runner
from tests.waiting import until


def test_a_second_runner_on_the_same_folder_is_refused(spawn, config, env, free_port):
    config.data_dir.mkdir()
    with runner.only_one(config):
        second = spawn("-m", "runtime.runner")
        assert second.wait() == 1
    output = second.output()
    assert f"Already running on {config.data_dir} (process {os.getpid()})" in output
    assert "started" not in output


def test_a_bad_configuration_is_said_before_anything_starts(spawn):
    process = spawn("-m", "runtime.runner", env={"PORT": "many", "REDIS_URL": "localhost"})
    assert process.wait() == os.EX_CONFIG
    assert "PORT: " in process.output() and "REDIS_URL: " in process.output()


def test_a_port_in_use_stops_it_before_anything_starts(spawn, config):
    with socket.create_server((config.host, config.port)):
        process = spawn("-m", "runtime.runner")
        assert process.wait() == os.EX_CONFIG
    assert "PORT: " in process.output() and "started" not in process.output()
    assert not (config.data_dir / "djinnbot.db").exists()


def is_ready(config: Config) -> bool:
    """Whether messages can be taken and answered."""
    with suppress(OSError):
        opener = build_opener(ProxyHandler({}))
        with opener.open(f"{address.make_url(config)}/up/ready", timeout=5) as response:
            return response.status == 200
    return False


def test_the_product_starts_and_survives_the_death_of_each_of_its_processes(spawn, config):
    """Nothing set, nothing installed: SQLite and the embedded Valkey in an empty folder."""
    everything = spawn("-m", "runtime.runner")
    output = everything.wait_for(f"Make your account, once, at {address.make_url(config)}/setup/")
    assert f"The panel is at {address.make_url(config)}" in output
    until(lambda: is_ready(config), "the product to be ready")
    for name in ("jobs", "web", "worker", "redis"):
        [pid] = re.findall(rf"{name} started \(process (\d+)\)", everything.output())
        os.kill(int(pid), signal.SIGKILL)
        everything.wait_for(f"{name} was ended by SIGKILL, starting it again in 1 s")
    until(lambda: everything.output().count("ready to answer") == 2, "jobs to be back")
    until(lambda: is_ready(config), "the product to be ready again")
    assert everything.stop() == 0
    assert not config.redis_socket.exists()
    assert "killing" not in everything.output()
