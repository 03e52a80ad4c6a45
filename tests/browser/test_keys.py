"""API keys by hand, with scripts and without."""

import pytest
from playwright.sync_api import Page, expect

from store.account import api_keys
from tests.browser.looks import audit_looks
from tests.browser.panel import Panel

pytestmark = pytest.mark.browser


def make(page: Page, name: str, *scopes: str) -> None:
    form = page.locator("#new-key")
    form.get_by_label("Name").fill(name)
    for scope in scopes:
        form.get_by_label(scope).check()
    form.get_by_role("button", name="Make a key").click()


def test_make_use_revoke(panel: Panel, either: Page) -> None:
    page = either
    page.goto("/keys/")
    expect(page.get_by_text("No keys")).to_be_visible()
    make(page, "deploy", "config:read", "metrics")
    secret = page.locator("#made-key").inner_text()
    answer = page.request.get(
        f"{panel.url}/v1/whatsapp/config", headers={"Authorization": f"Bearer {secret}"}
    )
    assert answer.status == 200

    page.goto("/keys/")
    expect(page.get_by_role("row").filter(has_text="deploy")).to_contain_text("metrics")
    assert secret not in page.content()

    page.get_by_role("link", name="Revoke deploy").click()
    expect(page.get_by_text("Revoke the key of deploy?")).to_be_visible()
    page.locator(".editing").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("No keys")).to_be_visible()
    page.locator("summary", has_text="Revoked (1)").click()
    expect(page.get_by_role("listitem").filter(has_text="deploy")).to_be_visible()
    answer = page.request.get(
        f"{panel.url}/v1/whatsapp/config", headers={"Authorization": f"Bearer {secret}"}
    )
    assert answer.status == 401


def test_what_is_missing_is_told_beside_it(either: Page) -> None:
    either.goto("/keys/")
    make(either, "deploy")
    expect(either.get_by_text("Choose at least one.")).to_be_visible()
    expect(either.locator("#new-key").get_by_label("Name")).to_have_value("deploy")
    make(either, "", "send")
    expect(either.get_by_text("Enter a name")).to_be_visible()
    expect(either.locator("#new-key").get_by_label("config:read")).not_to_be_checked()
    expect(either.locator("#new-key").get_by_label("send")).to_be_checked()


def test_the_key_is_copied(panel: Panel) -> None:
    page = panel.owner(permissions=["clipboard-read", "clipboard-write"])
    page.goto("/keys/")
    make(page, "deploy", "send")
    page.get_by_role("button", name="Copy the key").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#made-key").inner_text()


def test_the_keyboards_focus_is_never_lost(page: Page) -> None:
    page.goto("/keys/")
    make(page, "")
    expect(page.locator("#new-key").get_by_label("Name")).to_be_focused()
    make(page, "deploy", "send")
    expect(page.locator("#made")).to_be_focused()
    page.get_by_role("link", name="Revoke deploy").press("Enter")
    expect(page.get_by_role("link", name="Keep")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Revoke deploy")).to_be_focused()
    page.get_by_role("link", name="Revoke deploy").press("Enter")
    page.locator(".editing").get_by_role("button", name="Revoke").press("Enter")
    expect(page.locator("#keys-list")).to_be_focused()


def test_it_is_readable(panel: Panel) -> None:
    page = panel.owner()
    page.goto("/keys/")
    assert audit_looks(page) == []
    now = panel.services.now()
    with panel.services.db.write() as connection:
        api_keys.create(connection, "A rather long name " * 4, api_keys.SCOPES, now)
        api_keys.create(connection, "x" * 90, ["send"], now)
        api_keys.create(connection, "old", ["send"], now)
        api_keys.revoke(connection, 3, now)
    page.goto("/keys/")
    make(page, "deploy", "send")
    expect(page.locator("#made-key")).to_be_visible()
    assert audit_looks(page) == []
    page.locator("summary", has_text="Revoked").click()
    assert audit_looks(page) == []
    page.goto("/keys/1/revoke")
    assert audit_looks(page) == []
