"""No page asks the database more often because there is more in it."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from sqlalchemy import event

from app import create_app
from app.web.ext import Services
from config import Config
from core.link import Phase, Status
from store.redis.live import Heartbeat, Live
from tests.app.visitor import Visitor
from tests.services import databases
from tests.support.history import OUR_NUMBER, Size, live_through
from tests.support.pages import PAGES

MOST = 30  # statements of one page
FEW = Size(people=12, messages=160, entries=12, others=12)  # the longest chat fills a page
MANY = Size(people=200, messages=600, longest=200, entries=200, others=200)


def test_many_rows_take_no_more_statements_than_few(
    env: dict[str, str], sqlite_template: Path, tmp_path: Path, valkey_url: str, redis: Redis
) -> None:
    live = Live(redis)
    live.record_heartbeat("worker", Heartbeat("w", "here", 1, 0.0, holder=True, connected=True))
    live.publish(Status(Phase.LINKED, connected=True, phone=OUR_NUMBER))
    found = []
    for name, size in (("few", FEW), ("many", MANY)):
        (tmp_path / name).mkdir()
        with databases.sqlite_copy(sqlite_template, tmp_path / name) as url:
            found.append(statements({**env, "DATABASE_URL": url, "REDIS_URL": valkey_url}, size))
    few, many = found
    more = {path: many[path] - few[path] for path in PAGES.values() if many[path] != few[path]}
    assert {path: shown(counter) for path, counter in more.items()} == {}
    assert {path: n.total() for path, n in many.items() if n.total() > MOST} == {}


def statements(env: dict[str, str], size: Size) -> dict[str, Counter[str]]:
    """How often which statement was executed for each page."""
    app = create_app(Config.from_env(env))
    services: Services = app.extensions["djinnbot"]
    with services.db.write() as connection:
        live_through(connection, size, services.now())
    owner = Visitor(app)
    owner.sign_in()
    found = {}
    for path in PAGES.values():
        with counted(services) as found[path]:
            assert owner.open(path).status_code == 200, path
    services.live.redis.close()
    services.db.close()
    return found


@contextmanager
def counted(services: Services) -> Iterator[Counter[str]]:
    found: Counter[str] = Counter()

    def note(connection, cursor, statement, parameters, context, executemany) -> None:  # type: ignore[no-untyped-def]
        found[skeleton(statement)] += 1

    event.listen(services.db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(services.db.engine, "before_cursor_execute", note)


def skeleton(statement: str) -> str:
    """The statement without its placeholders: a list of values counts as one."""
    return statement.replace("?, ", "")


def shown(counter: Counter[str]) -> list[str]:
    return [f"{count} x {statement[:200]}" for statement, count in counter.items()]
