"""What is in place before the first process starts."""

import os
from datetime import UTC, datetime

import pytest

from app import bootstrap
from config import Config
from store.account import api_keys, audit, owner
from store.sql import migrate
from store.sql.engine import Database

COMMAND = ("-m", "app.bootstrap")
KEY = "a key that the operator chose"


@pytest.fixture
def bootstrapped(config: Config):
    """The database as `bootstrap` leaves it."""
    bootstrap.bootstrap(config)
    database = Database(config.database)
    yield database
    database.close()


def test_it_makes_everything_and_may_be_run_again(config, bootstrapped):
    assert migrate.is_current(bootstrapped)
    assert (config.data_dir / "secret_key").exists()
    bootstrap.bootstrap(config)


def test_several_at_once_do_not_disturb_each_other(spawn, env):
    env["BOOTSTRAP_API_KEY"] = KEY
    processes = [spawn(*COMMAND, env=env) for _ in range(4)]
    assert [process.wait() for process in processes] == [0] * 4


def test_the_first_link_is_for_this_machine(config, bootstrapped):
    link = bootstrap.make_setup_link(config, bootstrapped)
    start, token = link.rsplit("/", 1)
    assert start == f"http://127.0.0.1:{config.port}/setup"
    with bootstrapped.read() as connection:
        assert owner.is_setup_token(connection, token)


def test_a_new_link_replaces_the_one_before(config, bootstrapped):
    old, new = (bootstrap.make_setup_link(config, bootstrapped).rsplit("/")[-1] for _ in range(2))
    with bootstrapped.read() as connection:
        assert owner.is_setup_token(connection, new)
        assert not owner.is_setup_token(connection, old)


def test_there_is_no_link_once_there_is_an_owner(config, bootstrapped):
    with bootstrapped.write() as connection:
        owner.create(connection, "alice", "hash", datetime.now(UTC))
    assert bootstrap.make_setup_link(config, bootstrapped) is None


def test_a_lost_password_is_replaced_by_a_link(config, bootstrapped):
    assert bootstrap.reset_link(config, bootstrapped) is None
    now = datetime.now(UTC)
    with bootstrapped.write() as connection:
        owner.create(connection, "alice", "hash", now)
    token = bootstrap.reset_link(config, bootstrapped).rsplit("/")[-1]
    with bootstrapped.read() as connection:
        assert owner.is_reset_token(connection, token, now)
        assert [act.action for act in audit.list_acts(connection)] == ["reset link made"]


def test_without_an_account_the_way_back_is_the_way_in(spawn, config):
    process = spawn(*COMMAND, "--reset")
    assert process.wait() == 0
    [line] = process.output().splitlines()
    assert line.startswith(f"http://127.0.0.1:{config.port}/setup/")


def test_the_link_is_printed_alone(spawn, config):
    process = spawn(*COMMAND, "--link")
    assert process.wait() == 0
    [line] = process.output().splitlines()
    assert line.startswith(f"http://127.0.0.1:{config.port}/setup/")


def test_the_operators_api_key_gets_the_scopes_that_came_later(env, monkeypatch):
    config = Config.from_env({**env, "BOOTSTRAP_API_KEY": KEY})
    with monkeypatch.context() as before:
        before.setattr(api_keys, "SCOPES", ("send",))
        bootstrap.bootstrap(config)
    bootstrap.bootstrap(config)
    database = Database(config.database)
    with database.read() as connection:
        [key] = api_keys.load(connection)
    database.close()
    assert key.scopes == set(api_keys.SCOPES)


def test_the_operators_api_key_is_let_in_until_it_is_revoked(env):
    config = Config.from_env({**env, "BOOTSTRAP_API_KEY": KEY})
    bootstrap.bootstrap(config)
    database = Database(config.database)
    with database.write() as connection:
        key = api_keys.find(connection, KEY)
        assert key and key.scopes == set(api_keys.SCOPES)
        api_keys.revoke(connection, key.id, datetime.now(UTC))
    bootstrap.bootstrap(config)
    with database.read() as connection:
        assert api_keys.find(connection, KEY) is None
        assert len(api_keys.load(connection)) == 1
    database.close()


def test_a_database_that_does_not_answer_is_said_without_its_password(spawn):
    url = "postgresql://alice:hush-hush@127.0.0.1:1/x"
    process = spawn(*COMMAND, env={"DATABASE_URL": url})
    assert process.wait() == 1
    assert "DATABASE_URL: " in process.output() and "refused" in process.output()
    assert "hush" not in process.output() and "Traceback" not in process.output()


def test_a_bad_configuration_is_said_by_name(spawn):
    process = spawn(*COMMAND, env={"SECRET_KEY": "short"})
    assert process.wait() == os.EX_CONFIG
    assert "SECRET_KEY: must have" in process.output()


def test_it_stays_when_asked_to(spawn):
    process = spawn(*COMMAND, "--stay")
    process.wait_for("Ready")
    assert process.is_running
    assert process.stop() == 0
