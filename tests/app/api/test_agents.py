"""Agents as the API names them."""

import pytest

from tests.app.api.outbox import HELLO, list_outbox
from tests.app.api.program import Api


@pytest.mark.parametrize("agent", ["nobody", "Finn", "finn%20", "..%2f", "whatsapp"])
def test_an_unknown_agent(connected: Api, agent: str) -> None:
    assert connected.call("POST", f"/whatsapp/{agent}/send", HELLO).status_code == 404
    assert list_outbox(connected) == []
