"""What Prometheus reads."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

from app.web.ext import Services
from config import ROOT
from core.link import Phase, Status
from core.messages.message import Reason
from core.phone import Phone
from store import link
from store.account import api_keys
from store.chats import outbox, turns
from store.chats.turns import Answer, TurnKind
from store.redis.live import Live
from store.redis.queue import Turns
from tests.app.conftest import Beats
from tests.store.rows import chat_with, write

Samples = Mapping[tuple[str, ...], float]


@pytest.fixture
def key(services: Services) -> str:
    with services.db.write() as connection:
        return api_keys.create(connection, "prometheus", ["metrics"], services.now())


@pytest.fixture
def scrape(app: Flask, key: str) -> Callable[[], Samples]:
    """Each sample by its name and its labels' values, in the order of the labels' names."""

    def scrape() -> Samples:
        answer = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 200
        return {
            (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    return scrape


def test_it_begins_at_zero(scrape: Callable[[], Samples]) -> None:
    found = scrape()
    assert {name for name, *_ in found} == {
        "djinnbot_messages_total",
        "djinnbot_turns_total",
        "djinnbot_turns_running",
        "djinnbot_outbox_total",
        "djinnbot_outbox_waiting",
        "djinnbot_linked",
        "djinnbot_connected",
        "djinnbot_redis_up",
        "djinnbot_jobs_processes",
        "djinnbot_queue_depth",
    }
    assert {value for sample, value in found.items() if sample != ("djinnbot_redis_up",)} == {0}
    assert {labels[0] for name, *labels in found if name == "djinnbot_messages_total"} == {*Reason}


def test_what_happened_is_counted(scrape: Callable[[], Samples], services: Services) -> None:
    now = services.now()
    with services.db.write() as connection:
        chat = chat_with(connection)
        ids = [write(connection, chat, f"M{n}") for n in range(3)]
        for code in (None, "timeout"):
            turn = turns.begin(
                connection, chat.id, ids[:1], now, kind=TurnKind.AGENT, request="Hello"
            )
            answer = Answer(["Hi"], "Hi", cost_usd=Decimal(0), error_code=code)
            turns.finish(connection, turn, chat, answer, now)
        turns.begin(connection, chat.id, ids[1:], now, kind=TurnKind.AGENT, request="Hello")
        outbox.record_sent(connection, 1, "A", now)
    found = scrape()
    assert found["djinnbot_messages_total", "allowed_number"] == 3
    assert found["djinnbot_turns_total", "", "done"] == 1
    assert found["djinnbot_turns_total", "timeout", "failed"] == 1
    assert found["djinnbot_turns_running",] == 1
    assert found["djinnbot_outbox_total", "sent"] == 1
    assert found["djinnbot_outbox_waiting", "queued"] == 1


def test_what_is_true_now(
    scrape: Callable[[], Samples], services: Services, live: Live, redis: Redis, beats: Beats
) -> None:
    beats()
    live.publish(Status(Phase.LINKED, connected=True))
    Turns(redis).nudge(1)
    with services.db.write() as connection:
        link.record_link(connection, Phone("+15550000000"), "DjinnBot", services.now())
    found = scrape()
    assert found["djinnbot_linked",] == found["djinnbot_connected",] == 1
    assert found["djinnbot_queue_depth",] == found["djinnbot_jobs_processes",] == 1
    assert found["djinnbot_worker_holder", "here", "w", "1"] == 1


@pytest.mark.usefixtures("redis_away")
def test_without_redis_nobody_knows_whether_we_are_connected(
    scrape: Callable[[], Samples],
) -> None:
    found = scrape()
    assert found["djinnbot_redis_up",] == 0
    assert ("djinnbot_connected",) not in found
    assert found["djinnbot_linked",] == 0


def test_a_prometheus_of_today_gets_what_it_asks_for(app: Flask, key: str) -> None:
    headers = {
        "Authorization": f"Bearer {key}",
        "Accept": "application/openmetrics-text;version=1.0.0",
    }
    answer = app.test_client().get("/metrics", headers=headers)
    assert answer.mimetype == "application/openmetrics-text"
    assert answer.text.endswith("# EOF\n")


def test_it_wants_a_key_behind_a_proxy_too(app: Flask) -> None:
    """There all requests come from this machine."""
    answer = app.test_client().get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "Authorization: Bearer" in answer.json["detail"]


def test_it_wants_the_scope(app: Flask, services: Services) -> None:
    others = set(api_keys.SCOPES) - {"metrics"}
    with services.db.write() as connection:
        other = api_keys.create(connection, "other", sorted(others), services.now())
    answer = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {other}"})
    assert answer.status_code == 403
    assert answer.json == {"detail": "This API key lacks the scope metrics."}


def test_the_page_describes_what_there_is(scrape: Callable[[], Samples], beats: Beats) -> None:
    beats()
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    described = set(re.findall(r"`(djinnbot_\w+)(?:\{[\w,]+\})?`", page))
    assert described == {name for name, *_ in scrape()}
