"""The secret key: one, kept, and for its owner only."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config import Config, ConfigError
from store.folder import make_private
from store.sql.secret import FILE, load_secret_key


def test_it_is_made_once_and_kept(config):
    key = load_secret_key(config)
    assert len(key) >= 40
    assert load_secret_key(config) == key


def test_only_its_owner_can_read_it(config):
    load_secret_key(config)
    assert stat.S_IMODE((config.data_dir / FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(config.data_dir.stat().st_mode) == 0o700
    assert [path.name for path in config.data_dir.iterdir()] == [FILE]


def test_all_that_start_at_once_get_the_same(config):
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(load_secret_key, [config] * 8))) == 1


def test_the_environment_wins_and_nothing_is_written(env):
    config = Config.from_env({**env, "SECRET_KEY": "chosen by the operator"})
    assert load_secret_key(config) == "chosen by the operator"
    assert not config.data_dir.exists()


def test_an_empty_file_is_not_a_key(config):
    make_private(config.data_dir, "DATA_DIR")
    (config.data_dir / FILE).touch()
    with pytest.raises(ConfigError, match="DATA_DIR: .* is empty"):
        load_secret_key(config)


def test_a_folder_that_others_could_read_is_closed(tmp_path):
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    make_private(folder, "DATA_DIR")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_of_everybody_is_refused_and_left_as_it_is(tmp_path):
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    with pytest.raises(ConfigError, match="^DATA_DIR: .* shared by everybody"):
        make_private(folder, "DATA_DIR")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o1777


@pytest.mark.parametrize("below", ["file", "file/folder"])
def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path, below):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="^DATA_DIR: "):
        make_private(tmp_path / below, "DATA_DIR")
