"""Taking over a chat in a browser: pausing, writing by hand, resuming, while the page goes on."""

from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from core.link import Phase, Status
from core.phone import Phone
from core.states import MessageState
from store import link
from store.chats import takeovers
from store.chats.takeovers import By
from store.sql import tables
from tests.app.talking import Talk, talk
from tests.browser.looks import audit_looks
from tests.browser.panel import Panel

pytestmark = pytest.mark.browser


@pytest.fixture
def ana(panel: Panel) -> Talk:
    """She has written, on a linked account that is connected."""
    with panel.services.db.write() as connection:
        link.record_link(connection, Phone("+15550001000"), "DjinnBot", panel.services.now())
    panel.says(Status(Phase.LINKED, connected=True))
    ana = talk(panel.services, name="Ana")
    ana.answered("Hello", "Hi Ana")
    return ana


def at(page: Page, ana: Talk) -> Locator:
    page.goto(f"/conversations/{ana.chat.id}")
    return page.locator("#takeover-state")


def pause(panel: Panel, ana: Talk, by: By, minutes: int | None) -> None:
    now = panel.services.now()
    with panel.services.db.write() as connection:
        until = now + timedelta(minutes=minutes) if minutes else None
        takeovers.begin(connection, ana.chat.id, by, until, now)


def sent(panel: Panel) -> list[str]:
    table = tables.outbox
    with panel.services.db.read() as connection:
        by_hand = (table.c.turn_id.is_(None), table.c.agent.is_(None))
        return list(connection.scalars(select(table.c.text).where(*by_hand).order_by(table.c.id)))


def test_taking_over_and_going_back(panel: Panel, either: Page, ana: Talk) -> None:
    page = either
    state = at(page, ana)
    expect(state).to_contain_text("An agent answers here")
    state.get_by_role("button", name="Pause for 30 minutes").click()
    expect(state).to_contain_text("You have taken over until")
    page.get_by_label("Write by hand").fill("**Hello**, it is me")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#talk, #now").get_by_text("Hello, it is me")).to_be_visible()
    assert sent(panel) == ["*Hello*, it is me"]
    expect(page.get_by_label("Write by hand")).to_have_value("")
    ana.hears("Thank you")
    page.reload()
    expect(state).to_contain_text("1 message waits for an answer")
    expect(state.get_by_label("Let the agent answer")).to_be_checked()
    state.get_by_role("button", name="Resume", exact=True).click()
    expect(state).to_contain_text("An agent answers here")


def test_the_keyboard_stays_with_who_answers(page: Page, ana: Talk) -> None:
    state = at(page, ana)
    state.get_by_role("button", name="Pause until I resume").press("Enter")
    expect(state.get_by_role("button", name="Resume", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(state.get_by_role("button", name="Pause for 30 minutes")).to_be_focused()


def test_writing_alone_takes_over(panel: Panel, page: Page, ana: Talk) -> None:
    state = at(page, ana)
    field = page.get_by_label("Write by hand")
    field.fill("One moment")
    field.press("Control+Enter")
    expect(state).to_contain_text("You have taken over until")
    expect(field).to_have_value("")
    expect(field).to_be_focused()
    assert sent(panel) == ["One moment"]


def test_what_is_refused_stays(panel: Panel, either: Page, ana: Talk) -> None:
    page = either
    with panel.services.db.write() as connection:
        connection.execute(tables.link.update().values(phone=None))
    at(page, ana)
    page.get_by_label("Write by hand").fill("Are you there?")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("No WhatsApp account is linked")).to_be_visible()
    expect(page.get_by_label("Write by hand")).to_have_value("Are you there?")
    assert sent(panel) == []


def test_a_pause_by_the_phone_shows_by_itself_and_spares_what_is_typed(
    panel: Panel, page: Page, ana: Talk
) -> None:
    state = at(page, ana)
    field = page.get_by_label("Write by hand")
    field.fill("I am typ")
    pause(panel, ana, By.PHONE, 20)
    expect(state).to_contain_text("Paused by your phone until")
    expect(field).to_have_value("I am typ")
    expect(field).to_be_focused()
    page.reload()
    expect(field).to_have_value("I am typ")


def test_leaving_out_what_came_in(panel: Panel, page: Page, ana: Talk) -> None:
    pause(panel, ana, By.PANEL, None)
    ana.hears("Anybody?")
    state = at(page, ana)
    expect(state).to_contain_text("until you resume")
    state.get_by_label("Let the agent answer").uncheck()
    state.get_by_role("button", name="Resume", exact=True).click()
    expect(state).to_contain_text("An agent answers here")
    with panel.services.db.read() as connection:
        states = set(connection.scalars(select(tables.messages.c.state)))
    assert MessageState.WAITING not in states


@pytest.mark.parametrize("kind", ["free", "panel", "phone", "refused"])
def test_looks(panel: Panel, ana: Talk, kind: str) -> None:
    page = panel.owner()
    if kind != "free":
        pause(panel, ana, By.PHONE if kind == "phone" else By.PANEL, None if kind == "panel" else 9)
        ana.hears("Hello?")
    at(page, ana)
    if kind == "refused":
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_text("Write something first")).to_be_visible()
    assert audit_looks(page) == []
