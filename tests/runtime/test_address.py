"""Where the panel is found."""

import socket

import pytest

from config import Config, ConfigError
from runtime import address


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
    assert address.make_url(Config.from_env({"HOST": host})) == url


def test_a_panel_that_never_answers_is_given_up(config):
    assert not address.wait_up(config, seconds=0)
