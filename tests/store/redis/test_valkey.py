"""The embedded Valkey: what it keeps, how it ends, whom it refuses."""

import os
import stat
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError

from config import Config
from store.redis import valkey
from tests.services.processes import Spawned, Spawner

COMMAND = ("-m", "store.redis.valkey")


@pytest.fixture
def client(config: Config):
    with valkey.connect(config.redis) as client:
        yield client


def start(spawn: Spawner, client: Redis, **options: dict[str, str]) -> Spawned:
    process = spawn(*COMMAND, **options)
    valkey.wait_ready(client)
    return process


def journal(config: Config) -> Path:
    [path] = (config.data_dir / "valkey/appendonlydir").glob("*.incr.aof")
    return path


def test_it_keeps_what_it_holds_over_a_clean_stop(spawn, client, config):
    process = start(spawn, client)
    client.set("kept", "yes")
    assert process.stop() == 0
    assert not config.redis_socket.exists()
    start(spawn, client)
    assert client.get("kept") == b"yes"


def test_it_starts_again_over_the_socket_of_one_that_was_killed(spawn, client, config):
    start(spawn, client).kill()
    assert config.redis_socket.exists()
    start(spawn, client)
    assert client.ping()


@pytest.mark.parametrize("rubbish", [b"*2\r\n$3\r\nGE", bytes(4096), b"\xff rubbish\r\n"])
def test_a_damaged_end_of_the_journal_is_cut_off(spawn, client, config, rubbish):
    process = start(spawn, client)
    client.set("kept", "yes")
    process.stop()
    with journal(config).open("ab") as file:
        file.write(rubbish)
    process = start(spawn, client)
    assert client.get("kept") == b"yes"
    assert "Cut off the damaged end" in process.output()


def test_only_its_owner_can_reach_it(spawn, client, config):
    start(spawn, client)
    assert stat.S_IMODE(config.data_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE(config.redis_socket.stat().st_mode) == 0o700


def test_a_second_one_on_the_same_folder_is_refused(spawn, client):
    start(spawn, client)
    second = spawn(*COMMAND)
    assert second.wait() == os.EX_CONFIG
    assert "in use by another Valkey" in second.output()
    assert client.ping()


@pytest.mark.parametrize("folder", ["a folder with spaces, 'quotes' and %d", "long-" * 40])
def test_any_folder_will_do(spawn, env, tmp_path, folder):
    env["DATA_DIR"] = str(tmp_path / folder)
    config = Config.from_env(env)
    with valkey.connect(config.redis) as client:
        start(spawn, client, env=env)
        client.set("kept", "yes")
        assert journal(config).exists()
        assert client.client_info()["flags"] == "U"  # a Unix socket; and RQ reads this


def test_it_idles_when_there_is_a_redis_already(spawn, env, config):
    process = spawn(*COMMAND, env={"REDIS_URL": "redis://127.0.0.1:1"})
    process.wait_for("not needed")
    assert not config.data_dir.exists()
    assert process.stop() == 0


def test_a_bad_configuration_is_said_by_name(spawn):
    process = spawn(*COMMAND, env={"REDIS_URL": "localhost"})
    assert process.wait() == os.EX_CONFIG
    assert "REDIS_URL: must start with" in process.output()


def test_waiting_for_a_redis_that_never_comes_ends_in_an_error(client):
    with pytest.raises(ConnectionError, match="does not answer"):
        valkey.wait_ready(client, seconds=0)
