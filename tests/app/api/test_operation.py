"""What every operation refuses."""

import json

import pytest

from app.api.operation import BODY_LIMIT
from tests.app.api.program import Api

CONFIG = "/whatsapp/config"


def test_a_number_that_no_row_can_have(api: Api) -> None:
    for number in (2**63, 10**40, -1):
        api.refused(404, "PUT", f"/whatsapp/allowlist/{number}", {})
    assert api.refused(404, "PUT", f"/whatsapp/allowlist/{2**63 - 1}", {}) == (
        "Allowlist entry not found"
    )


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
