"""The AI providers' keys: those entered in the panel, encrypted, and those of the environment.

A key of the panel comes before the environment's. Read anew for each turn, so that a change rules
the next one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection, Row, Select, delete, select, update

from config import Config
from core.errors import InvalidKey
from core.models.credentials import KEY_HOLDERS, Access, clean_key
from store.sql.cipher import Cipher, Undecipherable
from store.sql.engine import Database, insert_new
from store.sql.prepared import prepared
from store.sql.secret import load_secret_key
from store.sql.tables import provider_keys as table


@dataclass(frozen=True)
class StoredKey:
    """A key that the owner has entered in the panel."""

    provider: str
    set_at: datetime
    key: str | None  # None when it can't be decrypted: the installation's secret has changed

    def __repr__(self) -> str:
        return f"StoredKey({self.provider!r})"


def save(connection: Connection, config: Config, provider: str, text: str, now: datetime) -> None:
    """Put the key in the place of the one there may be. Raises `InvalidKey`."""
    if provider not in KEY_HOLDERS:
        raise InvalidKey(f"{provider} takes no key.")
    encrypted = _make_cipher(config, provider).encrypt(clean_key(text))
    values = {"encrypted": encrypted, "updated_at": now}
    connection.execute(insert_new(connection, table).values(provider=provider, **values))
    connection.execute(update(table).where(table.c.provider == provider).values(values))


def remove(connection: Connection, provider: str) -> bool:
    """False if there was none."""
    return bool(connection.execute(delete(table).where(table.c.provider == provider)).rowcount)


def load(connection: Connection, config: Config) -> Mapping[str, StoredKey]:
    """The keys of the panel, by provider."""
    return {
        row.provider: StoredKey(row.provider, row.updated_at, _list_readable(row, config))
        for row in _select_rows(connection)
        if row.provider in KEY_HOLDERS
    }


@prepared
def _select_rows() -> Select[Any]:
    return select(table)


def read_access(connection: Connection, config: Config) -> Access:
    """The providers that can be asked at this moment, with whose key and where.

    A key that can't be decrypted is not replaced by the environment's: the owner chose another.
    """
    stored = load(connection, config)
    keys = from_environment(config) | {p: kept.key for p, kept in stored.items() if kept.key}
    unreadable = frozenset(p for p, kept in stored.items() if kept.key is None)
    addresses = {"ollama": config.ollama_base_url, "custom": config.custom_llm_base_url}
    return Access(
        keys={p: key for p, key in keys.items() if p not in unreadable},
        addresses={provider: address for provider, address in addresses.items() if address},
        unreadable=unreadable,
    )


class Keyring:
    """`access` for those who hold no connection. Threads may share it."""

    def __init__(self, database: Database, config: Config) -> None:
        self._database = database
        self._config = config

    def __call__(self) -> Access:
        with self._database.read() as connection:
            return read_access(connection, self._config)


def from_environment(config: Config) -> dict[str, str]:
    """The keys that `Config` knows. One that can't be a key counts as none."""
    found = {}
    for provider in KEY_HOLDERS:
        field = "custom_llm_api_key" if provider == "custom" else f"{provider}_api_key"
        secret: SecretStr | None = getattr(config, field)
        try:
            found[provider] = clean_key(secret.get_secret_value() if secret else "")
        except InvalidKey:
            continue
    return found


def _list_readable(row: Row[Any], config: Config) -> str | None:
    try:
        return _make_cipher(config, row.provider).decrypt(row.encrypted)
    except Undecipherable:
        return None


def _make_cipher(config: Config, provider: str) -> Cipher:
    return Cipher(load_secret_key(config), f"key of the provider {provider}")
