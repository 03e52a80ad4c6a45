"""The environment: read once, refused by name."""

from pathlib import Path

import pytest

from config import ROOT, SOCKET_PATH_LIMIT, Config, ConfigError


def test_nothing_needs_to_be_set():
    config = Config.from_env({})
    assert config.host == "127.0.0.1"
    assert config.data_dir == ROOT / "data"
    assert config.database == f"sqlite:///{ROOT / 'data' / 'djinnbot.db'}"
    assert config.redis == f"unix://{config.redis_socket}?db=0"


def test_an_empty_variable_is_not_set():
    assert Config.from_env({"PORT": "", "REDIS_URL": ""}).port == 8000


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "http"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("DATABASE_URL", "mysql://localhost/x"),
        ("DATABASE_URL", "not an address"),
        ("REDIS_URL", "localhost:6379"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "loud"),
        ("SECRET_KEY", "short"),
        ("BOOTSTRAP_API_KEY", "short"),
        ("JOBS_CONCURRENCY", "0"),
        ("OLLAMA_BASE_URL", "127.0.0.1:11434"),
    ],
)
def test_a_bad_value_is_refused_by_name_and_not_repeated(variable, value):
    with pytest.raises(ConfigError) as refused:
        Config.from_env({variable: value})
    assert str(refused.value).startswith(f"{variable}: ")
    if len(value) > 1:
        assert value not in str(refused.value)


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(ConfigError) as refused:
        Config.from_env({"PORT": "http", "LOG_FORMAT": "xml"})
    assert [line.split(":")[0] for line in str(refused.value).splitlines()] == [
        "PORT",
        "LOG_FORMAT",
    ]


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_way_to_write_postgresql_means_psycopg(scheme):
    config = Config.from_env({"DATABASE_URL": f"{scheme}://u:p@db.example/name"})
    assert config.database == "postgresql+psycopg://u:p@db.example/name"


def test_a_value_may_come_from_a_file(tmp_path):
    path = tmp_path / "secret"
    path.write_text("a secret of enough characters\n")
    key = Config.from_env({"SECRET_KEY_FILE": str(path)}).secret_key
    assert key and key.get_secret_value() == "a secret of enough characters"


def test_the_variable_itself_wins_over_its_file(tmp_path):
    path = tmp_path / "port"
    path.write_text("9000")
    assert Config.from_env({"PORT": "9001", "PORT_FILE": str(path)}).port == 9001


def test_a_file_that_is_missing_is_said_by_name():
    with pytest.raises(ConfigError, match="^SECRET_KEY_FILE: /nonexistent: No such file"):
        Config.from_env({"SECRET_KEY_FILE": "/nonexistent"})


def test_secrets_do_not_show():
    config = Config.from_env({"SECRET_KEY": "x" * 30, "OPENAI_API_KEY": "sk-hush"})
    assert "xxx" not in repr(config) and "hush" not in repr(config)


def test_relative_folders_mean_the_same_everywhere(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert Config.from_env({"DATA_DIR": "here"}).data_dir == tmp_path / "here"


def test_a_long_path_moves_the_socket_where_it_fits():
    config = Config.from_env({"DATA_DIR": "/" + "long-" * 30})
    assert len(str(config.redis_socket)) < SOCKET_PATH_LIMIT
    other = Config.from_env({"DATA_DIR": "/" + "long-" * 31})
    assert config.redis_socket != other.redis_socket


def test_the_whatsapp_session_has_a_folder_of_its_own(tmp_path):
    config = Config.from_env({"DATA_DIR": str(tmp_path)})
    assert config.auth_dir in (tmp_path / "whatsapp/auth", Path("/data/whatsapp/auth"))
    chosen = Config.from_env({"WHATSAPP_AUTH_DIR": str(tmp_path / "auth")})
    assert chosen.auth_dir == tmp_path / "auth"
