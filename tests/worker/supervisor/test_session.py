"""The session's folder, its files, and how nothing of an account is left."""

import os
import stat
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from config import Config, ConfigError
from worker.supervisor.session import Session


@pytest.fixture
def session(config: Config) -> Session:
    session = Session(config)
    session.prepare()
    return session


def test_the_folder_is_made_and_is_ours_alone(session: Session):
    assert stat.S_IMODE(session.folder.stat().st_mode) == 0o700
    session.prepare()  # it may be there already


@pytest.mark.parametrize("name", ["a#b", "what?", "50%"])
def test_a_path_that_the_library_would_misread_is_refused(tmp_path: Path, env, name: str):
    config = Config.from_env(env | {"WHATSAPP_AUTH_DIR": str(tmp_path / name)})
    with pytest.raises(ConfigError, match="WHATSAPP_AUTH_DIR"):
        Session(config).prepare()


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path, env):
    (tmp_path / "file").touch()
    config = Config.from_env(env | {"WHATSAPP_AUTH_DIR": str(tmp_path / "file" / "auth")})
    with pytest.raises(ConfigError, match="WHATSAPP_AUTH_DIR"):
        Session(config).prepare()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_we_may_not_write_to_is_refused(tmp_path: Path, env):
    (tmp_path / "auth").mkdir(mode=0o500)
    with pytest.raises(ConfigError, match="WHATSAPP_AUTH_DIR"):
        Session(Config.from_env(env)).prepare()


def test_nothing_is_left_of_a_session(session: Session):
    assert not session.exists()
    for suffix in ("", "-wal", "-shm", "-journal"):
        (session.folder / f"session.db{suffix}").write_text("keys")
    (session.folder / "spool.jsonl").write_text("messages wait here")
    assert session.exists()
    session.delete()
    assert not session.exists()
    assert [path.name for path in session.folder.iterdir()] == ["spool.jsonl"]
    session.delete()  # there may be none


def test_nothing_is_left_of_a_session_in_postgresql(env, postgresql_url: str):
    url = postgresql_url.replace("postgresql+psycopg://", "postgres://")
    engine = create_engine(postgresql_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE whatsmeow_device (jid text PRIMARY KEY)"))
        connection.execute(
            text("CREATE TABLE whatsmeow_keys (jid text REFERENCES whatsmeow_device)")
        )
    session = Session(Config.from_env(env | {"WHATSAPP_AUTH_DATABASE_URL": url}))
    session.prepare()
    session.delete()
    tables = inspect(engine).get_table_names()
    engine.dispose()
    assert "messages" in tables
    assert [name for name in tables if name.startswith("whatsmeow_")] == []
