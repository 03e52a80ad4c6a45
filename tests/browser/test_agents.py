"""Agents by hand, with scripts and without."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from store.agents.agents import AgentFolder
from tests.browser.looks import audit_looks
from tests.browser.panel import Panel
from tests.support import agent_folders

pytestmark = pytest.mark.browser

PAGES = (
    "/agents/",
    "/agents/new",
    "/agents/finn/",
    "/agents/finn/prompt?channel=panel",
    "/agents/finn/remove",
    "/agents/finn/previous/SOUL.md",
    "/agents/holt/",
    "/agents/luke/",
)


@pytest.fixture
def root(panel: Panel, tmp_path: Path) -> Path:
    panel.services.agents = AgentFolder(agent_folders.build(tmp_path / "eleven"))
    return panel.services.agents.path


def test_how_the_pages_look(panel: Panel, root: Path) -> None:
    (root / "finn/SOUL.md.bak").write_text("Before. " * 200)
    page = panel.owner()
    for path in PAGES:
        page.goto(path)
        if page.locator(".told").count():
            page.locator(".told summary").click()
        assert audit_looks(page) == [], path


def test_edit_restore_remove_and_undo(either: Page, root: Path) -> None:
    page = either
    page.goto("/agents/")
    page.get_by_role("link", name="Edit Finn").click()
    page.get_by_label("Character").fill("Rhymes.\nOnly rhymes.\n")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. It counts from the next message on.")).to_be_visible()
    expect(page.get_by_label("Character")).to_have_value("Rhymes.\nOnly rhymes.\n")
    assert (root / "finn/SOUL.md").read_text() == "Rhymes.\nOnly rhymes.\n"

    page.get_by_role("link", name="Look at the previous SOUL.md").click()
    page.get_by_role("button", name="Restore SOUL.md").click()
    expect(page.get_by_text("SOUL.md is again what it was before.")).to_be_visible()
    expect(page.get_by_label("Character")).to_have_value(str(agent_folders.FILES["finn/SOUL.md"]))

    page.get_by_role("link", name="Remove").click()
    expect(page.get_by_text("Remove Finn?")).to_be_visible()
    page.get_by_role("button", name="Remove Finn").click()
    expect(page.get_by_text("Finn was removed.")).to_be_visible()
    expect(page.locator("#agent-finn")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#agent-finn")).to_be_visible()
    assert (root / "finn/slack.yml").exists()


def test_a_refusal_keeps_what_was_typed(either: Page, root: Path) -> None:
    either.goto("/agents/finn/")
    either.get_by_label("Model", exact=True).fill("gpt-4o")
    either.get_by_label("Instructions").fill("Kept.")
    either.get_by_role("button", name="Save").click()
    expect(either.get_by_text("Write a model as provider/name.")).to_be_visible()
    expect(either.get_by_label("Instructions")).to_have_value("Kept.")
    expect(either.get_by_label("Model", exact=True)).to_be_focused()


def test_a_change_from_elsewhere_is_shown(either: Page, root: Path) -> None:
    either.goto("/agents/finn/")
    (root / "finn/SOUL.md").write_text("Changed by hand.\n")
    either.get_by_label("Instructions").fill("Mine.")
    either.get_by_role("button", name="Save").click()
    expect(either.get_by_text("Changed by hand.").first).to_be_visible()
    expect(either.get_by_label("Instructions")).to_have_value("Mine.")
    either.get_by_role("button", name="Save").click()
    expect(either.get_by_text("Saved. It counts from the next message on.")).to_be_visible()


def test_a_new_one(either: Page, root: Path) -> None:
    either.goto("/agents/")
    either.get_by_role("link", name="New agent").click()
    either.get_by_label("Name").fill("Nora")
    either.get_by_label("Begin with").select_option(label="A copy of 🧪 Chieko, Test Engineer")
    either.get_by_role("button", name="Create").click()
    expect(either.get_by_text("Nora is there and can be written to.")).to_be_visible()
    expect(either.get_by_label("Role")).to_have_value("Test Engineer")


def test_the_prompt_of_each_channel(either: Page, root: Path) -> None:
    either.goto("/agents/finn/")
    either.locator(".told summary").click()
    expect(either.locator("#prompt pre")).to_contain_text("in a WhatsApp chat")
    either.get_by_role("link", name="In the browser").click()
    expect(either.locator("#prompt pre")).to_contain_text("in a chat in the browser")


def test_leaving_the_question(page: Page, root: Path) -> None:
    page.goto("/agents/finn/")
    page.get_by_role("link", name="Remove").press("Enter")
    expect(page.get_by_role("link", name="Keep")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Remove")).to_be_visible()
