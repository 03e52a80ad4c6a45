"""Each way to fail has words for the person who wrote, and other ones for the owner."""

import pytest

from core.models.failure import Failure, make_error


@pytest.mark.parametrize("failure", Failure)
def test_each_failure_has_its_two_sentences(failure: Failure) -> None:
    for sentence in (failure.sentence, failure.for_owner):
        assert sentence.endswith((".", "!")) and 10 < len(sentence) < 250
    assert failure.sentence != failure.for_owner


@pytest.mark.parametrize("failure", Failure)
def test_the_person_is_not_bothered_with_the_machinery(failure: Failure) -> None:
    words = failure.sentence.lower()
    assert not any(word in words for word in ("key", "provider", "http", "token", "djinnbot"))


def test_what_is_raised_says_the_persons_sentence_and_keeps_the_detail() -> None:
    error = make_error(Failure.AUTH, "401: no")
    assert str(error) == Failure.AUTH.sentence and error.detail == "401: no"
    assert error.code == "auth"


@pytest.mark.parametrize(
    "failure", [Failure.REFUSED, Failure.EMPTY_REPLY, Failure.TOO_MANY_STEPS, Failure.BUG]
)
def test_some_failures_are_not_the_models_own(failure: Failure) -> None:
    assert not failure.may_pass_elsewhere
