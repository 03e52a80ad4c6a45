"""Alive and of use, for whoever watches."""

from pathlib import Path

import pytest

from app.web.ext import Services
from store.sql.engine import Database
from tests.app.conftest import Beats
from tests.app.visitor import Visitor


@pytest.mark.usefixtures("redis_away")
def test_it_is_alive_whatever_else_is_down(stranger: Visitor) -> None:
    answer = stranger.open("/up")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_it_is_ready_when_everything_runs(stranger: Visitor, beats: Beats) -> None:
    beats()
    answer = stranger.open("/up/ready")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_it_says_that_the_database_is_away(
    stranger: Visitor, services: Services, beats: Beats, tmp_path: Path
) -> None:
    beats()
    services.db.close()
    services.db = Database(f"sqlite:///{tmp_path}")  # a folder is no database
    answer = stranger.open("/up/ready")
    assert answer.status_code == 503
    assert answer.json["problems"] == {"database": "The database does not answer."}
