"""Whatever goes wrong under /v1 is JSON with a sentence and the right code."""

import json
from typing import NoReturn

import pytest
from flask import Flask

from app import create_app
from app.api.operation import BODY_LIMIT
from app.web.ext import Services
from config import Config
from tests.app.api.program import Api

CONFIG = "/whatsapp/config"


@pytest.mark.parametrize(
    "path",
    ["/nothing", "", "/", "/whatsapp/config/", "/whatsapp//config", "/whatsapp/allowlist/x"],
)
def test_an_address_without_anything(api: Api, path: str) -> None:
    assert "/v1/openapi.json" in api.refused(404, "GET", path)


def test_a_number_that_no_row_can_have(api: Api) -> None:
    for number in (2**63, 10**40, -1):
        api.refused(404, "PUT", f"/whatsapp/allowlist/{number}", {})
    assert api.refused(404, "PUT", f"/whatsapp/allowlist/{2**63 - 1}", {}) == (
        "Allowlist entry not found"
    )


def test_a_method_that_an_address_does_not_know(api: Api) -> None:
    response = api.call("PATCH", CONFIG)
    assert response.status_code == 405
    assert {"GET", "PUT"} <= set(response.headers["Allow"].split(", "))


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"ackEmoji": "\\ud800"}', b"[" * 9000])
def test_a_body_that_is_not_json(api: Api, body: bytes) -> None:
    response = api.call("PUT", CONFIG, data=body, content_type="application/json")
    assert response.status_code == 400
    assert response.json["detail"].startswith("The body can't be read.")


@pytest.mark.parametrize("body", ["[]", "3", "null", '"text"'])
def test_a_body_that_is_no_object(api: Api, body: str) -> None:
    response = api.call("PUT", CONFIG, data=body, content_type="application/json")
    assert response.status_code == 422
    assert response.json["detail"] == "The body must be an object."


def test_a_body_of_another_kind(api: Api) -> None:
    response = api.call("PUT", CONFIG, data={"enabled": "true"})
    assert response.status_code == 415
    assert "application/json" in response.json["detail"]


def test_a_body_that_is_too_large(api: Api) -> None:
    body = json.dumps({"ackEmoji": "x" * BODY_LIMIT})
    response = api.call("PUT", CONFIG, data=body, content_type="application/json")
    assert response.status_code == 413


def test_a_bug(api: Api) -> None:
    def broken() -> NoReturn:
        raise RuntimeError("a secret")

    api.services.now = broken
    response = api.app.test_client().get(
        "/v1/whatsapp/config", headers={"Authorization": f"Bearer {api.key}"}
    )
    assert response.status_code == 500
    assert response.json == {"detail": "Something went wrong here; the log has the details."}


def test_a_database_that_is_away(api: Api, env: dict[str, str], valkey_url: str) -> None:
    """One that nobody has migrated, which answers as little."""
    app = create_app(Config.from_env({**env, "REDIS_URL": valkey_url}))
    lonely = Api(app, services(app).db, api.live, api.key)
    assert lonely.refused(503, "GET", CONFIG) == "The database does not answer."
    close(app)


def test_redis_that_is_away(api: Api, env: dict[str, str], database_url: str) -> None:
    away = {"DATABASE_URL": database_url, "REDIS_URL": "unix:///nowhere/valkey.sock"}
    app = create_app(Config.from_env({**env, **away}))
    lonely = Api(app, api.database, services(app).live, api.key)
    assert lonely.refused(503, "POST", "/whatsapp/link") == "Redis does not answer."
    message = {"to": "+15551234567", "message": "hello"}
    assert lonely.refused(503, "POST", "/whatsapp/finn/send", message) == "Redis does not answer."
    assert lonely.get("/whatsapp/link/status")["connected"] is False
    assert lonely.get(CONFIG)["enabled"] is False
    close(app)


def services(app: Flask) -> Services:
    found: Services = app.extensions["djinnbot"]
    return found


def close(app: Flask) -> None:
    services(app).live.redis.close()
    services(app).db.close()
