"""The dashboard chat in a browser, answered by a real jobs process that asks a fake model."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from store.chats import chats, messages, turns
from store.chats.turns import Answer, TurnKind
from tests.browser.looks import audit_looks
from tests.browser.panel import Panel
from tests.services.fake_llm import FakeLLM, llm
from tests.services.processes import Spawned, Spawner
from tests.worker.world import write_agent

__all__ = ["llm"]

pytestmark = pytest.mark.browser

PROSE = """\
# A heading

Some **bold** words, `code` and [a link](https://example.com/page).

| name | amount |
|:-----|-------:|
| one  | 1      |

```python
print("a line of code that is a good deal wider than any telephone, and wider than a bubble " * 3)
```

> quoted

1. first
2. second
"""


@pytest.fixture
def env(
    env: dict[str, str], valkey_url: str, database_url: str, llm: FakeLLM, tmp_path: Path
) -> dict[str, str]:
    write_agent(tmp_path / "agents/finn", "Finn", "custom/small", "🏗️", "Solutions Architect")
    write_agent(tmp_path / "agents/eric", "Eric", "custom/small")
    return env | {
        "REDIS_URL": valkey_url,
        "DATABASE_URL": database_url,
        "AGENTS_DIR": str(tmp_path / "agents"),
        "CUSTOM_LLM_BASE_URL": llm.url,
    }


@pytest.fixture
def jobs(spawn: Spawner, panel: Panel) -> Spawned:
    process = spawn("-m", "worker.jobs")
    process.wait_for("ready to answer")
    return process


def begin(page: Page, text: str, agent: str = "Eric") -> None:
    page.goto("/chat/")
    page.get_by_label("Agent").select_option(label=agent)
    page.get_by_label("First message").fill(text)
    page.get_by_role("button", name="Send").click()
    page.wait_for_url(re.compile(r"/chat/\d+#now"))


def message(page: Page) -> Locator:
    return page.locator("#say").get_by_label("Message")


def reload_until(page: Page, answer: Locator) -> None:
    """Without scripts somebody has to look."""
    for _ in range(200):
        if answer.count():
            return
        page.get_by_role("link", name="Look for the answer").click()
        page.wait_for_load_state()
    raise AssertionError("the answer did not come")


@pytest.mark.usefixtures("jobs")
def test_talking(page: Page, llm: FakeLLM) -> None:
    llm.replies("one two three four")
    with llm.stalled(2):
        begin(page, "Hello Eric")
        running = page.locator("#now .on-left .bubble")
        expect(running).to_contain_text("one two")
        expect(running).to_contain_text("Eric is writing …")
        page.reload()
        expect(page.locator("#now .on-left .bubble")).to_contain_text("one two")
    answer = page.locator("#talk .is-reply .bubble").filter(has_text="one two three four")
    expect(answer).to_be_visible()
    expect(page.locator("#now .on-left .bubble")).to_have_count(0)
    expect(page.locator(".meta")).to_contain_text("custom/small")

    llm.replies("**again**")
    message(page).fill("And")
    message(page).press("Shift+Enter")
    message(page).type("again?")
    message(page).press("Enter")
    expect(page.locator("#talk .is-reply strong").filter(has_text="again")).to_be_visible()
    expect(message(page)).to_have_value("")
    expect(message(page)).to_be_focused()
    assert llm.requests[-1].text == "And\nagain?"
    expect(page.locator("#talk .is-reply")).to_have_count(2)


@pytest.mark.usefixtures("jobs")
def test_without_scripts(panel: Panel) -> None:
    page = panel.owner(java_script_enabled=False)
    begin(page, "Hello Finn", "🏗️ Finn, Solutions Architect")
    answer = page.locator("#talk .is-reply").filter(has_text="I am a fake model.")
    reload_until(page, answer)
    message(page).fill("/agents")
    page.get_by_role("button", name="Send").click()
    reload_until(page, page.locator("#talk .is-reply strong").filter(has_text="Agents"))


@pytest.mark.usefixtures("jobs")
def test_what_is_typed_outlives_the_polls(page: Page, llm: FakeLLM) -> None:
    with llm.held():
        begin(page, "Hello")
        expect(page.locator("#now .on-left .bubble")).to_be_visible()
        message(page).fill("half a sent")
    expect(page.locator("#now .on-left .bubble")).to_have_count(0)
    expect(message(page)).to_have_value("half a sent")
    expect(message(page)).to_be_focused()
    page.reload()
    expect(message(page)).to_have_value("half a sent")


@pytest.mark.usefixtures("jobs")
def test_stopping(page: Page, llm: FakeLLM) -> None:
    stop = page.get_by_role("button", name="Stop")
    with llm.held():
        begin(page, "Tell me everything")
        expect(page.locator("#now")).to_contain_text("is writing")
        stop.click()
        expect(page.locator("#turn-1")).to_contain_text("Stopped")
        expect(stop).to_be_hidden()
    message(page).fill("Still there?")
    message(page).press("Enter")
    expect(page.locator("#talk .is-reply").filter(has_text="I am a fake model.")).to_be_visible()


@pytest.mark.usefixtures("jobs")
def test_starting_afresh(page: Page, llm: FakeLLM) -> None:
    begin(page, "My name is Ana")
    expect(page.locator("#talk .meta")).to_be_visible()
    page.get_by_role("button", name="Start afresh").click()
    expect(page.locator("#talk .is-reply").filter(has_text="Eric starts afresh")).to_be_visible()
    message(page).fill("Who am I?")
    message(page).press("Enter")
    expect(page.locator("#talk .meta")).to_have_count(2)
    assert llm.requests[-1].messages == [("user", "Who am I?")]
    expect(page.locator("#talk .is-incoming").first).to_contain_text("My name is Ana")


@pytest.mark.usefixtures("jobs")
def test_a_failure_is_told_in_full(page: Page, llm: FakeLLM) -> None:
    llm.fails(401, "no such key")
    begin(page, "Hello")
    expect(page.locator(".failed")).to_contain_text("my AI model isn't set up properly")
    turn = page.locator(".is-turn")
    expect(turn).to_contain_text("The provider does not accept the key.")
    turn.get_by_text("Details").click()
    expect(turn).to_contain_text("no such key")


def test_choosing_a_model(either: Page, panel: Panel) -> None:
    page = either
    begin(page, "Hello")
    page.locator("#choose-model").click()
    page.get_by_label("Model", exact=True).fill("openai/gpt-4o")
    page.get_by_role("button", name="Use it").click()
    expect(page.get_by_text("There is no key for openai yet.")).to_be_visible()
    expect(page.get_by_label("Model", exact=True)).to_have_value("openai/gpt-4o")
    page.get_by_label("Model", exact=True).fill("ollama/llama4")
    page.get_by_role("button", name="Use it").click()
    expect(page.locator("#responder")).to_contain_text("ollama/llama4")
    page.goto("/chat/")
    expect(page.get_by_role("navigation", name="Chats")).to_contain_text("Hello")


@pytest.mark.usefixtures("jobs")
def test_the_page_follows_the_answer_unless_the_reader_scrolled_up(
    page: Page, llm: FakeLLM
) -> None:
    to_end = "document.scrollingElement.scrollHeight - innerHeight - scrollY"
    llm.replies("A paragraph.\n\n" * 60)
    begin(page, "Write a lot")
    expect(page.locator("#talk .meta")).to_be_visible()
    page.wait_for_function(f"() => {to_end} < 5")
    with llm.held():
        message(page).fill("Again")
        message(page).press("Enter")
        expect(page.locator("#now .on-right")).to_be_visible()
        page.evaluate("scrollTo(0, 0)")
    expect(page.locator("#talk .meta")).to_have_count(2)
    assert page.evaluate("scrollY") == 0


@pytest.mark.usefixtures("jobs")
def test_its_looks(panel: Panel, llm: FakeLLM) -> None:
    page = panel.owner()
    page.goto("/chat/")
    assert audit_looks(page) == []
    llm.replies(PROSE)
    begin(page, "A word that is rather long: " + "x" * 200)
    expect(page.locator("#talk .meta")).to_be_visible()
    llm.fails(400, "bad " * 200)
    message(page).fill("/status")
    message(page).press("Enter")
    expect(page.locator("#talk .aside")).to_be_visible()
    message(page).fill("fail")
    message(page).press("Enter")
    expect(page.locator(".failed")).to_be_visible()
    page.locator(".is-turn summary").click()
    page.locator("#choose-model").click()
    assert audit_looks(page) == []
    llm.replies("half an answer")
    with llm.stalled(2):
        message(page).fill("Once more")
        message(page).press("Enter")
        expect(page.locator("#now .on-left .bubble")).to_contain_text("half an")
        assert audit_looks(page) == []


def test_nobody_answers_while_the_jobs_are_away(page: Page, panel: Panel) -> None:
    begin(page, "Hello")
    expect(page.locator("#now")).to_contain_text("The jobs process is not running")
    with panel.services.db.read() as connection:
        assert messages.list_waiting(connection, 1)


def test_focus_selection_and_what_is_open_survive_an_answer_that_grows(
    page: Page, panel: Panel
) -> None:
    begin(page, "Hello")
    with panel.services.db.write() as connection:
        now = panel.services.now()
        chat = chats.get_in_panel(connection, 1)
        assert chat
        texts = {"kind": TurnKind.AGENT, "request": "", "agent": "eric", "model": "custom/small"}
        failed = turns.begin(connection, 1, [1], now, **texts)
        answer = Answer([], "Sorry", error_code="auth", error_detail="401")
        turns.finish(connection, failed, chat, answer, now)
        messages.write_in_panel(connection, chat, "Again", "ana", now)
        running = turns.begin(connection, 1, [2], now, **texts)
    panel.services.live.write_partial(running, "A first paragraph.\n\nThen thr")
    page.reload()
    page.locator(".is-turn summary").click()
    message(page).click()
    growing = page.locator("#now .prose p").last
    page.evaluate("""() => {
        const [first, last] = document.querySelectorAll("#now .prose p");
        getSelection().setBaseAndExtent(first.firstChild, 2, last.firstChild, 4);
    }""")
    panel.services.live.write_partial(running, "A first paragraph.\n\nThen three and four")
    expect(growing).to_have_text("Then three and four")
    assert page.evaluate("getSelection().toString()").split() == ["first", "paragraph.", "Then"]
    expect(message(page)).to_be_focused()
    expect(page.locator(".is-turn details")).to_have_attribute("open", "")
