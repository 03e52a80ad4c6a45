"""Where the panel is found: HOST and PORT, seen by who starts it and by who opens it."""

import errno
import os
import socket
import time
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from config import Config, ConfigError

FREE_SECONDS = 3.0  # how long the processes of a runner that was killed may keep the port
UP_SECONDS = 120.0
POLL_SECONDS = 0.2

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}


def make_url(config: Config) -> str:
    """What a browser on this machine opens."""
    return f"http://{EVERYWHERE.get(config.host, config.host)}:{config.port}"


def check_free(config: Config) -> None:
    """Raises `ConfigError` when a server could not listen there."""
    deadline = time.monotonic() + FREE_SECONDS
    while (problem := _listen_error(config)) == errno.EADDRINUSE and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    if problem == errno.EADDRINUSE:
        raise ConfigError(f"PORT: {config.port} is in use by another program; set another one")
    if problem == errno.EACCES:
        raise ConfigError(f"PORT: {config.port} is not allowed for this user; set one above 1023")
    if problem:
        raise ConfigError(f"HOST: can't listen on {config.host}: {os.strerror(problem)}")


def wait_up(config: Config, seconds: float = UP_SECONDS) -> bool:
    """Whether the panel answered `GET /up` in time."""
    opener = build_opener(ProxyHandler({}))  # a proxy has no business with this machine
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with opener.open(f"{make_url(config)}/up", timeout=5) as response:
                return bool(response.status == 200)
        except (URLError, OSError):
            time.sleep(POLL_SECONDS)
    return False


def _listen_error(config: Config) -> int:
    """What the system would tell a server: an errno, 0 when all is well."""
    host = config.host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, config.port), family=family):
            return 0
    except socket.gaierror:
        return errno.EADDRNOTAVAIL
    except OSError as error:
        return error.errno or errno.EIO
