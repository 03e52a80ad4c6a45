"""Tests of models, from the asking to the outcome."""

from datetime import timedelta
from typing import Any

import pytest
from redis import Redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from store.redis import model_tests
from store.redis.model_tests import ModelTestResult, ModelTests
from store.redis.queue import QUEUE, Turns

ENDED = "The process that was asking ended meanwhile."


def answer_well(model: str) -> dict[str, Any]:
    return {"is_good": True, "said": f"I am {model}.", "code": None, "seconds": 0.5}


def break_off(model: str) -> None:
    raise ValueError(model)


def work(redis: Redis) -> None:
    """As a jobs process does: take what waits, and no more."""
    queue = Queue(QUEUE, connection=redis, serializer=JSONSerializer)
    worker = SimpleWorker([queue], connection=redis, serializer=JSONSerializer)
    worker.work(burst=True, max_jobs=1, logging_level="ERROR")


def test_it_waits_before_the_messages_until_it_is_taken(redis: Redis) -> None:
    Turns(redis).nudge(1)
    trials = ModelTests(redis)
    number = trials.ask("demo/echo")
    assert Turns(redis).queue.job_ids[0] == number
    trial = trials.look(number)
    assert trial and (trial.model, trial.is_taken, trial.outcome) == ("demo/echo", False, None)
    assert timedelta(0) <= trial.asked < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("function", "outcome"),
    [
        (answer_well, ModelTestResult(True, "I am demo/echo.", None, 0.5)),
        (
            break_off,
            ModelTestResult(False, "The process that was asking ended meanwhile.", code="bug"),
        ),
    ],
)
def test_what_came_of_it(
    redis: Redis, monkeypatch: pytest.MonkeyPatch, function: Any, outcome: ModelTestResult
) -> None:
    monkeypatch.setattr(model_tests, "TRY_MODEL", f"{__name__}.{function.__name__}")
    trials = ModelTests(redis)
    number = trials.ask("demo/echo")
    work(redis)
    trial = trials.look(number)
    assert trial and trial.is_taken and trial.outcome == outcome


def test_what_is_no_trial_is_none(redis: Redis) -> None:
    trials = ModelTests(redis)
    Turns(redis).nudge(1)
    [job_id] = Turns(redis).queue.job_ids
    for number in (job_id, "unknown", "", "a b"):
        assert trials.look(number) is None


def test_one_that_was_given_up_is_gone(redis: Redis) -> None:
    trials = ModelTests(redis)
    number = trials.ask("demo/echo")
    trials.give_up(number)
    trials.give_up(number)
    assert trials.look(number) is None and Turns(redis).is_empty()
