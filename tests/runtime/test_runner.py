"""What `python -m runtime.runner` makes sure of before it starts anything, and what it says."""

import os
import re
import signal
import socket
from contextlib import suppress
from urllib.request import ProxyHandler, build_opener

import pytest

from config import Config, ConfigError
from runtime import address, runner
from tests.waiting import until


def test_a_port_in_use_is_said_by_name(config):
    refused = pytest.raises(ConfigError, match=f"PORT: {config.port} is in use")
    with socket.create_server((config.host, config.port)), refused:
        address.check_free(config)
    address.check_free(config)


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_a_host_that_is_not_ours_is_said_by_name(env, host):
    with pytest.raises(ConfigError, match=f"HOST: can't listen on {host}"):
        address.check_free(Config.from_env({**env, "HOST": host}))


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("[::]", "http://[::1]:8000"),
        ("panel.example", "http://panel.example:8000"),
    ],
)
def test_the_address_is_one_that_a_browser_can_open(host, url):
    assert address.url(Config.from_env({"HOST": host})) == url


def test_a_panel_that_never_answers_is_given_up(config):
    assert not address.wait_up(config, seconds=0)


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
        with opener.open(f"{address.url(config)}/up/ready", timeout=5) as response:
            return response.status == 200
    return False


def test_the_product_starts_and_survives_the_death_of_each_of_its_processes(spawn, config):
    """Nothing set, nothing installed: SQLite and the embedded Valkey in an empty folder."""
    everything = spawn("-m", "runtime.runner")
    output = everything.wait_for(f"Make your account, once, at {address.url(config)}/setup/")
    assert f"The panel is at {address.url(config)}" in output
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
