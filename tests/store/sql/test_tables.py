"""The tables of the code; that the migrations make the same is tested in test_migrate.py."""

import pytest
from sqlalchemy import Table, insert, text
from sqlalchemy.exc import IntegrityError

from store.sql.engine import Database
from store.sql.tables import metadata

TABLES = list(metadata.tables.values())


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_names_fit_both_databases(table: Table) -> None:
    names = [table.name, *table.c.keys(), *(str(index.name) for index in table.indexes)]
    assert all(name == name.lower() and len(name) <= 63 for name in names)
    assert table.primary_key.columns


def test_an_index_of_some_rows_is_one_of_the_same_rows_on_both() -> None:
    for index in (index for table in TABLES for index in table.indexes):
        sqlite, postgresql = (
            index.dialect_options[name]["where"] for name in ("sqlite", "postgresql")
        )
        assert str(sqlite) == str(postgresql)


def test_there_is_one_row_of_settings(database: Database) -> None:
    settings = metadata.tables["settings"]
    with database.write() as connection:
        connection.execute(text("DELETE FROM settings"))
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(settings).values(id=2, version=1))
