"""The description of the API says what there is, no less and no more. So does docs/api.md."""

import re

import pytest
from flask import Flask

from app.api import OPERATIONS
from config import ROOT
from store.account.api_keys import SCOPES
from tests.app.api.program import describe_api, document, openapi_path

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def routes(app: Flask) -> set[tuple[str, str]]:
    """Every route under /v1 as (method, path with {parts})."""
    return {
        (method, re.sub(r"<(?:[^<>]*:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/v1")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


@pytest.fixture
def described(app: Flask) -> dict:
    return document(app)


def test_every_route_is_described_and_every_description_is_a_route(
    app: Flask, described: dict
) -> None:
    found = {(method.upper(), path) for path, item in described["paths"].items() for method in item}
    assert found == routes(app)
    assert found == {(each.method, openapi_path(each)) for each in OPERATIONS}


def test_what_the_tests_hold_answers_to_is_what_is_served(described: dict) -> None:
    assert describe_api() == described


def test_it_is_openapi_3_1_with_unique_names(described: dict) -> None:
    assert described["openapi"] == "3.1.0"
    names = [each["operationId"] for item in described["paths"].values() for each in item.values()]
    assert len(names) == len(set(names)) == len(OPERATIONS)


def test_every_reference_leads_somewhere_and_every_schema_is_used(described: dict) -> None:
    references = set(re.findall(r"#/components/schemas/(\w+)", str(described)))
    assert references == set(described["components"]["schemas"])


def test_every_part_of_a_path_is_a_parameter(described: dict) -> None:
    for path, item in described["paths"].items():
        for operation in item.values():
            parameters = operation.get("parameters", [])
            parts = [each["name"] for each in parameters if each["in"] == "path"]
            assert parts == re.findall(r"{(\w+)}", path)
            assert all(each["required"] == (each["in"] == "path") for each in parameters)


def test_keys_and_bodies_bring_their_refusals(described: dict) -> None:
    for item in described["paths"].values():
        for operation in item.values():
            responses = set(operation["responses"])
            if operation["security"]:
                assert responses >= {"401", "403", "429", "503"}
                assert "Retry-After" in operation["responses"]["429"]["headers"]
            if "requestBody" in operation:
                assert responses >= {"400", "413", "415", "422"}


def test_limits_are_part_of_it(described: dict) -> None:
    schemas = described["components"]["schemas"]
    minutes = schemas["ConfigChange"]["properties"]["stickyTtlMinutes"]["anyOf"][0]
    assert minutes == {"type": "integer", "minimum": 5, "maximum": 120}
    assert schemas["NewMessage"]["properties"]["message"]["maxLength"] == 65_536
    assert schemas["NewMessage"]["required"] == ["to", "message"]
    assert set(schemas["MessageState"]["required"]) == {
        *("id", "agentId", "state", "error", "sentAt", "chunks")
    }


def test_the_page_has_every_route_and_no_other(app: Flask) -> None:
    headings = re.findall(r"^### `(GET|PUT|POST|DELETE) (/v1/\S+)`$", PAGE, re.MULTILINE)
    assert set(headings) == routes(app)
    assert len(headings) == len(set(headings))


def test_the_page_shows_how_to_call_each_of_them(app: Flask) -> None:
    called = set()
    for section in PAGE.split("\n### `")[1:]:
        method, path = section.split("`")[0].split()
        if "curl" in section:
            called.add((method, path))
    assert called == routes(app)


def test_the_page_has_every_scope_and_every_field() -> None:
    fields = {
        str(field.alias)
        for operation in OPERATIONS
        for model in (operation.body, operation.answer)
        if model
        for field in model.model_fields.values()
        if field.alias
    }
    missing = [word for word in sorted({*SCOPES, *fields}) if f"{word}" not in PAGE]
    assert missing == []
