"""Conversations: the list, what was said, and what is new at its end."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest
from werkzeug.test import TestResponse

from app.web.ext import Services
from core.messages.message import Kind, Reason
from core.phone import Phone
from core.states import MessageState
from store.chats import people, takeovers
from store.chats.takeovers import By
from store.pages.chat_list import PAGE
from tests.app.talking import Talk, crowd, talk
from tests.app.visitor import Visitor, tag, words

BOB = Phone("+15550002002")


@pytest.fixture
def clock(services: Services) -> datetime:
    """Each look at it is a second later."""
    start, ticks = datetime(2026, 3, 1, 12, tzinfo=UTC), count()
    services.now = lambda: start + timedelta(seconds=next(ticks))
    return start


@pytest.fixture
def ana(services: Services, clock: datetime) -> Talk:
    return talk(services)


@pytest.fixture
def bob(services: Services, clock: datetime) -> Talk:
    return talk(services, BOB, "Bob")


def listed(owner: Visitor, query: str = "") -> list[str]:
    """The names in the list, in order."""
    found = re.findall(
        r'talker-name"><span[^>]*>([^<]+)', owner.open(f"/conversations/{query}").text
    )
    return [name.strip() for name in found]


def show(owner: Visitor, talk: Talk) -> TestResponse:
    return owner.open(f"/conversations/{talk.id}")


def in_order(page: TestResponse, *parts: str) -> bool:
    said = words(page)
    places = [said.index(part) for part in parts]
    return places == sorted(places)


def test_nobody_yet(owner: Visitor) -> None:
    said = words(owner.open("/conversations/"))
    assert "Nobody has been answered yet" in said and "Decide who may write" in said


def test_what_was_said_last_on_either_side(owner: Visitor, ana: Talk, bob: Talk) -> None:
    ana.answered("How are you?", "Fine.", "And you?")
    bob.hears("", kind=Kind.VOICE)
    said = words(owner.open("/conversations/"))
    assert "Person 2001 +1 555-000-2001" in said
    assert "Written to them: And you?" in said and "Voice note" in said
    assert listed(owner) == ["Bob", "Person 2001"]


def test_what_the_owner_has_not_seen_is_marked(owner: Visitor, ana: Talk, bob: Talk) -> None:
    ana.hears("Hello")
    bob.sends("Hello Bob")
    assert listed(owner, "?show=unread") == ["Person 2001"]
    assert words(owner.open("/conversations/")).count("Unread Unread") == 0
    show(owner, ana)
    assert listed(owner, "?show=unread") == []
    ana.hears("👍", MessageState.IGNORED, kind=Kind.REACTION, reason=Reason.REACTION)
    assert listed(owner, "?show=unread") == []
    ana.hears("More")
    assert listed(owner, "?show=unread") == ["Person 2001"]


def test_filters(owner: Visitor, services: Services, ana: Talk, bob: Talk) -> None:
    ana.answered("Hello", "Sorry", error_code="auth")
    bob.hears("Hello")
    carl = talk(services, Phone("+15550002003"), "Carl")
    carl.ends(carl.begins(carl.hears("Hi"), agent="eric"), "Hi")
    carl.receipt(state="unknown", error="The connection was lost.")
    with services.db.write() as connection:
        takeovers.begin(connection, bob.id, By.PANEL, None, services.now())
    assert listed(owner, "?show=failed") == ["Carl", "Person 2001"]
    assert listed(owner, "?show=unanswered") == ["Bob"]
    assert listed(owner, "?show=paused") == ["Bob"]
    assert listed(owner, "?agent=eric") == ["Carl"]
    assert listed(owner, f"?person={ana.chat.person_id}") == ["Person 2001"]
    assert listed(owner, "?show=nonsense") == ["Carl", "Bob", "Person 2001"]
    assert "No conversation matches" in words(owner.open("/conversations/?agent=nobody"))


def test_failures_of_last_week_are_history(
    owner: Visitor, services: Services, ana: Talk, clock: datetime
) -> None:
    ana.answered("Hello", "Sorry", error_code="auth")
    assert listed(owner, "?show=failed") == ["Person 2001"]
    services.now = lambda: clock + timedelta(days=8)
    assert listed(owner, "?show=failed") == []


def test_badges(owner: Visitor, services: Services, ana: Talk) -> None:
    ana.answered("Hello", "Sorry", error_code="auth")
    ana.hears("Anybody there?")
    with services.db.write() as connection:
        people.block(connection, ana.chat.person_id or 0, services.now())
        takeovers.begin(connection, ana.id, By.PHONE, None, services.now())
    said = words(owner.open("/conversations/"))
    assert "Blocked Paused Failed Waiting" in said


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("person", ["Person 2001"]),
        ("000-2002", ["Bob"]),
        ("+1555000", ["Bob", "Person 2001"]),
        ("mittens", ["Person 2001"]),
        ("a fine NAME", ["Person 2001"]),
        ("100%", []),
        ("_", []),
    ],
)
def test_searching(owner: Visitor, ana: Talk, bob: Talk, query: str, found: list[str]) -> None:
    ana.answered("My cat is called Mittens", "A fine name")
    bob.hears("I have 100 dogs")
    assert (
        listed(owner, f"?q={query.replace('+', '%2B').replace('%', '%25', query.count('%'))}")
        == found
    )


def test_what_was_searched_is_shown_and_marked(owner: Visitor, ana: Talk) -> None:
    ana.answered("x" * 300 + " <Mittens> " + "y" * 300, "A fine name")
    text = owner.open("/conversations/?q=mittens").text
    assert "&lt;<mark>Mittens</mark>&gt; yyy" in text and "…xxx" in text
    assert 'value="mittens"' in tag(owner.open("/conversations/?q=mittens"), "q")


def test_a_match_that_spans_space_that_is_not_shown(owner: Visitor, ana: Talk) -> None:
    """There is nothing to mark then: the message's beginning is shown."""
    ana.hears("one  two <b> " + "y" * 300)
    text = owner.open("/conversations/?q=one++two").text
    assert "one two &lt;b&gt; yyy" in text and "<mark>" not in text


def test_long_lists_have_pages(owner: Visitor, services: Services, clock: datetime) -> None:
    crowd(services, PAGE + 1)
    first, second = (words(owner.open(f"/conversations/?page={n}")) for n in (1, 2))
    assert "Person 0050" in first and "Person 0000" not in first
    assert "Person 0000" in second and "Person 0050" not in second
    later = owner.open("/conversations/?page=1&q=Person")
    assert 'href="/conversations/?q=Person&amp;page=2"' in later.text


def test_the_list_is_told_only_when_it_has_changed(owner: Visitor, ana: Talk) -> None:
    ana.hears("Hello")
    page = owner.open("/conversations/")
    address = re.search(r'hx-get="(/conversations/\?seen=[^"]+)"', page.text)
    assert address
    poll = address[1].replace("&amp;", "&")
    assert owner.open(poll, htmx=True).status_code == 204
    ana.hears("Still there?")
    news = owner.open(poll, htmx=True)
    assert "Still there?" in words(news) and "<html" not in news.text


def test_a_conversation(owner: Visitor, ana: Talk) -> None:
    ana.answered(
        "My cat is called Mia",
        "What a *nice* name",
        model="custom/large",
        input_tokens=1200,
        output_tokens=40,
        cost_usd=Decimal("0.0123"),
    )
    ana.starts_afresh()
    ana.answered("Do you know her?", "Whom?")
    page = show(owner, ana)
    assert in_order(page, "My cat is called Mia", "nice name", "Finn starts afresh", "know her?")
    assert "<strong>nice</strong>" in page.text
    assert "🏗️ Finn custom/large 1,200 tokens in, 40 out $0.0123" in words(page)


def test_markup_stays_text(owner: Visitor, ana: Talk) -> None:
    ana.answered("<script>alert(1)</script>", "<script>alert(2)</script>")
    ana.changes(1, quoted_text="<script>alert(3)</script>")
    assert "<script>alert" not in show(owner, ana).text


def test_how_far_each_message_got(owner: Visitor, ana: Talk) -> None:
    ana.answered("Tell me", "one", "two", "three", "four", "five")
    now = ana.now
    ana.receipt(1, state="sent", sent_at=now, delivered_at=now, read_at=now, wa_id="W1")
    ana.receipt(2, state="sent", sent_at=now, delivered_at=now)
    ana.receipt(3, state="sent", sent_at=now, possibly_twice=True)
    ana.receipt(4, state="failed", error="463: no.")
    said = words(show(owner, ana))
    for text, progress in (("one", "Read"), ("two", "Delivered"), ("three", "Sent")):
        assert re.search(rf"Finn: {text} \d\d:\d\d UTC {progress}", said)
    assert "Possibly sent twice." in said and "Not sent: 463: no." in said
    assert re.search(r"five \d\d:\d\d UTC Waiting to be sent", said)


def test_what_people_do_to_messages(owner: Visitor, ana: Talk) -> None:
    first = ana.answered("Ypu there?", "Yes")
    ana.receipt(wa_id="OURS")
    ana.changes(first, edited_at=ana.now, ack_emoji="👀")
    reaction = {"kind": Kind.REACTION, "target_id": "OURS", "reason": Reason.REACTION}
    ana.hears("❤️", MessageState.IGNORED, **reaction)
    gone = ana.hears("", MessageState.IGNORED, reason=Reason.DELETE)
    ana.changes(gone, deleted_at=ana.now)
    ana.hears("And this?", quoted_id="OURS", quoted_text="Yes")
    ana.hears("You there?", kind=Kind.EDIT, quoted_text="Ypu there?")
    page = show(owner, ana)
    said = words(page)
    assert "Acknowledged with 👀" in said and "Reaction: ❤️" in said and "edited" in said
    assert "Deleted by its sender" in said and "A correction of the above" in said
    assert 'href="#sent-1">Yes</a>' in page.text


@pytest.mark.parametrize(
    ("kind", "text", "facts", "shown"),
    [
        ("voice", "", {"seconds": 7}, "Voice note 0:07"),
        ("image", "Look!", {"bytes": 2500}, "Picture 2.5 kB Look!"),
        ("video", "", {"seconds": 61, "round": True}, "Video note 1:01"),
        ("document", "", {"name": "a<b>.pdf", "pages": 2}, "Document a<b>.pdf 2 pages"),
        ("location", "", {"name": "Home", "latitude": 1.5, "longitude": -2.0}, "Home 1.5, -2.0"),
        ("contact", "", {"contacts": [{"name": "Eve", "phones": ["+1 555"]}]}, "Eve, +1 555"),
        ("poll", "", {"question": "When?", "options": ["Now", "Never"]}, "Poll When? Now Never"),
        ("sticker", "", None, "Sticker"),
        ("other", "", None, "A message of another kind"),
    ],
)
def test_what_is_no_text(owner: Visitor, ana: Talk, kind, text, facts, shown) -> None:
    ana.hears(text, kind=Kind(kind), facts=facts)
    assert shown in words(show(owner, ana))


def test_who_else_wrote(owner: Visitor, services: Services, ana: Talk) -> None:
    ana.sends("From the panel")
    ana.sends("On my own", agent="finn")
    ana.hears("From my phone", MessageState.IGNORED, from_me=True, reason=Reason.OWN_MESSAGE)
    said = words(show(owner, ana))
    assert "You, from the panel" in said and "Finn wrote first" in said
    assert "You, on your phone" in said


def test_a_failure_tells_the_owner_why(owner: Visitor, ana: Talk) -> None:
    ana.answered("Hello", "I can't.", error_code="auth", error_detail="401: bad <key>")
    said = words(show(owner, ana))
    assert "The provider does not accept the key." in said and "401: bad <key>" in said


def test_commands_look_like_commands(owner: Visitor, ana: Talk) -> None:
    ana.hears("/agent eric")
    assert '<p class="command-line"><code>/agent eric</code></p>' in show(owner, ana).text


def test_without_scripts_the_fragment_is_the_page(owner: Visitor, ana: Talk) -> None:
    assert owner.open(f"/conversations/{ana.id}/now").location == f"/conversations/{ana.id}"


def test_starting_afresh_from_the_panel(owner: Visitor, ana: Talk) -> None:
    ana.answered("My cat is called Mia", "Nice")
    path = f"/conversations/{ana.id}/reset"
    asked = words(owner.open(path))
    assert "Let the agents start afresh with Person 2001?" in asked
    answer = owner.submit(path)
    assert (answer.status_code, answer.location) == (303, f"/conversations/{ana.id}")
    ana.answered("Who am I?", "Nobody knows")
    page = show(owner, ana)
    assert in_order(page, "Nice", "Finn starts afresh: what is above is forgotten", "Who am I?")
