"""Being linked, and the ways in which that ends."""

import pytest

from core.link import ATTEMPT, SESSION_ENDS, STOPPING_ENDS, End, Link, Phase, Status
from core.phone import Phone


def test_linked_is_having_a_number() -> None:
    assert Link(phone=Phone("+15551234567")).is_linked
    assert not Link().is_linked
    assert not Link(end=End.REMOVED_ON_PHONE).is_linked


def test_an_end_takes_the_session_or_waits_for_the_owner_never_both() -> None:
    assert not SESSION_ENDS & STOPPING_ENDS


def test_an_attempt_lasts_as_long_as_its_codes() -> None:
    assert ATTEMPT == 160


def test_a_status_says_no_more_than_it_knows() -> None:
    fresh = Status(Phase.UNLINKED)
    assert not fresh.connected
    assert (fresh.qr, fresh.code, fresh.phone, fresh.end) == (None, None, None, None)


@pytest.mark.parametrize("end", End)
def test_every_end_is_explained(end: End) -> None:
    words = end.words
    assert str(words.title)[0].isupper() and not str(words.title).endswith(".")
    assert str(words.explanation).endswith(".")
    assert words.advice is None or str(words.advice).endswith(".")


def test_an_end_in_a_line() -> None:
    assert End.CANCELLED.sentence == "Linking was cancelled. Nothing has changed on the phone."
    assert End.TIMED_OUT.sentence == (
        "The code was not used in time. An attempt lasts under three minutes. "
        "Have the phone at hand and start again."
    )
