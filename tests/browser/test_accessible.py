"""Every page, with a past behind it, read by axe: both themes, wide and narrow.

What the rest of this folder checks with each page holds here too: the policy stops nothing, nothing
is asked of another host, no script fails, nothing is wider than the window.
"""

from itertools import groupby

import pytest
from playwright.sync_api import Page

from app.account import passwords, second_factor
from core.link import Phase, Status
from store.account import owner
from store.account import second_factor as stored
from tests.browser.looks import run_axe_on_looks
from tests.browser.panel import Panel
from tests.support.history import OUR_NUMBER, Size, live_through
from tests.support.pages import PAGES

pytestmark = pytest.mark.browser

# The pages by their blueprints. One window sees all of a room: it is opened, fetches the style and
# compiles axe once.
ROOMS = {
    room: [PAGES[endpoint] for endpoint in endpoints]
    for room, endpoints in groupby(PAGES, lambda endpoint: endpoint.split(".")[0])
}
# What the first page, the first step and the empty lists say.
FRESH = (
    *("/", "/whatsapp/", "/whatsapp/link", "/allowlist/", "/people/", "/conversations/"),
    *("/chat/", "/models/", "/account/audit/"),
)
PASSWORD = "four random words here"


@pytest.fixture
def used(panel: Panel) -> Panel:
    """A panel with a past, and a worker that is connected."""
    services = panel.services
    with services.db.write() as connection:
        live_through(connection, Size(), services.now())
    panel.says(Status(Phase.LINKED, connected=True, phone=OUR_NUMBER))
    return panel


@pytest.mark.parametrize("room", ROOMS)
def test_pages_of(used: Panel, room: str, subtests: pytest.Subtests) -> None:
    page = used.owner()
    for path in ROOMS[room]:
        with subtests.test(path):
            page.goto(path)
            assert run_axe_on_looks(page) == []


def test_pages_of_a_fresh_installation(page: Page, subtests: pytest.Subtests) -> None:
    for path in FRESH:
        with subtests.test(path):
            page.goto(path)
            assert run_axe_on_looks(page) == []


def test_the_doors(panel: Panel) -> None:
    """What is there before one is signed in, up to the second step."""
    page = panel.stranger()
    page.goto("/login")
    assert run_axe_on_looks(page) == []
    page.goto("/setup/used-up")
    assert run_axe_on_looks(page) == []
    panel.problems.clear()  # 410 is in the console
    with panel.services.db.write() as connection:
        token = owner.make_setup_token(connection, panel.services.now())
    page.goto(f"/setup/{token}")
    assert run_axe_on_looks(page) == []
    make_account(panel)
    page.goto("/login?next=/people/&unsent=1")
    assert run_axe_on_looks(page) == []
    page.get_by_label("Name").fill("ana")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("Name or password is wrong.").wait_for()
    assert run_axe_on_looks(page) == []
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Second step").wait_for()
    assert run_axe_on_looks(page) == []


def make_account(panel: Panel) -> None:
    with panel.app.test_request_context(), panel.services.db.write() as connection:
        owner.create(connection, "ana", passwords.hash_password(PASSWORD), panel.services.now())
        stored.switch_on(connection, second_factor.encrypt_secret(second_factor.make_secret()), 1)
