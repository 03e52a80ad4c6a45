"""The files (or tables) that make us a linked device of the account."""

import os
from pathlib import Path

from sqlalchemy import create_engine, inspect, text

from config import Config, ConfigError

# neonize pastes the path into a database address, where these would begin something else.
_FORBIDDEN = "#?%"


class Session:
    """Where it is, whether it is there, and how it is deleted."""

    def __init__(self, config: Config) -> None:
        self.folder = config.auth_dir
        url = config.whatsapp_auth_database_url
        self._url = url.get_secret_value() if url else None

    def prepare(self) -> None:
        """Make the folder. Raises `ConfigError` when it can't hold a session."""
        if any(character in str(self.folder) for character in _FORBIDDEN):
            raise ConfigError(f"WHATSAPP_AUTH_DIR: the path must not contain any of {_FORBIDDEN}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ConfigError(f"WHATSAPP_AUTH_DIR: {self.folder}: {error.strerror}") from None
        if not os.access(self.folder, os.W_OK):
            raise ConfigError(f"WHATSAPP_AUTH_DIR: {self.folder} can't be written to")

    def exists(self) -> bool:
        """Whether there may be something to resume. Only files can be looked at from here."""
        return self._url is None and (self.folder / "session.db").exists()

    def delete(self) -> None:
        """Forget the account: keys, contacts and names remain readable in the file otherwise."""
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(f"{self.folder / 'session.db'}{suffix}").unlink(missing_ok=True)
        if self._url:
            _drop_tables(self._url)


def _drop_tables(url: str) -> None:
    """The library's own tables, all named whatsmeow_..., in the database that holds its session."""
    engine = create_engine(url.replace("postgres://", "postgresql://", 1))
    with engine.begin() as connection:
        quote = engine.dialect.identifier_preparer.quote
        names = [n for n in inspect(connection).get_table_names() if n.startswith("whatsmeow_")]
        for name in names:
            connection.execute(text(f"DROP TABLE {quote(name)} CASCADE"))
    engine.dispose()
