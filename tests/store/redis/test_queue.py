"""A nudge to answer a chat."""

import importlib

import pytest
from redis import Redis
from redis.exceptions import ConnectionError

from store.redis import valkey
from store.redis.queue import ANSWER, JOB_TIMEOUT, TRY_MODEL, Turns


def test_a_nudge_is_a_job_that_names_the_chat(redis: Redis) -> None:
    turns = Turns(redis)
    assert turns.is_empty()
    assert turns.nudge(7) and turns.nudge(7)
    assert not turns.is_empty()
    jobs = turns.queue.jobs
    assert [(job.func_name, list(job.args)) for job in jobs] == [(ANSWER, [7])] * 2
    assert {job.timeout for job in jobs} == {JOB_TIMEOUT}


@pytest.mark.parametrize("name", [ANSWER, TRY_MODEL])
def test_what_it_names_is_there(name: str) -> None:
    module, _, function = name.rpartition(".")
    assert callable(getattr(importlib.import_module(module), function))


def test_without_redis_the_nudge_is_lost_and_nothing_else() -> None:
    turns = Turns(valkey.connect("unix:///nowhere/valkey.sock"))
    assert turns.nudge(7) is False
    with pytest.raises(ConnectionError):
        turns.is_empty()
