"""Folders that hold secrets."""

import stat
from pathlib import Path

import pytest

from config import ConfigError
from store.folder import make_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_is_made_with_what_is_above_it_and_may_be_there(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    make_private(path, "DATA_DIR")
    assert mode(path) == 0o700
    path.chmod(0o755)
    (path / "kept").touch()
    make_private(path, "DATA_DIR")
    assert mode(path) == 0o700 and (path / "kept").exists()


def test_what_everybody_shares_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "shared"
    path.mkdir()
    path.chmod(0o1777)
    with pytest.raises(ConfigError, match="DATA_DIR: .* is shared by everybody"):
        make_private(path, "DATA_DIR")
    assert mode(path) == 0o1777


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="AUTH: "):
        make_private(tmp_path / "file", "AUTH")
    with pytest.raises(ConfigError, match="AUTH: "):
        make_private(tmp_path / "file" / "below", "AUTH")
