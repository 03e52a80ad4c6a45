"""The diagnostics page: what it shows, what it looks at again, and why somebody got no reply."""

import json
import re
import time
from datetime import timedelta

import pytest
from redis import Redis

from app.diagnostics import views
from app.web.ext import Services
from config import ROOT
from core.link import End, Phase, Status
from core.messages.message import Reason
from core.phone import Phone
from core.settings import Settings
from core.states import MessageState
from store import link, link_history, settings
from store.chats import turns
from store.link_history import Event
from store.redis import logs
from store.redis.live import HEARTBEAT_TTL, Heartbeat, Live
from tests.app.allowlist.test_people import hold
from tests.app.visitor import Visitor, words
from tests.store.rows import chat_with, write

PHONE = Phone("+15551234567")


def say(redis: Redis, event: str, level: str = "info", key: str = "log", **facts: object) -> None:
    """What a process would have written."""
    line = {
        **{"at": time.time(), "process": "worker", "host": "here", "pid": 7, "logger": "here"},
        **{"level": level, "event": event, "is_ours": True, **facts},
    }
    redis.lpush(f"djinn:{key}", json.dumps(line))


def test_it_comes_up_whatever_there_is(owner: Visitor) -> None:
    said = words(owner.open("/diagnostics/"))
    assert "No process has given a sign of life" in said
    assert "held by nobody" in said and "Nothing has happened yet" in said
    assert "None in the last days." in said and "No line matches." in said
    assert "a crash of the connection process" in said


def test_the_history_of_the_connection_in_words(owner: Visitor, services: Services) -> None:
    with services.db.write() as connection:
        for event, detail in [
            *((event, "resume" if event is Event.STARTED else "") for event in Event),
            (End.REPLACED, ""),
            (End.UNREACHABLE, "no route to <host>"),
            (Event.RETRY, "4.2 s"),
        ][-14:]:
            link_history.record(connection, event, services.now(), fence=7, detail=detail)
    said = words(owner.open("/diagnostics/"))
    assert "A worker got the WhatsApp lock" in said and "Online" in said
    assert "A connection process was started, to log in" in said
    assert "Another program took over this session" in said
    assert "WhatsApp can't be reached : no route to <host>" in said
    assert "It is tried again in 4.2 s" in said and "token 7" in said


def test_the_last_errors_with_their_tracebacks(owner: Visitor, redis: Redis) -> None:
    trace = 'Traceback (most recent call last):\n  File "x"\nValueError: <b>wrong</b>'
    say(redis, "went wrong", "error", "errors", exception=trace, fields={"chat": 7})
    page = owner.open("/diagnostics/")
    assert "went wrong chat=7" in words(page)
    assert "<summary>ValueError: &lt;b&gt;wrong&lt;/b&gt;</summary>" in page.text


def test_what_has_not_changed_is_not_sent_again(
    owner: Visitor, services: Services, live: Live
) -> None:
    live.record_heartbeat("web", Heartbeat("a", "h", 1, 1.0))
    address = again(owner.open("/diagnostics/").text, "/diagnostics/now")
    assert owner.open(address, htmx=True).status_code in (200, 204)  # a round trip may differ
    with services.db.write() as connection:
        link_history.record(connection, Event.ONLINE, services.now())
    answer = owner.open(address, htmx=True)
    assert answer.status_code == 200 and 'id="current"' in answer.text
    assert again(answer.text, "/diagnostics/now") != address


def again(html: str, path: str) -> str:
    found = re.search(rf'hx-get="({path}\?[^"]+)"', html)
    assert found
    return found[1].replace("&amp;", "&")


def test_the_log_is_followed_and_filtered(owner: Visitor, redis: Redis) -> None:
    say(redis, "first", process="web")
    say(redis, "second", "warning")
    page = owner.open("/diagnostics/log?process=worker&level=warning")
    assert "second" in words(page) and "first" not in words(page)
    assert "<option selected>worker" in page.text and 'value="warning" selected' in page.text
    address = again(page.text, "/diagnostics/log/lines")
    seen = re.search(r'name="seen" value="(\w+)"', page.text)
    assert seen and owner.open(f"{address}&seen={seen[1]}", htmx=True).status_code == 204
    say(redis, "of no interest")
    assert owner.open(f"{address}&seen={seen[1]}", htmx=True).status_code == 204
    say(redis, "third", "error")
    answer = owner.open(f"{address}&seen={seen[1]}", htmx=True)
    assert words(answer).index("third") < words(answer).index("second")


def test_an_open_page_stops_following_the_log(owner: Visitor, services: Services) -> None:
    address = again(owner.open("/diagnostics/").text, "/diagnostics/log/lines")
    start = services.now()
    services.now = lambda: start + timedelta(minutes=11)
    answer = owner.open(address, htmx=True)
    assert answer.status_code == 286, "htmx stops at that"
    assert "This page has stopped following the log." in words(answer)


@pytest.mark.parametrize("query", ["?level=nothing", "?process=nobody", "?level=", "?since=x"])
def test_odd_filters(owner: Visitor, redis: Redis, query: str) -> None:
    say(redis, "something")
    assert owner.open(f"/diagnostics/log{query}").status_code == 200
    assert owner.open(f"/diagnostics/log/lines{query}", htmx=True).status_code in (200, 286)


def test_parts_of_the_page_lead_to_it_without_scripts(owner: Visitor) -> None:
    assert owner.open("/diagnostics/now").location == "/diagnostics/"
    assert owner.open("/diagnostics/log/lines").location == "/diagnostics/log"


def test_what_a_line_holds_is_text(owner: Visitor, redis: Redis) -> None:
    say(redis, "<script>alert(1)</script>", fields={"<em>": "<s>"}, exception="<u>")
    text = owner.open("/diagnostics/").text
    for tag in ("<script>alert", "<em>", "<s>", "<u>"):
        assert tag not in text


def ask(owner: Visitor, query: str) -> str:
    whole = owner.client.get("/diagnostics/why", query_string={"q": query})
    assert whole.status_code == 200
    return words(whole)


def test_somebody_who_was_answered_leads_to_the_trace(owner: Visitor, services: Services) -> None:
    with services.db.write() as connection:
        chat = chat_with(connection, PHONE)
        row = write(connection, chat, "A", now=services.now(), phone=PHONE)
    page = owner.open("/diagnostics/why?q=4567", htmx=True)
    assert page.text.lstrip().startswith('<div id="why"')
    said = words(page)
    assert "Waiting Somebody +1 555-123-4567" in said
    assert "The sender's number is on the allowlist." in said
    assert "It waits for a jobs process to take it up." in said
    assert f'href="/conversations/{chat.id}/messages/{row}"' in page.text
    assert owner.open(f"/conversations/{chat.id}/messages/{row}").status_code == 200


def test_somebody_at_the_door(owner: Visitor, services: Services) -> None:
    hold(services, PHONE, None, "Bob")
    said = ask(owner, "+1 555 123 4567")
    assert "Held Bob" in said and "is not on the allowlist" in said
    assert "The sender is among the people held ." in said
    found = re.search(r'href="(/messages/\d+)"', owner.open("/diagnostics/why?q=Bob").text)
    assert found and owner.open(found[1]).status_code == 200


@pytest.mark.parametrize("state", MessageState)
def test_every_state_has_words(owner: Visitor, services: Services, state: MessageState) -> None:
    with services.db.write() as connection:
        write(connection, chat_with(connection, PHONE), "A", state, now=services.now())
    assert "Somebody" in ask(owner, "Somebody")


def test_a_number_that_never_wrote(owner: Visitor, services: Services) -> None:
    said = ask(owner, "+15550009999")
    assert "Nothing like “+15550009999” has arrived." in said
    assert "Answering was switched off" in said
    with services.db.write() as connection:
        settings.save(connection, Settings(enabled=True, allow_all=True), services.now())
    assert "“Allow all senders” is switched on." in ask(owner, "+15550009999")


def test_a_text_that_never_came(owner: Visitor) -> None:
    said = ask(owner, "<b>no such text")
    assert "Nothing like “<b>no such text” has arrived." in said and "wrote now" not in said


def test_nothing_is_asked_at_first(owner: Visitor) -> None:
    assert "Nothing like" not in words(owner.open("/diagnostics/"))


def test_a_page_with_everything_on_it(
    owner: Visitor, services: Services, live: Live, redis: Redis
) -> None:
    live.publish(Status(Phase.LINKED, connected=True, phone=PHONE))
    with services.db.write() as connection:
        link.record_link(connection, PHONE, "DjinnBot", services.now())
        chat = chat_with(connection, PHONE)
        for number in range(300):
            write(
                connection, chat, f"M{number}", MessageState.ANSWERED, now=services.now(), text="x"
            )
        turns.drop_unanswered(connection, Reason.UNLINKED)
    for number in range(1000):
        say(redis, f"line {number}", "error" if number % 9 == 0 else "info")
    page = owner.open("/diagnostics/")
    assert page.status_code == 200 and words(page).count("line ") >= 300


def test_the_documentation_has_the_figures() -> None:
    page = (ROOT / "docs/diagnostics.md").read_text()
    assert f"The last {link_history.KEPT:,} events are kept" in page
    assert f"The last {logs.LINES:,} lines and the last {logs.ERRORS} errors" in page
    assert logs.KEPT_SECONDS == 7 * 24 * 3600
    assert views.WATCHED.total_seconds() == 10 * 60
    assert f"{HEARTBEAT_TTL} seconds after the\nlast one" in page
