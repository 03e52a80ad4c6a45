"""Every page, with a past behind it, read by axe: both themes, wide and narrow.

What the rest of this folder checks with each page holds here too: the policy stops nothing, nothing
is asked of another host, no script fails, nothing is wider than the window.
"""

from collections.abc import Iterator
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Page

from app.account import passwords, second_factor
from core.link import Phase, Status
from store.account import owner
from store.account import second_factor as stored
from tests.browser.panel import WIDTHS, Panel
from tests.pages import PAGES
from tests.past import OUR_NUMBER, Size, live_through

pytestmark = pytest.mark.browser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
RUN = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 160)} (${node.any[0]?.message ?? ""})`));
}"""
THEMES = ("light", "dark")
PASSWORD = "four random words here"


@pytest.fixture
def used(panel: Panel) -> Panel:
    """A panel with a past, and a worker that is connected."""
    services = panel.services
    with services.db.write() as connection:
        live_through(connection, Size(), services.now())
    panel.says(Status(Phase.LINKED, connected=True, phone=OUR_NUMBER))
    return panel


@pytest.mark.parametrize("path", PAGES.values())
def test_a_page(used: Panel, path: str) -> None:
    assert problems(used, path) == []


@pytest.mark.parametrize("path", ["/", "/conversations/", "/people/", "/chat/", "/account/audit/"])
def test_a_page_of_a_fresh_installation(panel: Panel, path: str) -> None:
    assert problems(panel, path) == []


def problems(panel: Panel, path: str) -> list[str]:
    """Opened anew for each theme: colours that fade into those of the other would count."""
    found = []
    for theme in THEMES:
        page = panel.owner(color_scheme=theme, reduced_motion="reduce")
        page.goto(path)
        found += [f"{theme}, {problem}" for problem in read(panel, page)]
    return found


@pytest.mark.parametrize("theme", THEMES)
def test_the_doors(panel: Panel, theme: str) -> None:
    """What is there before one is signed in, up to the second step."""
    page = panel.stranger(color_scheme=theme, reduced_motion="reduce")
    page.goto("/login")
    assert list(read(panel, page)) == []
    with panel.services.db.write() as connection:
        token = owner.new_setup_token(connection, panel.services.now())
    page.goto(f"/setup/{token}")
    assert list(read(panel, page)) == []
    make_account(panel)
    page.goto("/login?next=/people/&unsent=1")
    assert list(read(panel, page)) == []
    page.get_by_label("Name").fill("ana")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("Name or password is wrong.").wait_for()
    assert list(read(panel, page)) == []
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Second step").wait_for()
    assert list(read(panel, page)) == []


def read(panel: Panel, page: Page) -> Iterator[str]:
    """What is wrong with the page as it is, wide and narrow."""
    page.evaluate(AXE)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        for problem in [*page.evaluate(RUN), *panel.audit(page)]:
            yield f"{width}: {problem}"


def make_account(panel: Panel) -> None:
    with panel.app.test_request_context(), panel.services.db.write() as connection:
        owner.create(connection, "ana", passwords.hash_password(PASSWORD), panel.services.now())
        stored.switch_on(connection, second_factor.encrypt_secret(second_factor.make_secret()), 1)
