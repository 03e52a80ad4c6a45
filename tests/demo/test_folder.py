"""The demo's folder, and what its processes see of the world."""

import socket

import pytest

from config import ROOT, Config
from demo import folder
from demo.folder import DemoFolder, NotOurs


def test_nothing_of_the_real_installation_comes_along(tmp_path) -> None:
    outside = {
        "PATH": "/bin",
        "DATA_DIR": "/srv/djinnbot",
        "DATABASE_URL": "postgresql://real",
        "REDIS_URL_FILE": "/run/secrets/redis",
        "OPENAI_API_KEY": "sk-real",
        "SECRET_KEY": "s" * 40,
    }
    environment = DemoFolder(tmp_path / "demo").env(outside, 8123)
    config = Config.from_env(environment)
    assert environment["PATH"] == "/bin"
    assert config.openai_api_key is None and config.secret_key is None
    assert config.redis_url is None and config.database_url is None
    for path in (config.data_dir, config.auth_dir, config.agents_dir):
        assert path.is_relative_to(tmp_path / "demo")
    assert (config.host, config.port) == ("127.0.0.1", 8123)


def test_agents_are_copied_so_that_the_checkout_s_stay_as_they_are(tmp_path) -> None:
    here = DemoFolder(tmp_path / "demo")
    here.make()
    (here.agents / "finn/SOUL.md").write_text("changed")
    here.make()
    assert (here.agents / "finn/SOUL.md").read_text() == "changed"
    assert (ROOT / "agents/finn/SOUL.md").read_text() != "changed"


def test_starting_over_forgets_all_but_the_lock(tmp_path) -> None:
    here = DemoFolder(tmp_path / "demo")
    here.make()
    key = here.key()
    (here.path / folder.LOCK).touch()
    here.clear()
    assert {path.name for path in here.path.iterdir()} == {folder.MARK, folder.LOCK}
    assert here.key() != key


def test_a_folder_of_somebody_else_s_is_left_alone(tmp_path) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    here = DemoFolder(tmp_path)
    for deed in (here.make, here.clear):
        with pytest.raises(NotOurs):
            deed()
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


def test_the_key_is_kept_and_nobody_else_may_read_it(tmp_path) -> None:
    here = DemoFolder(tmp_path / "demo")
    here.make()
    assert here.key() == here.key()
    assert (here.path / "key").stat().st_mode & 0o777 == 0o600


def test_a_port_in_use_is_replaced_by_a_free_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        assert folder.find_free_port(taken) != taken
    assert folder.find_free_port(taken) == taken
