"""Migrations: the same tables on both databases, made once, by whoever comes first."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from store.sql import migrate
from store.sql.engine import Database
from store.sql.tables import metadata
from tests.services import databases
from tests.waiting import PATIENCE


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path):
    """A database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'folder' / 'new.db'}"
    else:
        server = request.getfixturevalue("postgres_url")
        with databases.postgres_copy(server, "template0") as url:
            yield url


@pytest.fixture
def empty(empty_url):
    database = Database(empty_url)
    yield database
    database.close()


def tables(database: Database) -> set[str]:
    with database.read() as connection:
        return set(inspect(connection).get_table_names())


def test_the_migrations_make_the_tables_of_the_code(database):
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_new_database_is_migrated_once(empty):
    assert not migrate.is_current(empty)
    migrate.upgrade(empty)
    assert migrate.is_current(empty)
    migrate.upgrade(empty)
    assert migrate.is_current(empty)


def test_the_way_back_leaves_nothing(empty):
    migrate.upgrade(empty)
    with empty.write() as connection:
        command.downgrade(migrate.make_alembic_config(connection), "base")
    assert tables(empty) <= {"alembic_version"}


def test_a_version_that_knows_no_hidden_ids_gets_none(empty):
    """It would have no room for a long one."""
    migrate.upgrade(empty)
    with empty.write() as connection:
        for number, pattern in enumerate(("+15551234567", f"{'9' * 60}@lid")):
            connection.execute(
                text(
                    "INSERT INTO allowlist (id, pattern, created_at, updated_at)"
                    " VALUES (:id, :pattern, '2026-01-01', '2026-01-01')"
                ),
                {"id": number, "pattern": pattern},
            )
        command.downgrade(migrate.make_alembic_config(connection), "0003")
        kept = connection.execute(text("SELECT pattern FROM allowlist")).scalars().all()
    assert kept == ["+15551234567"]
    migrate.upgrade(empty)


def test_several_at_once_migrate_one_after_the_other(empty_url):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(databases.migrated, [empty_url] * 4))
    database = Database(empty_url)
    assert migrate.is_current(database)
    database.close()


def test_a_migration_that_fails_leaves_the_tables_as_they_were(empty, monkeypatch, tmp_path):
    """The second of two migrations breaks: neither is there afterwards."""
    scripts = tmp_path / "broken"
    scripts.mkdir()
    (scripts / "0001_fine.py").write_text(
        script("0001", None, 'op.execute("CREATE TABLE a (i int)")')
    )
    (scripts / "0002_bad.py").write_text(script("0002", "0001", 'op.execute("CREATE NONSENSE")'))

    def with_broken_scripts(connection=None):
        config = original(connection)
        config.set_main_option("version_locations", str(scripts))
        config.set_main_option("path_separator", "newline")
        return config

    original = migrate.make_alembic_config
    monkeypatch.setattr(migrate, "make_alembic_config", with_broken_scripts)
    with pytest.raises(Exception, match="NONSENSE"):
        migrate.upgrade(empty)
    assert tables(empty) == set()


def script(revision: str, after: str | None, statement: str) -> str:
    return (
        f"from alembic import op\nrevision = {revision!r}\ndown_revision = {after!r}\n"
        f"def upgrade():\n    {statement}\n"
    )


def test_waiting_ends_when_somebody_has_migrated(empty_url):
    waiting, other = Database(empty_url), Database(empty_url)
    with ThreadPoolExecutor(1) as pool:
        waited = pool.submit(migrate.wait_current, waiting, 30)
        migrate.upgrade(other)
        waited.result(PATIENCE)
    for database in (waiting, other):
        database.close()


def test_waiting_in_vain_says_what_to_do(empty):
    with pytest.raises(migrate.NotMigrated, match="./run migrate"):
        migrate.wait_current(empty, seconds=0)


def test_a_folder_with_any_name_will_do(tmp_path: Path):
    folder = tmp_path / "100 % sure"
    folder.mkdir()
    databases.migrated(f"sqlite:///{folder / 'x.db'}")


def test_changing_a_table_keeps_what_refers_to_it(tmp_path):
    """SQLite copies a table to change it, and dropping the old one must not empty others."""
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    with database.write() as connection:
        command.upgrade(migrate.make_alembic_config(connection), "0001")
        for statement in (
            "INSERT INTO people (id, push_name, first_seen_at, last_seen_at)"
            " VALUES (1, 'Ana', '2026-01-01', '2026-01-01')",
            "INSERT INTO chats (id, person_id, address) VALUES (1, 1, 'a@lid')",
            "INSERT INTO conversations (id, chat_id, agent, opened_at)"
            " VALUES (1, 1, 'finn', '2026-01-01')",
        ):
            connection.execute(text(statement))
    migrate.upgrade(database)
    with database.read() as connection:
        kept = connection.execute(text("SELECT agent FROM conversations")).scalars().all()
    assert kept == ["finn"]
    database.close()
