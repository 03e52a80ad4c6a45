"""The panel's WhatsApp page through every end that linking can come to: a real browser, the real
library, a simulated WhatsApp. The owner reads what happened, and what the page offers works."""

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from app import create_app
from app.web.ext import Services
from config import Config
from core.link import SESSION_ENDS, STOPPING_ENDS, End, Phase
from core.phone import Phone
from simulator import LinkFailed
from store.account import owner
from tests.browser.panel import serving
from tests.scenarios.product import Product, connection_pid
from tests.services import chromium
from tests.services.processes import Spawned
from tests.waiting import PATIENCE_MS

pytestmark = pytest.mark.browser

expect.set_options(timeout=PATIENCE_MS)
ATTEMPTS = frozenset(End) - SESSION_ENDS - {End.REPLACED, End.BANNED}


class Wizard:
    """The WhatsApp page in front of the owner, and the worker behind it."""

    def __init__(self, product: Product, page: Page) -> None:
        self.product, self.page = product, page
        self.worker: Spawned = product.worker()
        self.seen: set[End] = set()

    async def open(self) -> None:
        await self.product.ready()
        await self.page.goto("/whatsapp/")

    async def link(self) -> None:
        await self.begin()
        status = await self.product.status(lambda s: s.qr, "a QR code")
        await self.product.owner.scan(status.qr)
        await self.shows("Connected")

    async def begin(self) -> None:
        await self.page.get_by_role("button", name="Link device").click()

    async def begin_with(self, number: str) -> None:
        code = self.page.locator("#link-code")
        if await code.get_attribute("open") is None:
            await code.locator("summary").click()
        await code.get_by_role("textbox").fill(number)
        await code.get_by_role("button", name="Get a code").click()

    async def unlink(self) -> None:
        await self.page.get_by_role("link", name="Unlink").click()
        await self.page.get_by_role("button", name="Unlink +1 555-000-1000").click()

    async def shows(self, title: str) -> None:
        headline = self.page.locator("#link-status p.h2")
        await expect(headline).to_have_text(title)

    async def ends(self, end: End, title: str, advice: str) -> None:
        """The page says what happened and what to do about it."""
        await self.shows(title)
        await expect(self.page.locator("#link-status")).to_contain_text(advice)
        status = await self.product.status(lambda s: s.end is end, f"the end {end}")
        assert status.qr is None and status.code is None
        self.seen.add(end)

    async def comes_to(self, end: End, title: str, advice: str) -> None:
        """The same after a reload: the page of a linked account looks every 5 seconds only."""
        await self.product.status(lambda s: s.end is end, f"the end {end}")
        await self.page.reload()
        await self.ends(end, title, advice)

    async def kill_connection(self) -> None:
        pid = connection_pid(self.worker)
        assert pid
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
async def wizard(product: Product, env: dict[str, str]) -> AsyncIterator[Wizard]:
    app = create_app(Config.from_env(env))
    services: Services = app.extensions["djinnbot"]
    with serving(app) as url:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(**chromium.launching())
            page = await browser.new_page(base_url=url)
            page.set_default_timeout(PATIENCE_MS)
            await _sign_in(page, app, services, url)
            wizard = Wizard(product, page)
            await wizard.open()
            yield wizard
            await browser.close()
    services.live.redis.close()
    services.db.close()


async def _sign_in(page: Page, app, services: Services, url: str) -> None:
    now = services.now()
    with services.db.write() as connection:
        owner.create(connection, "ana", "no password", now)
        token = owner.open_session(connection, "a browser", "127.0.0.1", now)
    signer = app.session_interface.get_signing_serializer(app)
    value = str(signer.dumps({"token": token, "_permanent": True}))
    await page.context.add_cookies([{"name": "djinnbot", "value": value, "url": url}])


async def test_attempts_that_come_to_nothing(wizard: Wizard):
    product, sim = wizard.product, wizard.product.sim

    sim.faults.qr_codes = 1  # one that lasts 20 seconds, and no more after it
    await wizard.begin()
    await wizard.ends(End.TIMED_OUT, "The code was not used in time", "Have the phone at hand")
    sim.faults.qr_codes = 6

    await wizard.begin()
    await wizard.shows("Scan this code with your phone")
    await wizard.page.get_by_role("button", name="Cancel").click()
    await wizard.ends(End.CANCELLED, "Linking was cancelled", "Nothing has changed on the phone.")

    sim.faults.ask_for_passkey = True
    await wizard.begin()
    status = await product.status(lambda s: s.qr, "a QR code")
    with pytest.raises(LinkFailed):
        await product.owner.scan(status.qr)
    await wizard.ends(End.PASSKEY, "This account asks for a passkey", "use another number")
    sim.faults.ask_for_passkey = False

    await sim.refuse_version()
    await wizard.begin()
    await wizard.ends(End.OUTDATED, "WhatsApp wants a newer version", "Update DjinnBot")
    await sim.refuse_logins(400)
    await wizard.begin()
    await wizard.ends(End.REFUSED, "WhatsApp refused to link", "four linked devices")
    sim.forgive()

    sim.faults.refuse = True
    await wizard.begin()
    await wizard.ends(End.UNREACHABLE, "WhatsApp can't be reached", "web.whatsapp.com")
    sim.faults.refuse = False

    await wizard.begin()
    await wizard.shows("Scan this code with your phone")
    await wizard.kill_connection()
    await wizard.ends(End.CRASHED, "The connection ended unexpectedly", "Try again.")

    sim.faults.refuse_codes = True
    await wizard.begin_with("+1 555 000 1000")
    await wizard.ends(End.RATE_LIMITED, "Too many codes were asked for", "scan a QR code instead")
    sim.faults.refuse_codes = False

    # The form refuses such numbers itself; WhatsApp's own refusals are for what it can't know.
    await wizard.begin_with("+1 555")
    await expect(wizard.page.get_by_text("too few or too many digits")).to_be_visible()
    for number, end, title in (
        ("+15550", End.PHONE_TOO_SHORT, "The number is too short"),
        ("+015550001000", End.PHONE_NOT_INTERNATIONAL, "The number is not in international form"),
    ):
        product.live.request("code", Phone(number))
        await product.status(lambda s, end=end: s.end is end, f"the end {end}")
        await wizard.open()
        await wizard.ends(end, title, "country code")

    assert wizard.seen == ATTEMPTS
    await wizard.link()


async def test_links_that_end(wizard: Wizard):
    product, sim = wizard.product, wizard.product.sim

    await wizard.link()
    await wizard.unlink()
    await wizard.comes_to(End.UNLINKED_HERE, "Unlinked", "taken off the account's linked devices")

    await wizard.link()
    sim.faults.refuse = True
    await sim.cut()
    await product.status(lambda s: not s.connected, "not connected")
    await wizard.page.reload()
    await wizard.shows("Linked, connecting …")
    await wizard.unlink()
    not_told = "Unlinked here, but not on the phone"
    await wizard.comes_to(End.UNLINKED_OFFLINE, not_told, "Remove the device on the phone too")
    sim.faults.refuse = False

    await wizard.link()
    await product.owner.remove_device()
    await wizard.comes_to(End.REMOVED_ON_PHONE, "The device was removed on the phone", "Link again")

    await wizard.link()
    await sim.refuse_logins(403)
    await wizard.comes_to(
        End.ACCOUNT_GONE, "WhatsApp does not know this account any more", "Open WhatsApp"
    )
    sim.forgive()

    await wizard.link()
    await sim.replace()
    await wizard.comes_to(End.REPLACED, "Another program took over this session", "take over")
    await wizard.page.get_by_role("button", name="Take over").click()
    await wizard.shows("Connected")

    await sim.ban(101, 3600)
    await wizard.comes_to(
        End.BANNED, "WhatsApp has blocked this account for now", "The block ends:"
    )
    await expect(wizard.page.get_by_role("button", name="Take over")).to_have_count(0)
    sim.forgive()
    await wizard.unlink()
    await wizard.shows(not_told)

    await wizard.link()
    wizard.worker.stop()
    for name in product.session_files():
        Path(product.auth_dir / name).unlink()
    wizard.worker = product.worker()
    await wizard.open()
    await wizard.comes_to(End.SESSION_LOST, "The session's files are gone", "link again")

    assert wizard.seen == SESSION_ENDS | STOPPING_ENDS - {End.OUTDATED}
    assert product.linked().phone is None and product.live.read_status().phase is Phase.UNLINKED
