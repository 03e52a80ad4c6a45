"""Which processes run, as far as Redis tells."""

import pytest

from tests.app.visitor import Visitor


def test_it_says_which_process_is_missing(stranger: Visitor) -> None:
    answer = stranger.open("/up/ready")
    assert answer.status_code == 503
    assert answer.json == {
        "status": "unavailable",
        "problems": {
            "worker": "No worker is running.",
            "jobs": "No jobs process is running.",
        },
    }


@pytest.mark.usefixtures("redis_away")
def test_it_says_that_redis_is_away(stranger: Visitor) -> None:
    answer = stranger.open("/up/ready")
    assert answer.status_code == 503
    assert answer.json["problems"] == {"redis": "Redis does not answer."}
