"""The requests of DjinnBot's own clients, as its dashboard and its agents send them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from core.link import Phase, Status
from core.phone import Phone
from core.settings import Settings
from store import link, settings
from store.redis.live import Request
from tests.app.api.program import Api, worker

Ask = Callable[..., Any]


@pytest.fixture
def ask(api: Api) -> Ask:
    """A request as `fetch` makes it, with exactly this text as its body."""

    def ask(method: str, path: str, body: str | None = None) -> Any:
        options: dict[str, Any] = {"headers": {"Accept": "*/*", "Origin": "http://localhost:3000"}}
        if body is not None:
            options |= {"data": body, "content_type": "application/json"}
        response = api.call(method, path, **options)
        assert 200 <= response.status_code < 300, response.text  # `Response.ok`
        return json.loads(response.text)

    return ask


def be_linked(api: Api) -> None:
    with api.database.write() as connection:
        link.record_link(connection, Phone("+15550000000"), "DjinnBot", api.services.now())


def test_the_settings_page(ask: Ask) -> None:
    config = ask("GET", "/whatsapp/config")
    shown = {"enabled", "phoneNumber", "linked", "defaultAgentId", "stickyTtlMinutes", "allowAll"}
    assert shown | {"ackEmoji"} <= set(config)
    assert ask("PUT", "/whatsapp/config", '{"enabled":true}')["enabled"] is True
    assert ask("PUT", "/whatsapp/config", '{"allowAll":false}')["allowAll"] is False
    assert ask("PUT", "/whatsapp/config", '{"stickyTtlMinutes":45}')["stickyTtlMinutes"] == 45
    assert ask("PUT", "/whatsapp/config", '{"defaultAgentId":"eric"}')["defaultAgentId"] == "eric"
    # "None" is chosen: the dashboard leaves the field out.
    assert ask("PUT", "/whatsapp/config", "{}")["defaultAgentId"] == "eric"
    assert ask("PUT", "/whatsapp/config", '{"ackEmoji":"👀"}')["ackEmoji"] == "👀"
    assert ask("PUT", "/whatsapp/config", '{"ackEmoji":""}')["ackEmoji"] is None


def test_linking_by_a_qr_code(api: Api, ask: Ask) -> None:
    def begin(request: Request) -> None:
        api.live.publish(Status(Phase.SCAN, attempt=request.id, qr="2@secret", number=1, of=6))

    api.live.publish(Status(Phase.UNLINKED))
    with worker(api.live, {"link": begin}):
        assert ask("POST", "/whatsapp/link") == {"qr": "2@secret"}
    status = ask("GET", "/whatsapp/link/status")
    assert (status["linked"], status["phoneNumber"]) == (False, None)
    be_linked(api)
    status = ask("GET", "/whatsapp/link/status")
    assert (status["linked"], status["phoneNumber"]) == (True, "+15550000000")


def test_linking_by_a_pairing_code(api: Api, ask: Ask) -> None:
    def begin(request: Request) -> None:
        api.live.publish(Status(Phase.CODE, attempt=request.id, code="ABCD-1234"))

    api.live.publish(Status(Phase.UNLINKED))
    with worker(api.live, {"code": begin}):
        answer = ask("POST", "/whatsapp/link/pairing-code", '{"phoneNumber":"+15551234567"}')
    assert answer == {"code": "ABCD-1234"}


def test_the_allowlist_page(ask: Ask) -> None:
    assert ask("GET", "/whatsapp/allowlist") == {"entries": [], "total": 0}
    first = ask("POST", "/whatsapp/allowlist", '{"phoneNumber":"+15551234567"}')
    second = ask(
        "POST",
        "/whatsapp/allowlist",
        '{"phoneNumber":"+1555*","label":"The team","defaultAgentId":"finn"}',
    )
    fields = {"id", "phoneNumber", "label", "defaultAgentId", "createdAt", "updatedAt"}
    assert set(first) == fields
    assert all(isinstance(first[each], int) for each in ("id", "createdAt", "updatedAt"))
    assert ask("GET", "/whatsapp/allowlist") == {"entries": [second, first], "total": 2}
    path = f"/whatsapp/allowlist/{first['id']}"
    assert ask("PUT", path, '{"label":"Ana"}')["label"] == "Ana"
    assert ask("DELETE", path) == {"status": "ok", "id": first["id"]}
    assert ask("DELETE", path) == {"status": "ok", "id": first["id"]}


@pytest.mark.parametrize("urgent", ["true", "false"])
def test_an_agents_tool_that_sends(api: Api, ask: Ask, urgent: str) -> None:
    be_linked(api)
    with api.database.write() as connection:
        settings.save(connection, Settings(enabled=True), api.services.now())
    api.live.publish(Status(Phase.LINKED, connected=True))
    body = '{"to":"+15551234567","message":"*Done*: the _build_","urgent":' + urgent + "}"
    answer = ask("POST", "/whatsapp/finn/send", body)
    assert (answer["status"], answer["agentId"]) == ("queued", "finn")


def test_it_shows_the_sentence_of_a_503_to_its_agent(api: Api) -> None:
    body = {"to": "+15551234567", "message": "hello", "urgent": False}
    sentence = api.refused(503, "POST", "/whatsapp/finn/send", body)
    assert sentence.startswith("WhatsApp is not connected")
