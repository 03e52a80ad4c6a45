"""The one secret that everything kept encrypted or signed depends on."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from config import Config, ConfigError
from store.folder import make_private

FILE = "secret_key"


def load_secret_key(config: Config) -> str:
    """SECRET_KEY, else the content of DATA_DIR/secret_key, which is made (mode 0600) if missing.

    Safe to call from several processes at once: all of them get the same key. Raises
    `ConfigError` when the file can't be read or made.
    """
    if config.secret_key:
        return config.secret_key.get_secret_value()
    make_private(config.data_dir, "DATA_DIR")
    path = config.data_dir / FILE
    try:
        _create(path)
        key = path.read_text().strip()
    except OSError as error:
        raise ConfigError(f"DATA_DIR: {path}: {error.strerror}") from None
    if not key:
        raise ConfigError(f"DATA_DIR: {path} is empty; restore it from a backup or set SECRET_KEY")
    return key


def _create(path: Path) -> None:
    """Written aside and then linked into place: a reader finds the whole key or none, and of two
    processes that make one, the first wins."""
    if path.exists():
        return
    aside = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(aside, path)
    finally:
        aside.unlink()
