"""A browser for the folder, a panel for each test."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from redis import Redis

from app import create_app
from config import Config
from store.redis.live import Live
from tests.browser.panel import Panel, serving
from tests.services import chromium


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One browser for the tests of this folder, and not a test longer: while it is open, its event
    loop counts as the running one of this thread, and no async test could start its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium.launching())
        yield browser
        browser.close()


@pytest.fixture
def panel(
    env: dict[str, str],
    database_url: str,
    valkey_url: str,
    redis: Redis,
    browser: Browser,
    lasting_signs: None,
) -> Iterator[Panel]:
    """The running panel. After the test nothing may have gone wrong in any of its pages: no error
    in a script, nothing stopped by the policy, nothing asked of another server."""
    settings = {**env, "DATABASE_URL": database_url, "REDIS_URL": valkey_url}
    app = create_app(Config.from_env(settings))
    with serving(app) as url:
        panel = Panel(url, app, Live(redis), browser)
        yield panel
        panel.close()
    panel.services.live.redis.close()
    panel.services.db.close()
    assert panel.problems == []


@pytest.fixture
def page(panel: Panel) -> Page:
    """The owner's page, with scripts."""
    return panel.owner()


@pytest.fixture(params=["scripts", "no scripts"])
def either(panel: Panel, request: pytest.FixtureRequest) -> Page:
    """The owner's page: the test runs once with scripts and once without."""
    return panel.owner(java_script_enabled=request.param == "scripts")
