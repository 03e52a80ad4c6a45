"""Which agent comes first, and agents that are gone."""

import pytest

from core.agents.routing import Absence, Route, Why, route

HERE = {"finn", "yukihiro", "eric"}


@pytest.mark.parametrize(
    ("sticky", "sender", "fallback", "expected"),
    [
        ("finn", "eric", "yukihiro", Route("finn", Why.STICKY)),
        (None, "eric", "yukihiro", Route("eric", Why.SENDER_DEFAULT)),
        (None, None, "yukihiro", Route("yukihiro", Why.FALLBACK)),
        (None, None, None, Route(None, Why.NO_AGENT)),
        ("gone", "eric", "finn", Route("eric", Why.SENDER_DEFAULT, ("gone",))),
        ("gone", "lost", "finn", Route("finn", Why.FALLBACK, ("gone", "lost"))),
        ("gone", None, "gone", Route(None, Why.NO_AGENT, ("gone",))),
        (None, "gone", None, Route(None, Why.NO_AGENT, ("gone",))),
        ("finn", "gone", None, Route("finn", Why.STICKY)),
    ],
)
def test_who_answers(
    sticky: str | None, sender: str | None, fallback: str | None, expected: Route
) -> None:
    found = route(sticky=sticky, sender_default=sender, fallback=fallback, registry=HERE)
    assert found == expected


def test_an_empty_registry_answers_nobody() -> None:
    found = route(sticky="finn", sender_default="eric", fallback="eric", registry=())
    assert found == Route(None, Why.NO_AGENT, ("finn", "eric"))


def test_every_choice_and_every_absence_has_a_sentence() -> None:
    assert all(str(each.sentence) for each in (*Why, *Absence))
