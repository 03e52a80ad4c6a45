"""All of it at once, as a new owner and a phone see it: `./run`'s processes on embedded defaults, a
real browser, the real library, a simulated WhatsApp."""

import io
import re
from collections.abc import AsyncIterator

import pytest
import zxingcpp
from PIL import Image
from playwright.async_api import Locator, Page, async_playwright, expect

from config import Config
from core.states import MessageState
from simulator import Simulator
from store.redis import valkey
from store.sql.engine import Database
from tests.scenarios.product import Product
from tests.services import chromium
from tests.services.fake_llm import FakeLLM
from tests.services.processes import Spawned, Spawner
from tests.waiting import PATIENCE_MS

pytestmark = pytest.mark.browser

PASSWORD = "four random words here"
expect.set_options(timeout=PATIENCE_MS)


class Everything:
    """The running product, its first output, and a browser page."""

    def __init__(self, product: Product, runner: Spawned, page: Page) -> None:
        self.product, self.runner, self.page = product, runner, page

    async def sign_up(self) -> None:
        await self.product.printed(self.runner, "/setup/")
        found = re.search(r"http://\S+/setup/\S+", self.runner.output())
        assert found
        await self.page.goto(found[0])
        await self.page.get_by_label("Name").fill("ana")
        await self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        await self.page.get_by_label("Password again").fill(PASSWORD)
        await self.page.get_by_role("button", name="Make the account").click()
        await expect(self.page.get_by_role("heading", name="Overview")).to_be_visible()

    async def link(self) -> None:
        """Scan what is really on the page."""
        await self.page.get_by_role("link", name="WhatsApp", exact=True).first.click()
        await self.page.get_by_role("button", name="Link device").click()
        code = self.page.locator(".qr")
        await expect(code).to_be_visible()
        await self.product.owner.scan(await _read(code))
        await expect(self.page.get_by_text("+1 555-000-1000").first).to_be_visible()


async def _read(code: Locator) -> str:
    picture = Image.open(io.BytesIO(await code.screenshot()))
    (result,) = zxingcpp.read_barcodes(picture)
    return result.text


@pytest.fixture
async def everything(
    sim: Simulator, spawn: Spawner, env: dict[str, str], llm: FakeLLM
) -> AsyncIterator[Everything]:
    env |= {"REDIS_URL": "", "DATABASE_URL": ""}
    config = Config.from_env(env)
    client, database = valkey.connect(config.redis), Database(config.database)
    product = Product(sim, spawn, database, client, env)
    product.use(llm)
    runner = spawn("-m", "runtime.runner", env=sim.child_env(product.env))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**chromium.launching())
        page = await browser.new_page()
        page.set_default_timeout(PATIENCE_MS)
        yield Everything(product, runner, page)
        await browser.close()
    client.close()
    database.close()


async def test_from_the_first_start_to_the_first_answer_and_back(
    everything: Everything, llm: FakeLLM
):
    product, page = everything.product, everything.page
    ana = product.sim.add_phone("+15550002001", name="Ana")
    await everything.sign_up()
    await everything.link()

    await page.get_by_label("Enabled").check()
    await page.get_by_label("Default agent").select_option("finn")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text(re.compile("worker runs v1"))).to_be_visible()

    await ana.says("let me in")
    await product.until(lambda: product.messages(state=MessageState.HELD), "the held message")
    await page.get_by_role("link", name="People").first.click()
    await page.get_by_role("link", name="Allow Ana").click()
    await page.get_by_role("button", name="Allow", exact=True).click()
    await expect(page.get_by_role("button", name="Allow", exact=True)).to_have_count(0)
    await ana.says("hello")
    await ana.hears()
    assert "Finn" in llm.requests[-1].system

    await page.get_by_role("link", name="WhatsApp", exact=True).first.click()
    await page.get_by_label("Default agent").select_option("eric")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text(re.compile("worker runs v2"))).to_be_visible()
    bob = product.sim.add_phone("+15550003001", name="Bob")
    product.allow("+15550003001")
    await bob.says("who are you?")
    await bob.hears()
    assert "Eric" in llm.requests[-1].system

    await page.get_by_role("link", name="Unlink").click()
    await page.get_by_role("button", name=re.compile("Unlink")).click()
    await expect(page.get_by_role("button", name="Link device")).to_be_visible()
    assert product.session_files() == [] and product.owner.linked_devices == []
