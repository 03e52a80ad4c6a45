"""The favourite models and their order."""

from store.agents import favourites
from store.sql.engine import Database
from tests.store.rows import overlapping


def test_the_list_is_replaced_as_a_whole(database: Database) -> None:
    with database.write() as connection:
        assert favourites.load(connection) == []
        for models in (["c/1", "a/1", "b/1"], ["a/1", "d/1"], ["d/1", "a/1"], []):
            favourites.save(connection, models)
            assert favourites.load(connection) == models


def test_a_name_counts_once_where_it_came_first(database: Database) -> None:
    with database.write() as connection:
        favourites.save(connection, ["a/1", "b/1", "a/1"])
        assert favourites.load(connection) == ["a/1", "b/1"]


def test_two_tabs_that_save_at_once(database: Database) -> None:
    overlapping(
        database,
        lambda c: favourites.save(c, ["a/1", "b/1"]),
        lambda c: favourites.save(c, ["a/1", "b/1"]),
    )
    with database.read() as connection:
        assert favourites.load(connection) == ["a/1", "b/1"]
