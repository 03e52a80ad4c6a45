"""The supervisor writes down what became of the connection."""

from pathlib import Path

from store import link_history
from store.sql.engine import Database
from worker.supervisor.link_history import LinkHistory


def test_what_happened_is_there_to_read(database: Database) -> None:
    event = next(iter(link_history.Event))
    LinkHistory(database).record(event, "because", 7)
    with database.read() as connection:
        [found] = link_history.list_latest(connection)
    assert found.detail == "because"


def test_a_database_that_is_away_costs_no_connection(tmp_path: Path) -> None:
    away = Database(f"sqlite:///{tmp_path}")  # a folder is no database
    LinkHistory(away).record(next(iter(link_history.Event)))
    away.close()
