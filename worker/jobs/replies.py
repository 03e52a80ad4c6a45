"""What turns come to: the agent's words, a sentence of ours, or a failure with both its sides."""

import traceback
from collections.abc import Callable
from dataclasses import asdict, replace

from core.models.failure import AgentFailed, Failure, make_error
from core.models.name import NAME_LENGTH
from core.text.chunks import split
from core.text.leaks import without_leaks
from core.text.whatsapp import to_whatsapp
from store.chats.turns import Answer
from worker.models.completion import Completion
from worker.models.failures import DETAIL

Scrub = Callable[[str], str]


def make_sentence(text: str) -> Answer:
    """A sentence of ours."""
    return Answer(texts=split(text), reply=text)


def make_failure(error: AgentFailed) -> Answer:
    sentence = make_sentence(str(error))
    detail = error.detail or None
    return replace(sentence, error_code=error.code, error_detail=detail, **asdict(error.spent))


def make_bug_report(bug: Exception, scrub: Scrub) -> Answer:
    """What a turn comes to when the program itself is wrong."""
    story = scrub("".join(traceback.format_exception(bug)))
    return make_failure(make_error(Failure.BUG, story[-DETAIL:]))


def make_answer(completion: Completion, scrub: Scrub) -> Answer:
    """An agent's words, as far as they are meant for a person. It has cost what it has cost, also
    when nothing of it can be shown."""
    reply = without_leaks(completion.text)
    texts = split(to_whatsapp(reply))
    answer = Answer(texts, reply, completion.history, error_detail=completion.remark or None)
    if not texts:
        answer = make_failure(_explain_nothing(completion, scrub))
    return replace(
        answer,
        model=str(completion.model)[:NAME_LENGTH],
        input_tokens=completion.input_tokens,
        output_tokens=completion.output_tokens,
        cost_usd=completion.cost_usd,
    )


def _explain_nothing(completion: Completion, scrub: Scrub) -> AgentFailed:
    if not completion.text.strip():
        return make_error(Failure.EMPTY_REPLY, completion.remark)
    return make_error(Failure.BAD_ANSWER, f"Not meant for a person: {scrub(completion.text)}")
