"""Fixtures for all tests. What they run against is real: see tests/services."""

import gc
import itertools
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis
from redis import Redis

from config import Config
from store.redis import live, valkey
from store.sql.engine import Database
from tests.first_failure import FirstFailure
from tests.services import baileys, chromium, databases, postgres, templates
from tests.services import valkey as valkey_server
from tests.services.processes import Spawner

KINDS = ("sqlite", "postgresql")
STORE_TESTS = Path(__file__).parent / "store"
SCENARIOS = Path(__file__).parent / "scenarios"
BROWSER_TESTS = Path(__file__).parent / "browser"
SLOW_FOLDERS = [SCENARIOS, BROWSER_TESTS, Path(__file__).parent / "demo"]
SLOW_FIXTURES = {"spawn", "sim", "checkout", "postgres_url"}  # processes, the real library
HERE = "127.0.0.1,localhost,::1"
FAILED = pytest.StashKey[bool]()
NO_BROWSER = "NO CHROMIUM FOUND (on PATH, or by $CHROMIUM): THE BROWSER TESTS WERE SKIPPED"


def pytest_configure(config: pytest.Config) -> None:
    """Neither what the developer's shell says, nor how busy the machine is, nor luck may decide
    what a test sees."""
    gc.disable()  # collecting the tests leaves little garbage, see `pytest_collection_finish`
    hypothesis.register_profile(
        "calm", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
    )
    hypothesis.load_profile("calm")
    templates.compile_once()
    config.pluginmanager.register(FirstFailure(config), "first-failure")
    for name in Config.model_fields:
        os.environ.pop(name.upper(), None)
        os.environ.pop(f"{name.upper()}_FILE", None)
    for name in [name for name in os.environ if name.startswith("FLASK_")]:
        del os.environ[name]
    # A proxy leads to npm's registry, for one, but not to this machine.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = HERE
    os.umask(0o022)  # a stricter one would hide that the product leaves something open to all


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=[*KINDS, "both"],
        help="run every test on this database; without it, only tests of SQL run on both",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """SQL stands in `store` alone, so its tests run on both databases. Elsewhere only those run
    twice whose own transactions meet (marked `both_databases`): what they wait for, and what they
    see of each other, is each database's own way."""
    if "database_url" not in metafunc.fixturenames:
        return
    wanted = metafunc.config.getoption("database")
    is_of_sql = STORE_TESTS in metafunc.definition.path.parents or any(
        metafunc.definition.iter_markers("both_databases")
    )
    runs_on_both = is_of_sql if wanted is None else wanted == "both"
    kinds = KINDS if runs_on_both else (wanted or "sqlite",)
    metafunc.parametrize("database_url", kinds, indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        is_there = any(folder in item.path.parents for folder in SLOW_FOLDERS)
        if is_there or SLOW_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)
    deal_out(items)
    if chromium.find() is None:
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason="no Chromium"))


def pytest_collection_finish() -> None:
    """The garbage collector need not go through thousands of tests again and again."""
    gc.collect()
    gc.freeze()
    gc.enable()


def deal_out(items: list[pytest.Item]) -> None:
    """Order the tests for several pytests, which take equal shares of the list one after the other
    and later steal from the end of each other's.

    What is slow comes first: at the end it would keep one of them alone. A browser takes a
    processor for itself, a scenario mostly waits for processes. So every third pytest has the
    browsers, and the others wait meanwhile.
    """
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    shares: list[list[pytest.Item]] = [[] for _ in range(count)]
    with_browsers = shares[::3]
    others = [share for number, share in enumerate(shares) if number % 3] or shares
    slow = [item for item in items if item.get_closest_marker("slow")]
    slow.sort(key=lambda item: SCENARIOS not in item.path.parents)
    for item in slow:
        needs_browser = BROWSER_TESTS in item.path.parents
        min(with_browsers if needs_browser else others, key=len).append(item)
    fast = (item for item in items if not item.get_closest_marker("slow"))
    for number, share in enumerate(shares, 1):
        size = len(items) * number // count - len(items) * (number - 1) // count
        share += itertools.islice(fast, max(0, size - len(share)))
    items[:] = [*itertools.chain.from_iterable(shares), *fast]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if chromium.find() is None:
        terminalreporter.write_line(NO_BROWSER, red=True, bold=True)
    for reason in baileys.reasons(terminalreporter.getreports("skipped")):
        terminalreporter.write_line(reason, red=True, bold=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """A Valkey for this session (each of several pytest processes has its own)."""
    with valkey_server.running() as url:
        yield url


@pytest.fixture
def redis(valkey_url: str) -> Iterator[Redis]:
    """A client of that Valkey, which is empty."""
    with valkey.connect(valkey_url) as client:
        client.flushall()
        yield client


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    if postgres.package() is None:
        pytest.skip("there is no embedded PostgreSQL for this kind of machine")
    with postgres.running() as url:
        yield url


@pytest.fixture(scope="session")
def emptied(postgres_url: str) -> databases.Emptied:
    return databases.Emptied(postgres_url)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return databases.sqlite_template(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a migrated, empty SQLite database."""
    with databases.sqlite_copy(sqlite_template, tmp_path) as url:
        yield url


@pytest.fixture
def postgresql_url(emptied: databases.Emptied) -> Iterator[str]:
    """The address of a migrated, empty PostgreSQL database."""
    yield emptied.url
    emptied.empty()


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a migrated, empty database, see `pytest_generate_tests` for its kind."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated, empty database, see `pytest_generate_tests` for its kind."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    """For tests of what only SQLite has."""
    database = Database(sqlite_url)
    yield database
    database.close()


# Below those that the system hands out by itself, to whoever connects or listens anywhere; each of
# several pytest processes has a thousand of its own.
_first_port = 12_000 + 1000 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_ports = itertools.cycle(range(_first_port, _first_port + 1000))


@pytest.fixture
def free_port() -> int:
    """Nobody else takes it before the test does."""
    while True:
        with suppress(OSError), socket.create_server(("127.0.0.1", next(_ports))) as server:
            return int(server.getsockname()[1])


@pytest.fixture
def lasting_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that play the worker: what it has said once goes on to be true, however long the
    test takes. The real worker repeats it every few seconds."""
    for name in ("STATUS_TTL", "HEARTBEAT_TTL", "REQUEST_TTL"):
        monkeypatch.setattr(live, name, 3600)


@pytest.fixture
def env(tmp_path: Path, free_port: int) -> dict[str, str]:
    """The product's environment in this test, for `config` and `spawn`. Change it before using
    those, for instance `env["REDIS_URL"] = valkey_url`."""
    return {
        "DATA_DIR": str(tmp_path / "data"),
        "WHATSAPP_AUTH_DIR": str(tmp_path / "auth"),
        "PORT": str(free_port),
    }


@pytest.fixture
def config(env: dict[str, str]) -> Config:
    return Config.from_env(env)


@pytest.fixture
def spawn(tmp_path: Path, env: dict[str, str], request: pytest.FixtureRequest) -> Iterator[Spawner]:
    """Starts processes of the product, see `Spawner`. They end with the test; if that failed, the
    end of what they printed is part of its report."""
    spawner = Spawner(tmp_path, env)
    yield spawner
    spawner.end()
    if request.node.stash.get(FAILED, False):
        print(spawner.tails())
