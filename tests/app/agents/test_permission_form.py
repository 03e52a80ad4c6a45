"""The form of a send permission."""

from types import SimpleNamespace
from typing import Any

import pytest

from app.agents.permission_form import PermissionForm
from core.agents.agent import Agent
from tests.app.filling import fill

REGISTRY: Any = SimpleNamespace(agents={"finn": Agent("finn", "Finn")})
MISSING = "Enter a number such as +15551234567, a prefix such as +1555*, or *."
CONFIRM = "Confirm that, or enter a number or a prefix."


class Form(PermissionForm):
    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self.agent.offer(REGISTRY, None)


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({}, {}),
        ({"pattern": "*", "is_sure": "y"}, {}),
        ({"pattern": "*"}, {"is_sure": [CONFIRM]}),
        ({"pattern": ""}, {"pattern": [MISSING]}),
        ({"pattern": "123456789012345@lid"}, None),
        ({"agent": ""}, {"agent": ["Choose an agent."]}),
        ({"label": "x" * 201}, {"label": ["At most 200 characters."]}),
    ],
)
def test_each_mistake_has_its_sentence(
    typed: dict[str, str], errors: dict[str, list[str]] | None
) -> None:
    form, found = fill(Form, **{"agent": "finn", "pattern": "+1555*", **typed})
    if errors is None:
        assert set(found) == {"pattern"}
    else:
        assert found == errors
    assert form.asks is (typed.get("pattern") == "*")
