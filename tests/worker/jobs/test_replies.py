"""What turns come to."""

from decimal import Decimal

from core.models.failure import Failure, make_error
from core.models.name import ModelName
from core.models.usage import Spent
from worker.jobs import replies
from worker.models.completion import Completion

MODEL = ModelName.parse("custom/small")


def scrub(text: str) -> str:
    return text.replace("secret", "[key]")


def completion(text: str, **facts: object) -> Completion:
    return Completion(text, [{"kind": "request"}], MODEL, **facts)  # type: ignore[arg-type]


def test_an_agents_words_are_sent_formatted_and_kept_as_they_are() -> None:
    counted = {"input_tokens": 3, "output_tokens": 2, "cost_usd": Decimal(1), "remark": "odd"}
    answer = replies.make_answer(completion("**Hi**", **counted), scrub)
    assert (list(answer.texts), answer.reply, answer.model) == (["*Hi*"], "**Hi**", "custom/small")
    assert (answer.error_code, answer.error_detail) == (None, "odd")
    assert (answer.input_tokens, answer.output_tokens, answer.cost_usd) == (3, 2, Decimal(1))
    assert answer.history == [{"kind": "request"}]


def test_nothing_said_is_a_failure_that_has_cost_what_it_has_cost() -> None:
    answer = replies.make_answer(completion(" \n", output_tokens=2), scrub)
    assert answer.error_code == Failure.EMPTY_REPLY.value
    assert answer.reply == Failure.EMPTY_REPLY.sentence and answer.output_tokens == 2


def test_a_bug_is_told_neutrally_and_the_owner_gets_its_story() -> None:
    try:
        raise ZeroDivisionError("a secret")
    except ZeroDivisionError as error:
        answer = replies.make_bug_report(error, scrub)
    assert (answer.error_code, answer.reply) == (Failure.BUG.value, Failure.BUG.sentence)
    assert answer.error_detail and answer.error_detail.endswith("ZeroDivisionError: a [key]\n")


def test_a_failure_has_both_its_sides() -> None:
    answer = replies.make_failure(
        make_error(Failure.TIMEOUT, "after 60 s", spent=Spent(input_tokens=5))
    )
    assert (list(answer.texts), answer.input_tokens) == ([Failure.TIMEOUT.sentence], 5)
    assert (answer.error_code, answer.error_detail) == ("timeout", "after 60 s")
    assert replies.make_failure(make_error(Failure.TIMEOUT)).error_detail is None


def test_a_sentence_of_ours() -> None:
    answer = replies.make_sentence("Nothing to stop.")
    assert (list(answer.texts), answer.reply) == (["Nothing to stop."], "Nothing to stop.")
