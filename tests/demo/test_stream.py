"""What an open page is sent."""

import json
from itertools import islice

from flask.testing import FlaskClient

from tests.demo.conftest import Hands


def test_the_stream_begins_with_everything_and_goes_on_with_what_is_new(
    client: FlaskClient, hands: Hands
) -> None:
    events = client.get("/stream", buffered=False).response
    _, first = islice(events, 2)
    told = json.loads(first.removeprefix(b"data: "))
    assert told["first"] is True
    assert {"linked", "allowed", "answered", "faults", "panel"} < set(told["set"])
    assert told["set"][f"phone:{hands.alice.number}"]["name"] == "Alice"
    hands.do("rename", hands.alice, name="Alicia")
    told = json.loads(next(events).removeprefix(b"data: "))
    assert told["first"] is False and told["gone"] == []
    assert told["set"][f"phone:{hands.alice.number}"]["name"] == "Alicia"
    events.close()
