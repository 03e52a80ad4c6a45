"""Where a demo keeps its things, and what its processes see of the world."""

import secrets
import shutil
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from config import ROOT, Config
from store.folder import make_private

PANEL_PORT, PHONES_PORT = 8010, 8011
HOST = "127.0.0.1"
# Browsers keep cookies by host name and not by port: under this name the demo's panel does not
# sign the owner out of a real one at 127.0.0.1.
NAME = "localhost"
LOCK = "run.lock"  # the runner's
MARK = ".djinnbot-demo"  # only a folder with this file is ever emptied
_PRODUCT = {name.upper() for name in Config.model_fields}


class NotOurs(Exception):
    """The folder holds something that no demo has put there."""


class DemoFolder:
    """One folder with everything a demo makes: database, WhatsApp session, agents, phones."""

    def __init__(self, folder: Path) -> None:
        self.path = folder.expanduser().absolute()

    def make(self) -> None:
        """Raises `NotOurs`, or `ConfigError` when the folder can't be made."""
        mark = self.path / MARK
        if self.path.exists() and any(self.path.iterdir()) and not mark.exists():
            raise NotOurs(f"{self.path} is no demo's folder. Choose another with --folder.")
        make_private(self.path, "--folder")
        mark.touch()
        if not self.agents.exists():
            shutil.copytree(ROOT / "agents", self.agents)

    def clear(self) -> None:
        """Forget everything. Raises `NotOurs` and leaves all as it is, if it is no demo's."""
        if not (self.path / MARK).exists():
            raise NotOurs(f"{self.path} is no demo's folder: nothing was deleted.")
        for path in self.path.iterdir():
            if path.name in (MARK, LOCK):
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    @property
    def agents(self) -> Path:
        """A copy: what is changed in the demo's panel leaves the checkout alone."""
        return self.path / "agents"

    @property
    def phones(self) -> Path:
        """What the phones remember from one start to the next."""
        return self.path / "phones.pickle"

    @property
    def authority(self) -> Path:
        return self.path / "whatsapp"

    @property
    def data(self) -> Path:
        return self.path / "data"

    def secret(self, name: str, made: str) -> str:
        """The secret in the file `name`; the first time `made` is written there."""
        path = self.path / name
        with suppress(FileNotFoundError):
            return path.read_text().strip()
        path.touch(0o600)
        path.write_text(made + "\n")
        return made

    def key(self) -> str:
        """What opens the phones page and signs in to the demo's panel."""
        return self.secret("key", secrets.token_urlsafe(24))

    def env(self, outside: Mapping[str, str], port: int) -> dict[str, str]:
        """The environment of the demo's processes: none of the real installation's settings and
        keys come along."""
        kept = {n: v for n, v in outside.items() if n.removesuffix("_FILE") not in _PRODUCT}
        return kept | {
            "HOST": HOST,
            "PORT": str(port),
            "DATA_DIR": str(self.data),
            "WHATSAPP_AUTH_DIR": str(self.path / "session"),
            "AGENTS_DIR": str(self.agents),
        }


def find_free_port(wanted: int) -> int:
    """`wanted`, or any other when a program listens there already."""
    for port in (wanted, 0):
        with suppress(OSError), socket.create_server((HOST, port)) as server:
            return int(server.getsockname()[1])
    raise OSError("no port is free on this machine")


def make_panel_url(config: Config) -> str:
    return f"http://{NAME}:{config.port}"
