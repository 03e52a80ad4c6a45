"""A request to send that is repeated sends once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app import create_app
from app.web.ext import Services
from config import Config
from core.link import Phase, Status
from core.phone import Phone
from core.settings import Settings
from store import link, settings
from store.account import audit
from store.chats import outbox
from store.sql.tables import outbox as table
from tests.app.api.program import Api
from tests.waiting import PATIENCE

SEND = "/whatsapp/finn/send"
HELLO = {"to": "+15551234567", "message": "hello"}
AT_ONCE = 8


@pytest.fixture
def connected(api: Api) -> Api:
    now = api.services.now()
    with api.database.write() as connection:
        settings.save(connection, Settings(enabled=True), now)
        link.record_link(connection, Phone("+15550000000"), "DjinnBot", now)
    api.live.publish(Status(Phase.LINKED, connected=True))
    return api


@pytest.fixture
def other_app(env: dict[str, str], database_url: str, valkey_url: str) -> Iterator[Flask]:
    """What another process of the panel would be: nothing is shared but the database and Redis."""
    app = create_app(
        Config.from_env({**env, "DATABASE_URL": database_url, "REDIS_URL": valkey_url})
    )
    yield app
    services: Services = app.extensions["djinnbot"]
    services.live.redis.close()
    services.db.close()


def send(api: Api, key: str, path: str = SEND, **change: object) -> TestResponse:
    return api.call("POST", path, HELLO | change, headers={"Idempotency-Key": key})


def count(api: Api) -> int:
    with api.database.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_the_same_request_gets_the_same_answer_and_is_sent_once(connected: Api) -> None:
    first, again = send(connected, "a"), send(connected, "a")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json == again.json
    assert first.headers.get("Idempotent-Replay") is None
    assert again.headers["Idempotent-Replay"] == "true"
    assert count(connected) == 1
    with connected.database.read() as connection:
        assert len(audit.list_acts(connection)) == 1


def test_another_spelling_of_the_same_is_the_same(connected: Api) -> None:
    first = send(connected, "a")
    again = send(connected, "a", to="+1 (555) 123-4567", urgent=False, other=1)
    assert again.json == first.json


def test_whether_it_may_wait_does_not_make_it_another_message(connected: Api) -> None:
    first = send(connected, "a")
    assert send(connected, "a", path=f"{SEND}?queue=true", queue=True).json == first.json


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (SEND, {"message": "hello!"}),
        (SEND, {"to": "+15557654321"}),
        (SEND, {"urgent": True}),
        ("/whatsapp/eric/send", {}),
    ],
)
def test_another_message_with_the_same_key_is_refused(
    connected: Api, path: str, change: dict[str, object]
) -> None:
    send(connected, "a")
    refused = send(connected, "a", path, **change)
    assert refused.status_code == 409
    assert refused.json["detail"] == "Idempotency-Key: It was used for another message."
    assert count(connected) == 1


def test_other_keys_and_none_are_other_messages(connected: Api) -> None:
    ids = {send(connected, "a").json["id"], send(connected, "b").json["id"]}
    ids |= {connected.post(SEND, HELLO)["id"], connected.post(SEND, HELLO)["id"]}
    assert len(ids) == count(connected) == 4


def test_each_program_has_keys_of_its_own(connected: Api) -> None:
    other = connected.with_scopes("send")
    assert send(connected, "a").json["id"] != send(other, "a").json["id"]
    assert send(other, "a", message="hello!").status_code == 409


def test_a_refused_request_does_not_use_the_key(connected: Api) -> None:
    connected.live.publish(Status(Phase.LINKED, connected=False))
    assert send(connected, "a").status_code == 503
    assert send(connected, "a", message=" ").status_code == 422
    assert send(connected, "a", path="/whatsapp/nobody/send").status_code == 404
    connected.live.publish(Status(Phase.LINKED, connected=True))
    assert send(connected, "a").headers.get("Idempotent-Replay") is None
    assert count(connected) == 1


def test_the_answer_stays_whatever_happens_afterwards(connected: Api) -> None:
    """The caller that did not hear it the first time must not be told something else."""
    first = send(connected, "a")
    connected.live.publish(Status(Phase.UNLINKED))
    now = connected.services.now()
    with connected.database.write() as connection:
        settings.save(connection, Settings(enabled=False), now)
        outbox.cancel_all(connection, "The account was unlinked.")
    again = send(connected, "a")
    assert (again.status_code, again.json) == (202, first.json)
    told = connected.get(f"/whatsapp/messages/{first.json['id']}")
    assert (told["state"], told["error"]) == ("failed", "The account was unlinked.")


def test_many_at_once_in_two_processes(connected: Api, other_app: Flask) -> None:
    other = Api(other_app, connected.database, connected.live, connected.key)
    together = Barrier(AT_ONCE)

    def one(number: int) -> TestResponse:
        together.wait(PATIENCE)
        return send(connected if number % 2 else other, "a")

    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(one, range(AT_ONCE)))
    assert [answer.status_code for answer in answers] == [202] * AT_ONCE
    assert len({answer.json["id"] for answer in answers}) == 1
    replays = [answer.headers.get("Idempotent-Replay") for answer in answers]
    assert sorted(map(str, replays)) == ["None", *["true"] * (AT_ONCE - 1)]
    assert count(connected) == 1


def test_different_messages_at_once_with_one_key(connected: Api) -> None:
    together = Barrier(AT_ONCE)

    def one(number: int) -> int:
        together.wait(PATIENCE)
        return send(connected, "a", message=f"hello {number}").status_code

    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(one, range(AT_ONCE)))
    assert sorted(answers) == [202, *[409] * (AT_ONCE - 1)]
    assert count(connected) == 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 201, "schlüssel", "tab\tbed"])
def test_a_key_that_is_none(connected: Api, key: str) -> None:
    refused = send(connected, key)
    assert refused.status_code == 422
    assert refused.json["detail"] == (
        "Idempotency-Key: Use 1 to 200 letters, digits and signs, no spaces."
    )
    assert count(connected) == 0


def test_the_longest_key(connected: Api) -> None:
    key = "x" * 199 + "~"
    assert send(connected, key).json == send(connected, key).json
