"""The first page: the state in words, the first steps, what wants attention."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from app.web.ext import Services
from core.admission.allowlist import Pattern
from core.link import Phase, Status
from core.phone import Phone
from core.settings import Settings
from store import allowlist, link, settings
from store.agents import provider_keys
from store.agents.agents import AgentFolder
from store.redis.live import Live
from store.sql.tables import chats, outbox, people, turns
from tests.app.allowlist.test_people import hold
from tests.app.conftest import Beats
from tests.app.visitor import Visitor, words

PHONE = Phone("+15551234567")


@pytest.fixture
def used(services: Services) -> None:
    """Somebody was answered once: the first steps are behind us."""
    now = services.now()
    with services.db.write() as connection:
        person = {"push_name": "", "first_seen_at": now, "last_seen_at": now}
        connection.execute(people.insert().values(id=1, **person))
        connection.execute(chats.insert().values(id=1, person_id=1, address="x"))
        turn = {"chat_id": 1, "kind": "agent", "state": "done", "request": "hi"}
        connection.execute(turns.insert().values(**turn, started_at=now))


@pytest.fixture
def chosen(services: Services) -> None:
    """A model that can be asked: nothing of the first steps is left."""
    with services.db.write() as connection:
        provider_keys.save(connection, services.config, "openai", "sk-1234", services.now())
    allow_model(services, "openai/gpt-5.2")


def allow_model(services: Services, name: str) -> None:
    with services.db.write() as connection:
        known = settings.load(connection)
        settings.save(connection, replace(known, default_model=name), services.now())


def all_set(services: Services, live: Live) -> None:
    """Linked, switched on, open to everybody."""
    link_up(services, live)
    with services.db.write() as connection:
        known = settings.load(connection)
        wanted = replace(known, enabled=True, default_agent="finn", allow_all=True)
        settings.save(connection, wanted, services.now())


def link_up(services: Services, live: Live) -> None:
    with services.db.write() as connection:
        link.record_link(connection, PHONE, "DjinnBot", services.now())
    live.publish(Status(Phase.LINKED, connected=True, phone=PHONE))


def test_a_fresh_installation_shows_the_first_steps(owner: Visitor) -> None:
    said = words(owner.open("/"))
    assert "Getting started 0 of 5" in said
    assert "Answering is switched off." not in said, "the steps say that already"


def test_the_steps_tick_themselves(
    owner: Visitor, services: Services, live: Live, beats: Beats
) -> None:
    beats()
    link_up(services, live)
    with services.db.write() as connection:
        settings.save(connection, Settings(enabled=True, default_agent="finn"), services.now())
        allowlist.add(connection, Pattern("*"), None, None, services.now())
    said = words(owner.open("/"))
    assert "Getting started 3 of 5" in said
    assert "Until then demo/echo answers" in said
    assert "Write to +1 555-123-4567 from a phone that is allowed." in said


@pytest.mark.usefixtures("used", "chosen")
def test_when_all_is_well_it_says_so(
    owner: Visitor, services: Services, live: Live, beats: Beats
) -> None:
    beats()
    all_set(services, live)
    said = words(owner.open("/"))
    assert "Connected +1 555-123-4567 , linked since" in said
    assert "Nothing. All is well." in said and "Getting started" not in said


@pytest.mark.usefixtures("used")
def test_the_first_steps_stay_until_somebody_answers_with_more_than_an_echo(
    owner: Visitor, services: Services, live: Live, beats: Beats
) -> None:
    beats()
    all_set(services, live)
    assert "Getting started 4 of 5" in words(owner.open("/"))
    allow_model(services, "demo/echo")
    assert "Getting started 4 of 5" in words(owner.open("/"))
    allow_model(services, "openai/gpt-5.2")
    said = words(owner.open("/"))
    assert "Getting started 4 of 5" in said, "without a key nobody can be asked"
    assert "Finn" in said and "should answer with openai/gpt-5.2." in said
    assert "There is no key for openai yet." in said


def test_an_agent_s_own_model_counts(owner: Visitor, services: Services, tmp_path: Path) -> None:
    folder = tmp_path / "agents" / "ada"
    folder.mkdir(parents=True)
    (folder / "config.yml").write_text("model: ollama/llama3\nfallback_model: groq/llama\n")
    services.agents = AgentFolder(folder.parent)
    said = words(owner.open("/"))
    assert "Getting started 1 of 5" in said
    assert "ada should answer with groq/llama. There is no key for groq yet." in said.replace(
        "Ada", "ada"
    )


@pytest.mark.usefixtures("used", "chosen")
def test_what_stopped_later_is_an_open_step_again(owner: Visitor) -> None:
    said = words(owner.open("/"))
    assert "Getting started 2 of 5" in said
    for sentence in (
        "The worker is not running: nothing is received.",
        "The jobs process is not running: nothing is answered.",
    ):
        assert sentence in said


def test_workers_of_which_none_holds_the_lock(owner: Visitor, beats: Beats) -> None:
    beats(holder=False)
    assert "1 worker stands by, and none holds the WhatsApp lock: nothing is received." in words(
        owner.open("/")
    )


def test_an_agent_that_can_not_be_read(owner: Visitor, services: Services, tmp_path: Path) -> None:
    folder = tmp_path / "agents" / "broken"
    folder.mkdir(parents=True)
    (folder / "config.yml").write_text("model: [")
    services.agents = AgentFolder(folder.parent)
    assert "The agent “broken” can't be used." in words(owner.open("/"))


def test_people_at_the_door(owner: Visitor, services: Services) -> None:
    hold(services, PHONE, None, "Bob")
    assert "1 person wrote without being allowed." in words(owner.open("/"))
    hold(services, None, "1@lid", "Dave")
    assert "2 people wrote without being allowed." in words(owner.open("/"))


def test_what_went_wrong_leads_to_the_conversations(owner: Visitor, services: Services) -> None:
    now = services.now()
    with services.db.write() as connection:
        person = {"push_name": "", "first_seen_at": now, "last_seen_at": now}
        connection.execute(people.insert().values(id=1, **person))
        chat = {"address": "x", "paused_at": now}
        connection.execute(chats.insert().values(id=1, person_id=1, **chat))
        turn = {"chat_id": 1, "kind": "agent", "state": "failed", "request": "hi"}
        connection.execute(turns.insert().values(**turn, started_at=now, finished_at=now))
        row = {"address": "x", "text": "", "state": "unknown", "created_at": now}
        connection.execute(outbox.insert().values(row))
    page = owner.open("/")
    assert "1 message could not be answered" in words(page)
    assert "1 reply may not have arrived" in words(page)
    assert "1 chat is paused" in words(page)
    assert 'href="/conversations/?show=failed"' in page.text
    assert 'href="/conversations/?show=paused"' in page.text


@pytest.mark.usefixtures("redis_away")
def test_redis_that_is_away(owner: Visitor) -> None:
    said = words(owner.open("/"))
    assert "Redis does not answer: messages are stored but not answered." in said
    assert "The worker is not running" not in said, "nobody knows"


def test_it_looks_again_and_stays_as_it_is_while_nothing_changes(
    owner: Visitor, services: Services
) -> None:
    start = services.now()
    services.now = lambda: start
    found = re.search(r'hx-get="(/\?seen=\w+)"', owner.open("/").text)
    assert found
    assert owner.open(found[1], htmx=True).status_code == 204
    hold(services, PHONE, None, "Bob")
    answer = owner.open(found[1], htmx=True)
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<div id="overview"')
