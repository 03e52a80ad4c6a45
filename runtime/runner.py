"""`python -m runtime.runner`, which is what ./run starts: the whole product on one machine.

Where systemd, containers or a platform keep processes running, they use the Procfile themselves.
"""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from honcho.environ import parse_procfile

from config import ROOT, Config, ConfigError
from runtime import address
from runtime.processes import Processes
from store.folder import make_private

LINK_SECONDS = 60


class AlreadyRunning(Exception):
    """Another runner works on the same DATA_DIR."""


def main() -> int:
    try:
        config = Config.from_env()
        make_private(config.data_dir, "DATA_DIR")
        with only_one(config):
            address.check_free(config)
            processes = Processes(parse_procfile((ROOT / "Procfile").read_text()).processes)
            return processes.run(lambda: announce(config, processes))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return os.EX_CONFIG
    except AlreadyRunning as error:
        print(error, file=sys.stderr)
        return 1


@contextmanager
def only_one(config: Config) -> Iterator[None]:
    """Hold DATA_DIR while running. Raises `AlreadyRunning`. The lock ends with this process, and
    is not handed on to the children."""
    with (config.data_dir / "run.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise AlreadyRunning(
                f"Already running on {config.data_dir} (process {file.read().strip() or '?'}). "
                "Stop that one first, or set DATA_DIR and PORT to run another."
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def announce(config: Config, processes: Processes) -> None:
    """Say where the panel is once it answers and, while there is no account, how to make one.
    Runs on a thread of its own, for a bounded time."""
    url = address.make_url(config)
    if not address.wait_up(config):
        processes.say(f"The panel does not answer at {url} yet; see what web says")
        return
    processes.say(f"The panel is at {url}")
    link = subprocess.run(
        [sys.executable, "-m", "app.bootstrap", "--link"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LINK_SECONDS,
    )
    if link.stdout.strip():
        processes.say(f"Make your account, once, at {link.stdout.strip()}")
    elif link.returncode:
        processes.say(f"No set-up link: {link.stderr.strip()}")


if __name__ == "__main__":
    sys.exit(main())
