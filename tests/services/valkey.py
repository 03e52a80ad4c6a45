"""A real Valkey that forgets, on a Unix socket in a short folder (a socket's path is limited)."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from store.redis import valkey


@contextmanager
def running() -> Iterator[str]:
    """The address of a server that lives as long as the context."""
    folder = Path(tempfile.mkdtemp(prefix="vk-", dir="/tmp"))
    socket = folder / "s"
    command = valkey.build_server_command(valkey.find_server(), socket, folder, keep=False)
    with (folder / "log").open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    url = f"unix://{socket}?db=0"
    try:
        with valkey.connect(url) as client:
            valkey.wait_ready(client)
        yield url
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder)
