"""What RQ calls by name is there."""

import inspect

from rq.utils import import_attribute

from store.redis.queue import ANSWER, TRY_MODEL
from worker.jobs import tasks


def test_the_names_of_the_jobs_resolve() -> None:
    assert import_attribute(ANSWER) is tasks.answer
    assert import_attribute(TRY_MODEL) is tasks.try_model
    assert all(map(inspect.iscoroutinefunction, (tasks.answer, tasks.try_model)))
