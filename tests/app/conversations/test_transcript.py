"""One conversation as it is read, and as it grows."""

import re
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from werkzeug.test import TestResponse

from app.web.ext import Services
from store.pages.transcripts import PAGE as PIECES
from tests.app.talking import Talk, talk
from tests.app.visitor import Visitor, tag, words


@pytest.fixture
def clock(services: Services) -> datetime:
    """Each look at it is a second later."""
    start, ticks = datetime(2026, 3, 1, 12, tzinfo=UTC), count()
    services.now = lambda: start + timedelta(seconds=next(ticks))
    return start


@pytest.fixture
def ana(services: Services, clock: datetime) -> Talk:
    return talk(services)


def listed(owner: Visitor, query: str = "") -> list[str]:
    """The names in the list, in order."""
    found = re.findall(
        r'talker-name"><span[^>]*>([^<]+)', owner.open(f"/conversations/{query}").text
    )
    return [name.strip() for name in found]


def show(owner: Visitor, talk: Talk) -> TestResponse:
    return owner.open(f"/conversations/{talk.id}")


def test_a_long_conversation_is_read_in_pages(owner: Visitor, ana: Talk) -> None:
    for number in range(PIECES // 2 + 1):
        ana.answered(f"message {number}.", f"answer {number}.")
    latest = show(owner, ana)
    assert "message 0." not in words(latest) and f"answer {PIECES // 2}." in words(latest)
    link = re.search(r'href="(/conversations/\d+\?before=[\d.]+)"', latest.text)
    assert link
    earlier = owner.open(link[1])
    assert "answer 0." in words(earlier) and "answer 1." not in words(earlier)
    assert "Back to the latest messages" in words(earlier) and 'id="now"' not in earlier.text
    assert owner.open(f"/conversations/{ana.id}?before=nonsense").status_code == 200


class Reader:
    """Somebody with the page open: asks for what is new as the page does."""

    def __init__(self, owner: Visitor, talk: Talk) -> None:
        self.owner, self.talk = owner, talk
        page = show(owner, talk).text
        self.known = self._versions(page)
        self.address = self._address(page)

    def look(self) -> TestResponse:
        sent = "".join(f"&v={key}.{mark}" for key, mark in self.known.items())
        news = self.owner.open(self.address + sent, htmx=True)
        if news.status_code == 200:
            self.known |= self._versions(news.text)
            self.address = self._address(news.text)
        return news

    @staticmethod
    def _versions(text: str) -> dict[str, str]:
        return dict(re.findall(r'name="v" value="([\w-]+)\.(\w+)"', text))

    @staticmethod
    def _address(text: str) -> str:
        found = re.search(r'id="now"[^>]* hx-get="([^"]+)"', text)
        assert found
        return found[1]


def test_nothing_new(owner: Visitor, ana: Talk) -> None:
    ana.answered("Hello", "Hi")
    reader = Reader(owner, ana)
    assert reader.look().status_code == 204


def test_what_is_new_comes_behind_what_was_before_it(owner: Visitor, ana: Talk) -> None:
    first = ana.hears("Hello")
    reader = Reader(owner, ana)
    turn = ana.begins(first)
    assert "Finn is writing …" in words(reader.look())
    ana.hears("One more thing")
    ana.ends(turn, "Hi")
    news = reader.look()
    assert 'hx-swap-oob="afterend:#message-1"><div class="piece on-left' in news.text
    assert 'hx-swap-oob="afterend:#message-2"><div class="piece on-right' in news.text
    assert 'hx-swap-oob="afterend:#sent-1"><div class="piece on-right is-turn' in news.text
    assert "1 message waits for an answer" in words(news)
    assert reader.look().status_code == 204


def test_the_first_of_all(owner: Visitor, ana: Talk) -> None:
    reader = Reader(owner, ana)
    ana.hears("Hello")
    assert 'hx-swap-oob="beforeend:#talk"' in reader.look().text


def test_only_what_looks_different_takes_its_own_place(owner: Visitor, ana: Talk) -> None:
    ana.answered("Hello", "one", "two")
    reader = Reader(owner, ana)
    ana.receipt(2, state="sent", sent_at=ana.now)
    news = reader.look()
    assert 'hx-swap-oob="morph"' in tag(news, "sent-2")
    assert 'id="sent-1"' not in news.text and 'id="message-1"' not in news.text
    assert reader.look().status_code == 204


def test_looking_on_marks_as_seen(owner: Visitor, ana: Talk) -> None:
    reader = Reader(owner, ana)
    ana.hears("Hello")
    reader.look()
    assert listed(owner, "?show=unread") == []
