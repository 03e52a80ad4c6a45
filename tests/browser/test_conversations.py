"""Conversations in a browser: finding one, following it as it goes on, asking why."""

from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.messages.message import Kind, Reason
from core.phone import Phone
from core.states import MessageState
from store.chats import takeovers
from store.chats.takeovers import By
from tests.app.talking import Talk, in_group, talk
from tests.browser.looks import audit_looks
from tests.browser.panel import Panel

pytestmark = pytest.mark.browser

LONG = "A rather long answer. " * 30
PROSE = """\
*Three ways* to do it:
1. `pip install`, _quick_
2. ~by hand~
> quoted
```
a = 1
b = 2
```"""


@pytest.fixture
def ana(panel: Panel) -> Talk:
    return talk(panel.services, name="Ana")


def everything(talk: Talk) -> None:
    """A bit of all that a transcript can show."""
    now = talk.now
    seen = {"state": "sent", "sent_at": now, "delivered_at": now, "read_at": now}
    first = talk.answered(
        "Hello! How do I install it?", PROSE, input_tokens=1200, cost_usd=Decimal("0.0123")
    )
    talk.receipt(wa_id="OURS", **seen)
    talk.changes(first, ack_emoji="👀", edited_at=now)
    reaction = {"kind": Kind.REACTION, "target_id": "OURS", "reason": Reason.REACTION}
    talk.hears("❤️", MessageState.IGNORED, **reaction)
    quoting = talk.hears("And then? " + "x" * 200, quoted_id="OURS", quoted_text=PROSE)
    talk.ends(talk.begins(quoting), LONG, LONG)
    talk.changes(talk.hears("", MessageState.IGNORED, reason=Reason.DELETE), deleted_at=now)
    talk.hears("Look", MessageState.ANSWERED, kind=Kind.IMAGE, facts={"bytes": 2_400_000})
    talk.hears("", MessageState.ANSWERED, kind=Kind.VOICE, facts={"seconds": 67})
    place = {"name": "The harbour", "latitude": 53.54, "longitude": 9.98}
    talk.hears("", MessageState.ANSWERED, kind=Kind.LOCATION, facts=place)
    poll = {"question": "When?", "options": ["Now", "Never"]}
    talk.hears("", MessageState.ANSWERED, kind=Kind.POLL, facts=poll)
    talk.hears("/agent eric", MessageState.ANSWERED)
    talk.starts_afresh()
    talk.answered("Hello again", "I can't answer.", error_code="auth", error_detail="401: no key")
    talk.receipt(talk.sends("A word from the owner"), state="failed", error="463: refused")
    talk.receipt(talk.sends("Your parcel is here", agent="finn"), **seen | {"read_at": None})
    talk.receipt(talk.sends("Twice?", agent="finn"), state="unknown", possibly_twice=True)
    own = {"from_me": True, "reason": Reason.OWN_MESSAGE}
    talk.hears("From my own phone", MessageState.IGNORED, **own)
    talk.begins(talk.hears("Still there?"))


def test_finding_a_conversation(panel: Panel, either: Page, ana: Talk) -> None:
    page = either
    ana.answered("My cat is called Mittens", "A fine name")
    talk(panel.services, Phone("+15550002002"), "Bob").answered("Hello", "Hi")
    page.goto("/conversations/")
    rows = page.locator(".talker")
    expect(rows).to_have_count(2)
    page.get_by_label("Search names").fill("mitt")
    page.get_by_label("Search names").press("Enter")
    expect(rows).to_have_count(1)
    expect(rows.locator("mark")).to_have_text("Mitt")
    page.wait_for_url("**/conversations/?q=mitt*")
    page.get_by_label("Search names").fill("")
    page.get_by_label("Show", exact=True).select_option("failed")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("No conversation matches")).to_be_visible()
    page.get_by_role("link", name="Show all").click()
    page.locator(".talker a").filter(has_text="Ana").click()
    expect(page.get_by_role("heading", name="Ana")).to_be_visible()
    expect(page.get_by_text("A fine name")).to_be_visible()


def test_the_list_follows_what_happens(page: Page, ana: Talk) -> None:
    ana.answered("Hello", "Hi")
    page.goto("/conversations/")
    expect(page.locator(".talker")).to_contain_text("Hi")
    ana.hears("Are you still there?")
    expect(page.locator(".talker")).to_contain_text("Are you still there?")
    expect(page.locator(".talker")).to_contain_text("Waiting")


def test_following_a_conversation(page: Page, ana: Talk) -> None:
    """What is new comes to its place; what is there stays as it is, an open question too."""
    first = ana.answered("Hello", "Hi")
    page.goto(f"/conversations/{ana.id}")
    page.locator(f"#message-{first} summary").click()
    why = page.locator(f"#message-{first} .trace")
    expect(why).to_contain_text("The sender's number is on the allowlist.")
    page.evaluate("document.querySelector('.piece').dataset.same = 'yes'")

    row = ana.hears("What now?")
    turn = ana.begins(row)
    expect(page.locator("#now")).to_contain_text("Finn is writing")
    expect(page.locator(".piece").last).to_contain_text("What now?")
    ana.ends(turn, "Wait")
    ana.receipt(state="sent", sent_at=ana.now, wa_id="OURS")
    expect(page.locator(".is-outgoing").last).to_contain_text("Wait")
    expect(page.locator(".piece").last).to_contain_text("demo/echo")
    expect(page.locator(".tick-sent")).to_have_count(2)
    expect(page.locator("#now")).not_to_contain_text("writing")
    assert page.locator(".piece").first.get_attribute("data-same") == "yes"
    expect(why).to_be_visible()

    ana.changes(first, edited_at=ana.now)
    expect(page.locator(f"#message-{first}")).to_contain_text("edited")
    expect(why).to_be_visible()


def test_the_reader_is_left_where_they_are(page: Page, ana: Talk) -> None:
    to_end = "document.scrollingElement.scrollHeight - innerHeight - scrollY"
    for _ in range(10):
        ana.answered(LONG, LONG)
    page.goto(f"/conversations/{ana.id}")
    page.wait_for_function(f"() => {to_end} < 5")
    ana.hears("To the end")
    expect(page.locator(".piece").last).to_contain_text("To the end")
    page.wait_for_function(f"() => {to_end} < 5")
    page.evaluate("scrollTo(0, 300)")
    ana.hears("Elsewhere")
    expect(page.locator(".piece").last).to_contain_text("Elsewhere")
    assert page.evaluate("scrollY") == 300


def test_days_are_those_of_the_browser(panel: Panel, ana: Talk) -> None:
    morning = panel.services.now().replace(hour=20, minute=0)
    for hours in (0, 1, 4, 5):
        row = ana.hears(f"at {hours}")
        at = morning.replace(day=10, hour=(20 + hours) % 24)
        ana.changes(row, received_at=at.replace(day=11) if hours >= 4 else at)
    page = panel.owner(timezone_id="Asia/Tokyo", locale="en-GB")
    page.goto(f"/conversations/{ana.id}")
    expect(page.locator(".day")).to_have_count(1)
    expect(page.locator(".day")).to_contain_text("11")
    expect(page.locator(".foot").first).to_have_text("05:00")


def test_asking_why_without_scripts(panel: Panel, ana: Talk) -> None:
    row = ana.answered("Hello", "Hi")
    page = panel.owner(java_script_enabled=False)
    page.goto(f"/conversations/{ana.id}")
    page.locator(f"#message-{row} summary").click()
    page.get_by_role("link", name="What happened to this message").click()
    expect(page.locator(".steps-of")).to_contain_text("Finn began: they are the default agent")
    page.get_by_role("link", name="The conversation").click()
    page.wait_for_url(f"**/conversations/{ana.id}#message-{row}")


def test_starting_afresh_and_forgetting(either: Page, ana: Talk) -> None:
    page = either
    ana.answered("My cat is called Mia", "Nice")
    ana.receipt(state="sent", sent_at=ana.now)
    page.goto(f"/conversations/{ana.id}")
    page.get_by_role("link", name="Start afresh").click()
    page.get_by_role("button", name="Start afresh").click()
    expect(page.get_by_text("Finn starts afresh: what is above is forgotten")).to_be_visible()
    page.get_by_role("link", name="Forget this person").click()
    expect(page.get_by_text("Forget Ana (+1 555-000-2001)?")).to_be_visible()
    page.get_by_label("off the allowlist too").check()
    page.get_by_role("button", name="Forget Ana").click()
    expect(page.get_by_text("The person is forgotten.")).to_be_visible()
    expect(page.get_by_text("Nobody has been answered yet")).to_be_visible()


def test_taking_it_away(either: Page, panel: Panel, ana: Talk, tmp_path: Path) -> None:
    everything(ana)
    page = either
    page.goto(f"/conversations/{ana.id}")
    page.locator(".drop summary").click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Page to read or print").click()
    file = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(file)
    assert file.name.startswith(f"conversation-{ana.id}-") and file.suffix == ".html"
    text = file.read_text()
    assert "Conversation with Ana" in text and "The harbour" in text
    assert "http://" not in text and "src=" not in text and "<link" not in text


def test_its_looks(panel: Panel, ana: Talk) -> None:
    everything(ana)
    for number in range(3):
        talk(panel.services, Phone(f"+155500030{number:02}"), "A rather long name " * 3).answered(
            LONG, LONG, error_code="auth" if number else None
        )
    with panel.services.db.write() as connection:
        takeovers.begin(connection, ana.id, By.PANEL, None, panel.services.now())
    page = panel.owner()
    for path in ("", "?q=rather", "?q=nothing", f"{ana.id}/reset", f"{ana.id}/forget"):
        page.goto(f"/conversations/{path}")
        assert audit_looks(page) == [], path
    page.goto(f"/conversations/{ana.id}/messages/1")
    assert audit_looks(page) == []
    page.goto(f"/conversations/{ana.id}")
    page.locator("#message-1 summary").click()
    expect(page.locator("#message-1 .steps-of")).to_be_visible()
    assert audit_looks(page) == []


def test_a_group_shows_who_wrote(page: Page, panel: Panel, ana: Talk) -> None:
    in_group(ana).answered("What is a queue?", "A line of people.")
    in_group(talk(panel.services, Phone("+15550002002"), "Bob")).hears("And a stack?")
    page.goto("/conversations/")
    page.get_by_role("link", name="Team").click()
    expect(page.get_by_role("heading", name="Team")).to_be_visible()
    for name, said in (("Ana", "What is a queue?"), ("Bob", "And a stack?")):
        bubble = page.locator(".bubble", has_text=said)
        expect(bubble.locator(".by")).to_have_text(name)
