"""Who may call what."""

from datetime import timedelta

import pytest

from app.api import OPERATIONS
from app.api.operation import Operation
from store.account import api_keys
from tests.app.api.program import Api

GUARDED = [operation for operation in OPERATIONS if operation.scopes]


def address(operation: Operation) -> str:
    parts = [("1" if part.startswith("<") else part) for part in operation.path.split("/")]
    return "/".join(parts)


@pytest.mark.parametrize("operation", GUARDED, ids=lambda operation: operation.name)
def test_every_operation_wants_its_scope(api: Api, operation: Operation) -> None:
    call = (operation.method, address(operation))
    others = [scope for scope in api_keys.SCOPES if scope not in operation.scopes]
    sentence = api.with_scopes(*others).refused(403, *call)
    assert all(scope in sentence for scope in operation.scopes)


def test_only_the_description_is_open_to_all() -> None:
    assert [each.path for each in OPERATIONS if not each.scopes] == ["/openapi.json"]


@pytest.mark.parametrize("scope", sorted({*api_keys.SCOPES} - {"metrics"}))
def test_every_scope_opens_something(scope: str) -> None:
    assert any(scope in operation.scopes for operation in OPERATIONS)


def test_either_scope_of_two_is_enough(api: Api) -> None:
    for scope in ("link", "config:read"):
        assert api.with_scopes(scope).get("/whatsapp/link/status")["linked"] is False


def test_a_refusal_says_how_to_authenticate(api: Api) -> None:
    response = api.with_key("djinn_wrong").call("GET", "/whatsapp/config")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert "unknown or was revoked" in response.json["detail"]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic dTpw", "djinn_x", "Bearer é"])
def test_a_malformed_header_is_no_key(api: Api, header: str) -> None:
    response = api.app.test_client().get("/v1/whatsapp/config", headers={"Authorization": header})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_the_scheme_is_read_in_any_case(api: Api) -> None:
    headers = {"Authorization": f"bearer {api.key}"}
    response = api.app.test_client().get("/v1/whatsapp/config", headers=headers)
    assert response.status_code == 200


def test_a_revoked_key_opens_nothing(api: Api) -> None:
    with api.database.write() as connection:
        [key] = api_keys.load(connection)
        api_keys.revoke(connection, key.id, key.created_at)
    api.refused(401, "GET", "/whatsapp/config")


def test_its_use_is_written_at_most_once_a_minute(api: Api) -> None:
    start = api.services.now()

    def used_at(offset: timedelta) -> timedelta:
        api.services.now = lambda: start + offset
        api.get("/whatsapp/config")
        with api.database.read() as connection:
            [key] = api_keys.load(connection)
        assert key.last_used_at
        return key.last_used_at - start

    assert used_at(timedelta(0)) == timedelta(0)
    assert used_at(timedelta(seconds=59)) == timedelta(0)
    assert used_at(timedelta(seconds=60)) == timedelta(seconds=60)
