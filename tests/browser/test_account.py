"""From the one-time link to signing in again, as a person does it."""

import re
from datetime import UTC, datetime

import pyotp
import pytest
from playwright.sync_api import Page, expect

from app.account import passwords
from store.account import audit, owner
from tests.browser.panel import Panel

pytestmark = pytest.mark.browser

PASSWORD = "four random words here"


@pytest.mark.parametrize("scripts", [True, False])
def test_making_the_account_signing_out_and_in(panel: Panel, scripts: bool) -> None:
    with panel.services.db.write() as connection:
        token = owner.make_setup_token(connection, panel.services.now())
    page = panel.stranger(java_script_enabled=scripts)
    page.goto(f"/setup/{token}")
    fill_in(page, Name="Ana", Password=PASSWORD)
    page.get_by_label("Password again").fill("something else")
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_text("The two passwords are different.")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("Ana")
    fill_in(page, Password=PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("heading", name="Getting started")).to_be_visible()

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    fill_in(page, Name="Ana", Password="wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Name or password is wrong.")).to_be_visible()
    fill_in(page, Password=PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Overview", exact=True)).to_be_visible()


def test_a_page_left_open_comes_back_after_signing_in(panel: Panel) -> None:
    """The session ends elsewhere; the page's next look notices."""
    page = panel.owner()
    page.goto("/")
    end_sessions(panel)
    page.goto("/people/")
    expect(page).to_have_url(f"{panel.url}/login?next=/people/")
    expect(page.get_by_text("Sign in to go on where you were.")).to_be_visible()


def test_what_was_typed_is_there_again_after_signing_in(panel: Panel) -> None:
    """The session ends while the owner types. The form is sent in vain, and nothing is lost."""
    page = panel.owner()
    know_password(panel)
    page.goto("/keys/")
    page.get_by_label("Name").fill("The shop's cash desk")
    page.get_by_label("Send messages as any agent").check()
    end_sessions(panel)
    page.get_by_role("button", name="Make a key").click()
    expect(page.get_by_text("what you sent was not saved")).to_be_visible()
    fill_in(page, Name="ana", Password=PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{panel.url}/keys/")
    expect(page.get_by_label("Name")).to_have_value("The shop's cash desk")
    expect(page.get_by_label("Name")).to_be_focused()
    expect(page.get_by_label("Send messages as any agent")).to_be_checked()
    page.reload()
    expect(page.get_by_label("Name")).to_have_value("")


def test_a_second_factor_from_set_up_to_switching_off(panel: Panel, either: Page) -> None:
    page = either
    know_password(panel)
    page.goto("/account/")
    page.get_by_role("link", name="Set up").click()
    secret = "".join(page.locator("#second-factor-secret").inner_text().split())
    fill_in(page, Code="000000", Password=PASSWORD)
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_text("This is not the code that the app shows")).to_be_visible()
    fill_in(page, Code=code(panel, secret), Password=PASSWORD)
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    recovery = page.locator("#recovery-codes").inner_text().split()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("10 are left.")).to_be_visible()

    page.get_by_role("button", name="Sign out", exact=True).click()
    fill_in(page, Name="ana", Password=PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    fill_in(page, Code=recovery[0])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("That recovery code is used up. Left: 9.")).to_be_visible()

    page.goto("/account/")
    page.get_by_role("link", name="Switch off").click()
    fill_in(page, Code=recovery[1], Password=PASSWORD)
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("The second factor is off.")).to_be_visible()
    expect(page.get_by_role("link", name="Set up")).to_be_visible()


def test_a_new_password_signs_the_others_out(panel: Panel, either: Page) -> None:
    know_password(panel)
    other = panel.owner()
    either.goto("/account/")
    fill_in(either, **{"Current password": "wrong", "New password": "another long one"})
    either.get_by_label("New password again").fill("another long one")
    either.get_by_role("button", name="Change the password").click()
    expect(either.get_by_text("This password is wrong.")).to_be_visible()
    expect(either.get_by_label("Current password")).to_be_focused()
    fill_in(either, **{"Current password": PASSWORD, "New password": "another long one"})
    either.get_by_label("New password again").fill("another long one")
    either.get_by_role("button", name="Change the password").click()
    expect(either.get_by_text("1 other session was ended.")).to_be_visible()
    other.goto("/")
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()


def test_sessions_and_the_name(panel: Panel, either: Page) -> None:
    for _ in range(2):
        panel.owner()
    either.goto("/account/")
    expect(either.get_by_role("heading", name="Where you are signed in 3")).to_be_visible()
    either.get_by_role("button", name=re.compile("^Sign out A browser")).first.click()
    expect(either.get_by_role("heading", name="Where you are signed in 2")).to_be_visible()
    either.get_by_role("button", name="Sign out all others").click()
    expect(either.get_by_text("1 other session was ended.")).to_be_visible()
    fill_in(either, Name="Ana Maria")
    either.get_by_role("button", name="Change the name").click()
    expect(either.get_by_role("link", name="Account: Ana Maria")).to_be_visible()
    either.goto("/account/audit/")
    expect(either.get_by_role("row", name=re.compile("name changed to Ana Maria"))).to_be_visible()


def test_the_audit_log_narrows_while_one_types(panel: Panel) -> None:
    page = panel.owner()
    page.goto("/account/")
    fill_in(page, Name="Bea")
    page.get_by_role("button", name="Change the name").click()
    page.get_by_text("Your name is changed.").wait_for()
    page.get_by_role("link", name="Audit log").click()
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_label("Text").press_sequentially("nobody")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    page.get_by_label("Text").fill("Bea")
    expect(page.get_by_role("row", name=re.compile("name changed"))).to_be_visible()
    page.get_by_label("What", exact=True).select_option("name changed")
    link = page.get_by_role("link", name="CSV")
    expect(link).to_have_attribute("href", re.compile("action=name"))  # the list was replaced
    with page.expect_download() as download:
        link.click()
    assert "name changed" in download.value.path().read_text()


def test_a_link_is_followed_though_its_list_is_replaced_while_it_is_pressed(panel: Panel) -> None:
    with panel.services.db.write() as connection:
        audit.record(connection, "worker", audit.Action.LINKED, "", datetime.now(UTC))
    page = panel.owner()
    page.goto("/account/audit/")
    link = page.get_by_role("link", name="CSV")
    link.evaluate("link => link.dataset.first = ''")
    link.hover()
    page.mouse.down()
    page.get_by_role("search").evaluate(
        """form => new Promise((resolve) => {
            document.addEventListener("htmx:xhr:loadend", resolve, { once: true });
            htmx.trigger(form, "submit");
        })"""
    )
    with page.expect_download():
        page.mouse.up()
    expect(link).not_to_have_attribute("data-first", "")  # it was replaced afterwards


def know_password(panel: Panel) -> None:
    with panel.services.db.write() as connection:
        owner.change_password(connection, passwords.hash_password(PASSWORD))


def end_sessions(panel: Panel) -> None:
    with panel.services.db.write() as connection:
        for session in owner.list_sessions(connection):
            owner.end_session(connection, session.id)


def code(panel: Panel, secret: str) -> str:
    return pyotp.TOTP(secret).at(panel.services.now())


def fill_in(page: Page, **fields: str) -> None:
    for label, value in fields.items():
        page.get_by_label(label, exact=True).fill(value)
