"""What went over the wire."""

from flask.testing import FlaskClient


def test_nothing_is_shown_of_the_wire_before_it_is_asked_for(client: FlaskClient) -> None:
    assert client.get("/wire").json == {"stanzas": []}
