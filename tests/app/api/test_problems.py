"""Whatever goes wrong under /v1 is JSON with a sentence and the right code."""

from typing import NoReturn

import pytest
from flask import Flask

from app import create_app
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


def test_a_method_that_an_address_does_not_know(api: Api) -> None:
    response = api.call("PATCH", CONFIG)
    assert response.status_code == 405
    assert {"GET", "PUT"} <= set(response.headers["Allow"].split(", "))


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
