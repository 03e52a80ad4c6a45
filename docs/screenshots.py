"""The pictures in the documentation, taken anew: `./run screenshots`. `--all` takes every page in
both themes and widths, to look at.

Starts the whole product on a simulated WhatsApp, lets invented people write to it, and photographs
the panel with Chromium. Nothing of the real installation is touched.
"""

import asyncio
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from config import ROOT, Config
from demo.folder import find_free_port
from docs.scenes import PICTURE, REPLIES, STRANGER, TALKS
from simulator import Phone, Simulator
from store import settings
from store.redis import valkey
from store.redis.live import Live
from store.sql.engine import Database
from tests.services import chromium
from tests.services.fake_llm import FakeLLM
from tests.waiting import until_async

IMAGES = ROOT / "docs" / "images"
SHOWN = "".join(page.read_text() for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
PATIENCE = 60.0
PORT = str(find_free_port(0))
WIDE, NARROW = (1280, 860), (390, 844)
PASSWORD = "four random words here"
MODEL = "ollama/llama3.3"
# Name, address, where in the panel.
PAGES = {
    "overview": "/",
    "whatsapp": "/whatsapp/",
    "allowlist": "/allowlist/",
    "import": "/allowlist/import/",
    "tester": "/allowlist/tester/",
    "people": "/people/",
    "conversations": "/conversations/",
    "conversation": "/conversations/1",
    "agents": "/agents/",
    "agent": "/agents/finn/",
    "models": "/models/",
    "permissions": "/permissions/",
    "keys": "/keys/",
    "diagnostics": "/diagnostics/",
    "account": "/account/",
    "second-factor": "/account/second-factor/on",
    "audit": "/account/audit/",
}


async def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, model() as llm:
        async with (
            Simulator(Path(folder) / "whatsapp") as sim,
            running(sim, Path(folder), llm) as (config, output),
            async_playwright() as playwright,
        ):
            browser = await playwright.chromium.launch(**chromium.launching())
            await photograph(browser, sim, config, output)
            await browser.close()


@contextmanager
def model() -> Iterator[FakeLLM]:
    """A model server on this machine that knows its answers by heart."""
    llm = FakeLLM()
    llm.start()
    for question, answer in REPLIES.items():
        llm.replies_when(question, answer)
    yield llm
    llm.stop()


@asynccontextmanager
async def running(
    sim: Simulator, folder: Path, llm: FakeLLM
) -> AsyncIterator[tuple[Config, Callable[[], str]]]:
    """The product's processes, in a folder of their own, and what they print."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {**os.environ, "PATH": path, "PORT": PORT, "DATA_DIR": str(folder / "data")}
    env |= {"WHATSAPP_AUTH_DIR": str(folder / "auth"), "REDIS_URL": "", "DATABASE_URL": ""}
    shutil.copytree(ROOT / "agents", folder / "agents")
    env |= {"AGENTS_DIR": str(folder / "agents"), "OLLAMA_BASE_URL": llm.url}
    log = folder / "log"
    with log.open("wb") as output:
        runner = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "runtime.runner"),
            env=sim.child_env(env),
            stdout=output,
            cwd=ROOT,
        )
    try:
        yield Config.from_env(env), lambda: log.read_text(errors="replace")
    except BaseException:
        print(log.read_text(errors="replace")[-4000:], file=sys.stderr)
        raise
    finally:
        if runner.returncode is None:
            runner.send_signal(signal.SIGTERM)
        await runner.wait()


async def photograph(
    browser: Browser, sim: Simulator, config: Config, output: Callable[[], str]
) -> None:
    link = await until_async(
        lambda: re.search(r"http://\S+/setup/\S+", output()), "the set-up link"
    )
    page = await browser.new_page(viewport={"width": WIDE[0], "height": WIDE[1]})
    page.set_default_timeout(PATIENCE * 1000)
    await sign_up(page, link[0])
    use_model(Database(config.database))
    await live_a_little(page, sim, Live(valkey.connect(config.redis)))
    await chat(page)
    places = {**PAGES, "chat": page.url, "trace": await trace(page)}
    state = await page.context.storage_state()
    for theme, size in (("light", WIDE), ("dark", WIDE), ("light", NARROW), ("dark", NARROW)):
        context = await browser.new_context(
            base_url=f"http://127.0.0.1:{PORT}",
            storage_state=state,
            viewport={"width": size[0], "height": size[1]},
            color_scheme=theme,  # type: ignore[arg-type]
            reduced_motion="reduce",
        )
        await tour(await context.new_page(), places, f"{theme}-{size[0]}")
        await context.close()


async def tour(page: Page, places: Mapping[str, str], suffix: str) -> None:
    for name, address in places.items():
        await page.goto(address)
        await shoot(page, f"{name}-{suffix}")


async def shoot(page: Page, name: str) -> None:
    """Keep a picture if some page of the documentation shows it."""
    if f"images/{name}.png" in SHOWN or "--all" in sys.argv:
        await page.screenshot(path=IMAGES / f"{name}.png")


async def sign_up(page: Page, link: str) -> None:
    await page.goto(link)
    await page.get_by_label("Name").fill("ana")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_label("Password again").fill(PASSWORD)
    await page.get_by_role("button", name="Make the account").click()


def use_model(database: Database) -> None:
    with database.write() as connection:
        wanted = replace(settings.load(connection), default_model=MODEL)
        settings.save(connection, wanted, datetime.now(UTC))
    database.close()


async def live_a_little(page: Page, sim: Simulator, live: Live) -> None:
    """A linked number, some settings, people who are answered and one who is not."""
    shop = sim.add_phone("+15550001000", name="Shop")
    await page.goto(f"http://127.0.0.1:{PORT}/whatsapp/")
    await page.get_by_role("button", name="Link device").click()
    await page.locator(".qr svg").wait_for()
    await shoot(page, "linking-light-1280")
    status = live.read_status()
    assert status and status.qr
    await shop.scan(status.qr)
    await page.get_by_text("+1 555-000-1000").first.wait_for()
    await page.get_by_label("Enabled").check()
    await page.get_by_label("Default agent").select_option("finn")
    await page.get_by_role("button", name="Save").click()
    await page.get_by_text(re.compile("worker runs v2")).wait_for()
    await allow(page, "+15550002001", "Maria")
    await allow(page, "+1555000*", "The office")
    people = [sim.add_phone(f"+1555000200{n}", name=name) for n, name in enumerate(TALKS, 1)]
    await talk(people)
    await gesture(people[0])
    stranger = sim.add_phone("+15559990001", name="Unknown")
    for text in STRANGER:
        await stranger.says(text)


async def chat(page: Page) -> None:
    await page.goto(f"http://127.0.0.1:{PORT}/chat/")
    await page.get_by_label("First message").fill("What can you help me with?")
    await page.get_by_role("button", name="Send").click()
    await page.get_by_text("What breaks first").first.wait_for()


async def talk(people: list[Phone]) -> None:
    for person in people:
        for text in TALKS[person.name]:
            await person.says(text)
            await person.hears()


async def trace(page: Page) -> str:
    """Where the way of the first message in the first conversation is told."""
    await page.goto(f"http://127.0.0.1:{PORT}{PAGES['conversation']}")
    return await page.locator("a[href*='/messages/']").first.evaluate("link => link.href")


async def gesture(maria: Phone) -> None:
    """What people do besides writing."""
    answer = next(message for message in maria.messages.values() if "SQLite" in message.text)
    await maria.reads(answer)
    await maria.reacts(answer.id, "👍")
    await maria.says("What would change with a second office?", quoting=answer)
    await maria.hears()
    await maria.sends_picture(PICTURE, caption="Our server room, for what it's worth")
    await maria.hears()


async def allow(page: Page, pattern: str, label: str) -> None:
    await page.goto(f"http://127.0.0.1:{PORT}/allowlist/")
    await page.get_by_label("Phone number").first.fill(pattern)
    await page.get_by_label("Label").first.fill(label)
    await page.get_by_role("button", name=re.compile("^Add")).first.click()
    await page.get_by_text(label).first.wait_for()


if __name__ == "__main__":
    asyncio.run(main())
