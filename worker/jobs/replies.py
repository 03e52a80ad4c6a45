"""What turns come to: the agent's words, a sentence of ours, or a failure with both its sides."""

import traceback
from collections.abc import Callable
from dataclasses import asdict, replace

from core.models.failure import AgentFailed, Failure, failed
from core.text.chunks import split
from core.text.leaks import without_leaks
from core.text.whatsapp import to_whatsapp
from store.chats.turns import Answer
from worker.models.completion import Completion
from worker.models.failures import DETAIL

MODEL = 200  # characters of a model's name that are stored

Scrub = Callable[[str], str]


def said(text: str) -> Answer:
    """A sentence of ours."""
    return Answer(texts=split(text), reply=text)


def failure(error: AgentFailed) -> Answer:
    sentence = said(str(error))
    detail = error.detail or None
    return replace(sentence, error_code=error.code, error_detail=detail, **asdict(error.spent))


def broken(bug: Exception, scrub: Scrub) -> Answer:
    """What a turn comes to when the program itself is wrong."""
    story = scrub("".join(traceback.format_exception(bug)))
    return failure(failed(Failure.BUG, story[-DETAIL:]))


def spoken(completion: Completion, scrub: Scrub) -> Answer:
    """An agent's words, as far as they are meant for a person. It has cost what it has cost, also
    when nothing of it can be shown."""
    reply = without_leaks(completion.text)
    texts = split(to_whatsapp(reply))
    answer = Answer(texts, reply, completion.history, error_detail=completion.remark or None)
    if not texts:
        answer = failure(_unusable(completion, scrub))
    return replace(
        answer,
        model=str(completion.model)[:MODEL],
        input_tokens=completion.input_tokens,
        output_tokens=completion.output_tokens,
        cost_usd=completion.cost_usd,
    )


def _unusable(completion: Completion, scrub: Scrub) -> AgentFailed:
    if not completion.text.strip():
        return failed(Failure.EMPTY_REPLY, completion.remark)
    return failed(Failure.BAD_ANSWER, f"Not meant for a person: {scrub(completion.text)}")
