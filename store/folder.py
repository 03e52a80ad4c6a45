"""Folders that hold secrets: the session with WhatsApp, the key, the conversations."""

import os
import stat
from pathlib import Path

from config import ConfigError


def make_private(path: Path, variable: str) -> None:
    """Make `path` a folder that no other user of this machine can look into (mode 0700).

    Safe to call from several processes at once. Raises `ConfigError` in the name of `variable`
    when the folder can't be made or used, or is one that all users share, such as /tmp: taking
    that away from the others would break the machine.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.stat()
    except OSError as error:
        raise ConfigError(f"{variable}: {path}: {error.strerror}") from None
    if status.st_mode & stat.S_ISVTX:
        raise ConfigError(f"{variable}: {path} is shared by everybody, give a folder of its own")
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise ConfigError(f"{variable}: {path} can't be written by this user")
    if status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) != 0o700:
        path.chmod(0o700)
