"""Keys at rest: unreadable without the secret, before the environment's, gone when removed."""

from datetime import UTC, datetime

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from config import Config
from core.errors import InvalidKey
from store.agents import provider_keys
from store.agents.provider_keys import Keyring
from store.sql import tables
from store.sql.cipher import Cipher, Undecipherable
from store.sql.engine import Database

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = "sk-entered-in-the-panel"


@pytest.fixture
def config(config: Config) -> Config:
    return config.model_copy(update={"secret_key": SecretStr("the secret of this place")})


def save(database: Database, config: Config, provider: str = "openai", key: str = KEY) -> None:
    with database.write() as connection:
        provider_keys.save(connection, config, provider, key, NOW)


def test_a_key_is_there_for_the_next_look(database: Database, config: Config) -> None:
    keyring = Keyring(database, config)
    assert keyring().keys == {}
    save(database, config)
    assert keyring().keys == {"openai": KEY}
    save(database, config, key="sk-another")
    assert keyring().keys == {"openai": "sk-another"}


def test_the_database_does_not_hold_it(database: Database, config: Config) -> None:
    save(database, config)
    with database.read() as connection:
        [row] = connection.execute(select(tables.provider_keys)).all()
    assert KEY not in str(row) and row.updated_at == NOW


def test_the_panels_key_comes_before_the_environments(database: Database, config: Config) -> None:
    keys = {"openai_api_key": SecretStr("sk-env"), "groq_api_key": SecretStr(" gsk_env\n")}
    config = config.model_copy(update=keys)
    save(database, config)
    assert Keyring(database, config)().keys == {"openai": KEY, "groq": "gsk_env"}
    with database.write() as connection:
        assert provider_keys.remove(connection, "openai")
        assert not provider_keys.remove(connection, "openai")
    assert Keyring(database, config)().keys["openai"] == "sk-env"


def test_with_another_secret_it_has_to_be_entered_again(database: Database, config: Config) -> None:
    save(database, config)
    changes = {"secret_key": SecretStr("quite another one, long"), "openai_api_key": SecretStr("e")}
    elsewhere = config.model_copy(update=changes)
    access = Keyring(database, elsewhere)()
    assert access.unreadable == {"openai"} and "openai" not in access.keys
    save(database, elsewhere, key="sk-again")
    assert Keyring(database, elsewhere)().keys == {"openai": "sk-again"}


@pytest.mark.parametrize(("provider", "key"), [("openai", ""), ("openai", "a b"), ("demo", "x")])
def test_what_cant_be_a_key_is_refused_and_the_old_one_stays(
    database: Database, config: Config, provider: str, key: str
) -> None:
    save(database, config)
    with pytest.raises(InvalidKey):
        save(database, config, provider, key)
    assert Keyring(database, config)().keys == {"openai": KEY}


def test_addresses_are_the_environments(database: Database, config: Config) -> None:
    access = Keyring(database, config)()
    assert access.addresses == {"ollama": "http://127.0.0.1:11434/v1"}
    config = config.model_copy(update={"custom_llm_base_url": "http://127.0.0.1:9/v1"})
    assert Keyring(database, config)().addresses["custom"] == "http://127.0.0.1:9/v1"


def test_no_key_is_printed(database: Database, config: Config) -> None:
    save(database, config)
    with database.read() as connection:
        assert KEY not in repr(provider_keys.load(connection, config))


def test_a_cipher_reads_only_its_own() -> None:
    token = Cipher("secret", "one purpose").encrypt("text")
    assert Cipher("secret", "one purpose").decrypt(token) == "text"
    for other in (Cipher("secret", "another"), Cipher("secret 2", "one purpose")):
        with pytest.raises(Undecipherable):
            other.decrypt(token)
    for damaged in ("", "gAAA", token[:-4], token[1:]):
        with pytest.raises(Undecipherable):
            Cipher("secret", "one purpose").decrypt(damaged)
