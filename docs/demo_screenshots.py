"""The pictures of the demo in the documentation, taken anew: part of `./run screenshots`.

Starts a demo in a folder of its own and uses it by hand, as docs/demo.md describes it.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Locator, Page, expect, sync_playwright

from config import ROOT
from demo.world.people import GUESTS, OWNER
from demo.world.samples import SAMPLES
from docs.screenshots import IMAGES, SHOWN
from tests.services import chromium

PATIENCE = 120.0
WIDE, NARROW = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
ALICE, BOB = GUESTS


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder)) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(**chromium.launching())
        context = browser.new_context(viewport=WIDE, color_scheme="light", reduced_motion="reduce")
        context.set_default_timeout(PATIENCE * 1000)
        page = context.new_page()
        page.goto(address)
        use(page)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            page.set_viewport_size(NARROW)
            shoot(page, f"demo-{theme}-390")
            page.set_viewport_size(WIDE)
            shoot(page, f"demo-{theme}-1280")
        behind(page)
        browser.close()


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """A fresh demo; the address that it prints."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "demo", "--folder", str(folder / "demo"), "--fresh"],
            cwd=ROOT,
            env={**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1"},
            stdout=output,
        )
    try:
        yield _address(process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline = time.monotonic() + PATIENCE
    while not (found := re.search(r"http://\S+/enter/\S+", log.read_text())):
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(log.read_text())
        time.sleep(0.2)
    return found[0]


def use(page: Page) -> None:
    """The three first steps, then a little of everything."""
    shop = handset(page, OWNER.number)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="In the panel").click()
    panel = opened.value
    panel.get_by_role("button", name="Link device").click()
    expect(shop.get_by_text("scan it now")).to_be_visible(timeout=PATIENCE * 1000)
    shoot(page, "demo-linking-1280")
    shop.get_by_role("button", name="Scan the QR code").click()
    expect(shop.get_by_text("This phone is linked")).to_be_visible(timeout=PATIENCE * 1000)
    panel.goto(panel.url.replace("/whatsapp/", "/allowlist/"))
    panel.get_by_label("Phone number").first.fill(ALICE.number)
    panel.get_by_label("Label").first.fill(ALICE.name)
    panel.get_by_role("button", name=re.compile("^Add")).first.click()
    panel.get_by_text("from the next message").wait_for()
    panel.close()
    talk(page)


def talk(page: Page) -> None:
    alice, bob, shop = (handset(page, role.number) for role in (ALICE, BOB, OWNER))
    page.get_by_role("button", name="from Alice’s phone").click()
    page.keyboard.press("Enter")
    alice.get_by_text("Demo (no AI)").first.wait_for()
    for sample in SAMPLES:
        if sample.id in ("picture", "voice", "location"):
            bob.get_by_role("button", name="Attach").click()
            page.locator("#attachments").get_by_role(
                "button", name=sample.title, exact=True
            ).click()
    expect(bob.locator(".matter")).to_have_count(3)
    shop.get_by_role("button", name="Back").click()
    shop.locator(f'[data-with="{ALICE.number}"]').click()
    write(shop, "I am *here* too, by hand: the agent leaves this chat to me for a while.")
    alice.get_by_text("by hand").wait_for()
    alice.locator(".bubble", has_text="by hand").locator(".more").press("Enter")
    page.locator("[data-emoji='❤️']").press("Enter")
    write(alice, "Good to know!")
    shop.get_by_text("Good to know!").wait_for()


def behind(page: Page) -> None:
    """The menu of a message, a fault that lasts, and the wire."""
    page.emulate_media(color_scheme="light")
    handset(page, ALICE.number).locator(".bubble", has_text="Good to know").locator(".more").press(
        "Enter"
    )
    shoot(page, "demo-menu-1280")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Slow network").click()
    page.get_by_role("button", name="Show").click()
    page.locator("#wire-filter").fill("message")
    write(handset(page, ALICE.number), "What went over the wire?")
    latest = page.locator("#wire-list li:not([hidden])")
    expect(latest.first).to_be_visible()
    latest.locator("summary").first.click()
    page.set_viewport_size(NARROW)
    page.get_by_role("button", name="Faults").click()
    page.locator("#wire").scroll_into_view_if_needed()
    shoot(page, "demo-behind-light-390")


def handset(page: Page, number: str) -> Locator:
    return page.locator(f'.handset[data-phone="{number}"]')


def write(phone: Locator, text: str) -> None:
    field = phone.get_by_label(re.compile("^Message to"))
    field.fill(text)
    field.press("Enter")


def shoot(page: Page, name: str) -> None:
    """Keep a picture if some page of the documentation shows it."""
    if f"images/{name}.png" in SHOWN:
        page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
