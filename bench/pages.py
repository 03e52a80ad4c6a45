"""What the server needs for each page of the panel: 10,000 messages, 500 people, 300 entries.

    python -m bench.pages [--times 40] [--postgresql]

Each page is asked for in turn, round after round, beside a page of a bare Flask application that
says hello; both without a network between. The limit is 60 ms at p50 by the clock, on a machine
that has nothing else to do. The ratio is that of the time computed, which a busy machine leaves as
it is (with PostgreSQL, the database's own share is not in it).
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import NamedTuple

from flask import Flask
from sqlalchemy import text

from app import create_app
from app.web.ext import Services
from config import Config
from core.link import Phase, Status
from store.redis.live import Heartbeat
from store.sql import migrate
from tests.app.visitor import Visitor
from tests.services import postgres
from tests.services import valkey as valkey_server
from tests.support.history import OUR_NUMBER, Size, live_through
from tests.support.pages import PAGES

SIZE = Size(people=500, messages=10_000, longest=1_000, entries=300, others=100)
LIMIT = 60.0  # ms at p50

Ask = Callable[[], int]  # the answer's bytes


class Wait(NamedTuple):
    """Of one request, in milliseconds: by the clock, and what of it this process has computed."""

    ms: float
    cpu: float


def main() -> None:
    options = _options()
    with _panel(options.postgresql) as app:
        asks = {"(bare Flask)": _bare()} | _pages(app)
        waits = _measured(asks, options.times)
        sizes = {name: ask() for name, ask in asks.items()}
    _report(waits, sizes)


@contextmanager
def _panel(is_postgresql: bool) -> Iterator[Flask]:
    """The panel with its past, and a worker that is connected."""
    database = postgres.running() if is_postgresql else nullcontext("")
    with tempfile.TemporaryDirectory() as folder, valkey_server.running() as redis, database as url:
        env = {"DATA_DIR": folder, "REDIS_URL": redis, "DATABASE_URL": url}
        env["DATABASE_URL"] = url or f"sqlite:///{Path(folder) / 'djinnbot.db'}"
        app = create_app(Config.from_env(env))
        services: Services = app.extensions["djinnbot"]
        migrate.upgrade(services.db)
        with services.db.write() as connection:
            live_through(connection, SIZE, services.now())
            if is_postgresql:
                connection.execute(text("ANALYZE"))  # as PostgreSQL does by itself
        services.live.record_heartbeat(
            "worker", Heartbeat("w", "here", 1, 0.0, holder=True, connected=True)
        )
        services.live.publish(Status(Phase.LINKED, connected=True, phone=OUR_NUMBER))
        yield app
        services.live.redis.close()
        services.db.close()


def _pages(app: Flask) -> dict[str, Ask]:
    owner = Visitor(app)
    owner.sign_in()

    def ask(path: str) -> int:
        answer = owner.open(path)
        assert answer.status_code == 200, path
        return len(answer.data)

    return {path: (lambda path=path: ask(path)) for path in PAGES.values()}


def _bare() -> Ask:
    """As little as Flask can do."""
    app = Flask("bare")
    app.add_url_rule("/", view_func=lambda: "Hello")
    client = app.test_client()
    return lambda: len(client.get("/").data)


def _measured(asks: dict[str, Ask], times: int) -> dict[str, list[Wait]]:
    """All requests but those of the first round, which compiles the templates."""
    waits: dict[str, list[Wait]] = {name: [] for name in asks}
    for round_ in range(times + 1):
        for name, ask in asks.items():
            began, began_cpu = time.perf_counter(), time.process_time()
            ask()
            took, cpu = time.perf_counter() - began, time.process_time() - began_cpu
            if round_:
                waits[name].append(Wait(1000 * took, 1000 * cpu))
    return waits


def _report(waits: dict[str, list[Wait]], sizes: dict[str, int]) -> None:
    bare = statistics.median(wait.cpu for wait in next(iter(waits.values())))
    print(f"{'page':44} {'kB':>6} {'p50 ms':>8} {'p95 ms':>8} {'cpu ms':>8} {'ratio':>7}")
    for name, found in waits.items():
        took = [wait.ms for wait in found]
        p50, p95 = statistics.median(took), statistics.quantiles(took, n=20)[-1]
        cpu = statistics.median(wait.cpu for wait in found)
        mark = "  too slow" if p50 > LIMIT else ""
        size = sizes[name] / 1000
        print(f"{name:44} {size:6.1f} {p50:8.1f} {p95:8.1f} {cpu:8.1f} {cpu / bare:7.1f}{mark}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=40, help="requests for each page")
    parser.add_argument("--postgresql", action="store_true", help="instead of SQLite")
    return parser.parse_args()


if __name__ == "__main__":
    main()
