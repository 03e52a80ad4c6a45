"""Who changed what."""

import ast
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest

from store.account import audit
from store.account.audit import Action, Filter
from store.redis.live import Wish
from store.sql.engine import Database
from tests.store.rows import NOW


def test_the_latest_first(database: Database) -> None:
    with database.write() as connection:
        for number in range(5):
            at = NOW + timedelta(seconds=number)
            audit.record(connection, "ana", "settings saved", f"v{number}", at)
        latest = audit.list_acts(connection, limit=2)
        older = audit.list_acts(connection, limit=2, before=latest[-1].id)
    newest = latest[0]
    assert (newest.at, newest.actor) == (NOW + timedelta(seconds=4), "ana")
    assert [act.detail for act in latest] == ["v4", "v3"]
    assert [act.detail for act in older] == ["v2", "v1"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(), ["50%", "Maria", "v1"]),
        (Filter(actor="api:shop"), ["Maria"]),
        (Filter(action="signed in"), ["v1"]),
        (Filter(actor="ana", action="settings saved"), ["50%"]),
        (Filter(text="maria"), ["Maria"]),
        (Filter(text="SETTINGS"), ["50%"]),
        (Filter(text="%"), ["50%"]),
        (Filter(text="shop"), ["Maria"]),
        (Filter(actor="nobody"), []),
    ],
)
def test_filters(database: Database, wanted: Filter, found: list[str]) -> None:
    with database.write() as connection:
        audit.record(connection, "ana", "signed in", "v1", NOW)
        audit.record(connection, "api:shop", "message queued", "Maria", NOW)
        audit.record(connection, "ana", "settings saved", "50%", NOW)
        assert [act.detail for act in audit.list_acts(connection, wanted=wanted)] == found
        assert audit.list_actors(connection) == ["ana", "api:shop"]
        assert audit.list_actions(connection) == ["message queued", "settings saved", "signed in"]


def test_it_goes_with_the_change_it_is_about(database: Database) -> None:
    with pytest.raises(RuntimeError), database.write() as connection:
        audit.record(connection, "ana", "tried", "", NOW)
        raise RuntimeError
    with database.read() as connection:
        assert audit.list_acts(connection) == []


def test_a_long_name_is_cut(database: Database) -> None:
    with database.write() as connection:
        audit.record(connection, "api:" + "x" * 500, "message queued", "y" * 5000, NOW)
        [act] = audit.list_acts(connection)
    assert (len(act.actor), len(act.detail)) == (100, 5000)


def test_what_the_panel_and_the_api_ask_of_the_worker_are_actions() -> None:
    for wish in get_args(Wish):
        assert Action(f"asked to {wish}")


def test_what_is_recorded_is_one_of_the_actions() -> None:
    """A text of its own would be missing in the list of all of them."""
    place = {"audit.record": 2, "record_act": 1, "record": 1}
    for folder in ("app", "store", "worker"):
        for path in Path(folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in place:
                    action = node.args[place[ast.unparse(node.func)]]
                    assert not isinstance(action, ast.Constant | ast.JoinedStr), path
