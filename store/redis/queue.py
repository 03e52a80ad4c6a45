"""The one RQ queue: `turns`. A job is a nudge to answer a chat; what to answer stands in SQL."""

import logging

from redis import Redis
from redis.exceptions import ConnectionError, TimeoutError
from rq import Queue
from rq.serializers import JSONSerializer

QUEUE = "turns"
# By name: a process that queues them need not load the AI library.
ANSWER = "worker.jobs.tasks.answer"
TRY_MODEL = "worker.jobs.tasks.try_model"
JOB_TIMEOUT = 1800  # seconds one job may go on answering a chat; a turn ends by itself before
RESULT_TTL = 60  # seconds a done job can still be looked at
FAILURE_TTL = 24 * 3600  # seconds a failed one can

log = logging.getLogger(__name__)


class Turns:
    """The queue of chats that want an answer. Threads may share it.

    `redis` must not decode responses: RQ needs bytes.
    """

    def __init__(self, redis: Redis) -> None:
        self.queue = Queue(QUEUE, connection=redis, serializer=JSONSerializer)

    def nudge(self, chat_id: int) -> bool:
        """Have a job look at this chat soon, by `after_commit` of what is to be seen there.

        Nudging often or in vain does no harm. False when Redis is out: then a sweeper of the jobs
        finds the chat, some seconds after Redis is back.
        """
        try:
            self.queue.enqueue(
                ANSWER,
                chat_id,
                job_timeout=JOB_TIMEOUT,
                result_ttl=RESULT_TTL,
                failure_ttl=FAILURE_TTL,
            )
        except (ConnectionError, TimeoutError) as error:
            log.warning("Redis does not answer, the nudge for chat %d is lost: %s", chat_id, error)
            return False
        return True

    def is_empty(self) -> bool:
        """Whether no chat waits for a free worker. Raises redis-py's errors when Redis is out."""
        return self.queue.count == 0
