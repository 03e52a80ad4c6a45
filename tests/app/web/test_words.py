"""How the templates write values."""

from app.web.words import explain_absence, explain_choice, explain_reason
from core.agents.routing import Absence, Why
from core.messages.message import Reason


def test_a_reason_as_the_database_has_it() -> None:
    assert explain_reason("blocked") == explain_reason(Reason.BLOCKED) == Reason.BLOCKED.sentence


def test_a_message_that_waits_for_its_decision() -> None:
    assert explain_reason(None) == "Nothing has been decided yet."


def test_a_reason_that_only_another_version_knows() -> None:
    assert explain_reason("by_the_moon") == "by_the_moon"


def test_choices_and_absences_as_the_database_has_them() -> None:
    assert explain_choice("fallback") == str(Why.FALLBACK.sentence)
    assert explain_absence("broken") == str(Absence.BROKEN.sentence)
    assert explain_choice("by_the_moon") == explain_absence("by_the_moon") == "by_the_moon"
