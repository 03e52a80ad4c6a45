"""Keys, favourites and trials by hand."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect
from rq.job import Job, JobStatus
from rq.results import Result
from rq.serializers import JSONSerializer

from store.agents import favourites, provider_keys
from store.redis.model_tests import ModelTests
from tests.browser.panel import Panel
from tests.waiting import until

pytestmark = pytest.mark.browser


def keys(panel: Panel) -> dict[str, str]:
    with panel.services.db.read() as connection:
        return dict(provider_keys.read_access(connection, panel.services.config).keys)


def favoured(panel: Panel) -> list[str]:
    with panel.services.db.read() as connection:
        return list(favourites.load(connection))


def test_a_key_comes_and_goes(panel: Panel, either: Page) -> None:
    page = either
    page.goto("/models/")
    page.get_by_role("link", name="Enter a key for OpenAI").click()
    page.get_by_label("Key", exact=True).fill("two words")
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_text("A key has only letters, digits and signs")).to_be_visible()
    page.get_by_label("Key", exact=True).fill("sk-the-owners")
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_role("button", name="Test OpenAI", exact=True)).to_be_visible()
    assert keys(panel) == {"openai": "sk-the-owners"} and "sk-the-owners" not in page.content()
    page.get_by_role("link", name="Remove the key of OpenAI").click()
    page.get_by_role("link", name="Keep", exact=True).click()
    page.get_by_role("link", name="Remove the key of OpenAI").click()
    expect(page.get_by_text("Remove the key of OpenAI?")).to_be_visible()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_role("link", name="Enter a key for OpenAI")).to_be_visible()
    assert keys(panel) == {}


def test_favourites(panel: Panel, either: Page) -> None:
    page = either
    page.goto("/models/")
    for name in ("openai/a", "openai/b"):
        page.get_by_label("Model", exact=True).fill(name)
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_role("button", name=f"Remove {name}", exact=True)).to_be_visible()
    page.get_by_role("button", name="Move openai/b up", exact=True).click()
    until(lambda: favoured(panel) == ["openai/b", "openai/a"])
    expect(page.locator(".favourites li").first).to_contain_text("openai/b")
    page.get_by_role("button", name="Remove openai/b", exact=True).click()
    expect(page.locator(".favourites li")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".favourites li").first).to_contain_text("openai/b")
    assert favoured(panel) == ["openai/b", "openai/a"]


def test_picking_from_the_list(panel: Panel, page: Page) -> None:
    page.goto("/models/")
    page.get_by_label("Search models").press_sequentially("haiku 4-5")
    row = page.get_by_role("row").filter(has_text="anthropic/claude-haiku-4-5")
    expect(row).to_contain_text("$1 read, $5 written")
    row.get_by_role("button", name="Make anthropic/claude-haiku-4-5 a favorite").click()
    expect(page.locator(".favourites li")).to_contain_text("There is no key for anthropic yet.")


def test_the_default(panel: Panel, either: Page) -> None:
    page = either
    page.goto("/models/")
    field = page.get_by_role("combobox", name="Default model")
    field.fill("gpt-4o")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Write a model as provider/name.").first).to_be_visible()
    page.get_by_role("combobox", name="Default model").fill("openai:gpt-4o")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("use openai/gpt-4o from now on")).to_be_visible()
    expect(page.get_by_role("combobox", name="Default model")).to_have_value("openai/gpt-4o")


def test_a_trial_is_watched_to_its_end(panel: Panel, either: Page) -> None:
    services, page = panel.services, either
    with services.db.write() as connection:
        provider_keys.save(connection, services.config, "groq", "gsk_x", datetime.now(UTC))
    panel.beat()
    page.goto("/models/")
    page.get_by_role("button", name="Test Groq", exact=True).click()
    expect(page.get_by_text("Asking groq/llama-3.1-8b-instant")).to_be_visible()
    trials = ModelTests(services.live.redis)
    [job_id] = trials._queue.get_job_ids()
    job = Job.fetch(job_id, connection=services.live.redis, serializer=JSONSerializer)
    job.set_status(JobStatus.FINISHED)
    value = {"is_good": False, "said": "401: Invalid API Key", "code": "auth", "seconds": None}
    Result.create(job, Result.Type.SUCCESSFUL, ttl=60, return_value=value)
    expect(page.get_by_text("401: Invalid API Key")).to_be_visible()
    expect(page.get_by_text("The provider does not accept the key.")).to_be_visible()
