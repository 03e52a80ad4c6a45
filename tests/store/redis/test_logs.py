"""The end of the log in Redis: what gets there, and that nobody waits for it."""

import logging
import os

import pytest
from redis import Redis
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from store.redis import logs
from store.redis.logs import ERRORS, LINES, TEXT, Tail
from store.sql.engine import Database
from tests.services.processes import Spawner
from tests.waiting import until
from tests.worker.async_rq.worker_for_tests import MortalValkey

PROGRAM = """
import logging, os, structlog
from runtime import log
from config import Config
log.setup(Config.from_env(), "worker")
logger = structlog.get_logger("here")
logger.info("begun", phone="+15551234567", pairing_code="ABCD-EFGH", turns=3)
logging.getLogger("library").warning("%d things, %s", 3, "here")
try:
    secret = "hush"
    1 / 0
except ZeroDivisionError:
    logger.exception("went wrong", job=7)
if os.environ.get("FORK"):
    child = os.fork()
    logger.info("in the child" if child == 0 else "in the parent")
    if child:
        os.waitpid(child, 0)
"""


def test_what_a_process_said_is_found_after_its_end(spawn: Spawner, valkey_url, redis):
    process = spawn("-c", PROGRAM, env={"REDIS_URL": valkey_url})
    assert process.wait() == 0
    wrong, library, begun = logs.read_latest(redis)
    assert (begun.process, begun.pid, begun.level) == ("worker", process.pid, "info")
    assert (begun.event, begun.logger, begun.is_ours) == ("begun", "here", True)
    assert begun.fields["phone"] == "+15551234567" and begun.fields["turns"] == 3
    assert begun.fields["pairing_code"] == "[hidden]"
    assert (library.event, library.template) == ("3 things, here", "%d things, %s")
    assert not library.is_ours and begun.template == ""
    assert "ZeroDivisionError: division by zero" in wrong.exception
    assert wrong.fields == {"job": 7}
    assert logs.read_errors(redis) == [wrong]


def test_a_process_that_forked_is_heard_twice(spawn: Spawner, valkey_url, redis):
    process = spawn("-c", PROGRAM, env={"REDIS_URL": valkey_url, "FORK": "1"})
    assert process.wait() == 0
    said = {line.event: line.pid for line in logs.read_latest(redis)}
    assert said["in the parent"] == process.pid != said["in the child"]


def test_without_redis_a_process_works_and_ends(spawn: Spawner) -> None:
    process = spawn("-c", PROGRAM, env={"REDIS_URL": "unix:///nowhere/valkey.sock"})
    assert process.wait() == 0
    assert "went wrong" in process.output()


class Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f'{{"level": "{record.levelname.lower()}", "event": "{record.getMessage()}"}}'


@pytest.fixture
def logger(valkey_url: str, redis: Redis) -> logging.Logger:
    """One that belongs to nobody else."""
    tail = Tail(valkey_url, "test")
    tail.setFormatter(Plain())
    lone = logging.Logger("tests.tail")
    lone.addHandler(tail)
    return lone


def test_lines_come_in_order_and_the_oldest_go(logger: logging.Logger, redis: Redis) -> None:
    redis.lpush("djinn:log", *['{"old": 1}'] * LINES)
    redis.lpush("djinn:errors", *['{"old": 1}'] * ERRORS)
    logger.debug("chatter")
    logger.info("one")
    logger.error("two")
    logger.handlers[0].flush()
    assert [line.event for line in logs.read_latest(redis, 2)] == ["two", "one"]
    assert [line.event for line in logs.read_errors(redis, 1)] == ["two"]
    assert (redis.llen("djinn:log"), redis.llen("djinn:errors")) == (LINES, ERRORS)
    assert redis.ttl("djinn:log") > 0


def test_a_line_has_an_end(logger: logging.Logger, redis: Redis) -> None:
    logger.info("x" * 10 * TEXT)
    logger.handlers[0].flush()
    [line] = logs.read_latest(redis)
    assert len(line.event) == TEXT and line.pid == os.getpid()


def test_what_can_not_be_formatted_is_left_out(logger: logging.Logger, redis: Redis) -> None:
    logger.info("%d things", "many")
    logger.info("after")
    logger.handlers[0].flush()
    assert [line.event for line in logs.read_latest(redis)] == ["after"]


def test_what_another_version_wrote_is_read(redis: Redis) -> None:
    redis.lpush(
        "djinn:log",
        '{"at": 1.5, "process": "web", "host": "h", "pid": 1, "level": "info",'
        ' "event": "x", "mood": "good"}',
    )
    [line] = logs.read_latest(redis)
    assert line.event == "x" and line.fields == {}


def test_an_outage_of_redis_is_caught_up() -> None:
    with MortalValkey() as server:
        tail = Tail(server.url, "test")
        tail.setFormatter(Plain())
        logger = logging.Logger("tests.outage")
        logger.addHandler(tail)
        server.kill()
        for number in range(3):
            logger.info("%d", number)
        server.start()
        with Redis.from_url(server.url) as redis:
            until(lambda: len(logs.read_latest(redis)) == 3, "the lines")
            assert [line.event for line in logs.read_latest(redis)] == ["2", "1", "0"]


def test_what_is_too_much_is_dropped_and_nobody_waits() -> None:
    tail = Tail("unix:///nowhere/valkey.sock", "test")
    tail.setFormatter(Plain())
    logger = logging.Logger("tests.flood")
    logger.addHandler(tail)
    for _ in range(5 * LINES):
        logger.info("water")
    assert tail._records.qsize() <= LINES


def test_an_error_of_the_database_does_not_quote_what_people_wrote(database: Database) -> None:
    statement = text("INSERT INTO nowhere VALUES (:said)")
    with pytest.raises(DBAPIError) as caught, database.write() as connection:
        connection.execute(statement, {"said": "my diary"})
    assert "diary" not in f"{caught.value!r} {caught.value}"
