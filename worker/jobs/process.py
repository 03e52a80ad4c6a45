"""`python -m worker.jobs`: the process that answers. Many chats at a time on one event loop.

Start as many of these as there is work; the leases in SQL keep them out of each other's way.
"""

import asyncio
import gc
import os
import secrets
import sys
import time
from datetime import UTC, datetime

import structlog
from redis import Redis
from rq.serializers import JSONSerializer

from config import Config, ConfigError
from runtime import log as logs
from store import retention
from store.agents.agents import AgentFolder
from store.agents.provider_keys import Keyring
from store.redis.live import Live, make_heartbeat
from store.redis.queue import Turns
from store.retention import Rule
from store.services import NotReady, open_services
from store.sql.engine import Database
from worker.async_rq.async_worker import AsyncWorker
from worker.jobs import tasks
from worker.jobs.chat_loop import LEASE, ChatLoop
from worker.models.completion import Completer

HEARTBEAT_SECONDS = 5.0
SWEEP_SECONDS = 5.0
LET_GO_SECONDS = 3600.0
BETWEEN_BATCHES = 0.1  # seconds
RENEW_SECONDS = LEASE.total_seconds() / 4
GRACE_SECONDS = 8.0  # for running turns at the end; with what follows less than ./run's 15 s

log = structlog.get_logger(__name__)


class Process:
    """What goes on beside the jobs, on the same loop."""

    def __init__(self, config: Config, database: Database, redis: Redis) -> None:
        self.turns = Turns(redis)
        self.completer = Completer(Keyring(database, config))
        self._agents = AgentFolder(config.agents_dir)
        self._live = Live(redis)
        self.chat_loop = ChatLoop(
            config=config,
            database=database,
            live=self._live,
            agents=self._agents,
            completer=self.completer,
        )
        self._database = database
        self._id = secrets.token_hex(8)
        self._started_at = time.time()

    async def start(self) -> None:
        await self.completer.warm_up()
        # The libraries stay as they are: no collection need look at them again, the last one
        # included, which would take seconds and delay a restart.
        gc.freeze()
        log.info("ready to answer", agents=sorted(self._agents.load().agents))

    async def stop(self) -> None:
        await self.chat_loop.in_thread(self._live.remove_heartbeat, "jobs", self._id)
        await self.chat_loop.tools.close()
        self.chat_loop.close()
        await self.completer.close()

    async def repeat_heartbeat(self) -> None:
        """Say that this process lives and what it is at."""
        while True:
            running = self.chat_loop.running
            sent = make_heartbeat(self._id, self._started_at, running=running)
            await self.chat_loop.in_thread(self._live.record_heartbeat, "jobs", sent)
            await asyncio.sleep(HEARTBEAT_SECONDS)

    async def keep_leases(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            await self.chat_loop.renew_leases()

    async def listen(self) -> None:
        await self.chat_loop.listen()

    async def sweep(self) -> None:
        """Find the chats whose nudge was lost or whose job died. While others wait in the queue
        there is no hurry: the lost one's turn would not come sooner."""
        while True:
            if await self.chat_loop.in_thread(self.turns.is_empty):
                for chat_id in await self.chat_loop.find_neglected():
                    log.info("chat was neglected", chat=chat_id)
                    await self.chat_loop.in_thread(self.turns.nudge, chat_id)
            await asyncio.sleep(SWEEP_SECONDS)

    async def let_go(self) -> None:
        """Every hour, what has lost its value: a little at a time, so that
        nothing waits for the database for long."""
        while True:
            for rule in retention.RULES:
                count = await self._let_go(rule)
                if count:
                    log.info("let go of what is too old", what=rule.name, rows=count)
            await asyncio.sleep(LET_GO_SECONDS)

    async def _let_go(self, rule: Rule) -> int:
        gone = 0
        while True:
            now = datetime.now(UTC)
            found = await self.chat_loop.in_thread(retention.let_go, self._database, rule, now)
            gone += found
            if found < retention.BATCH:
                return gone
            await asyncio.sleep(BETWEEN_BATCHES)


def main() -> int:
    try:
        config = Config.from_env()
    except ConfigError as error:
        print(error, file=sys.stderr)
        return os.EX_CONFIG
    logs.setup(config, "jobs")
    try:
        database, redis = open_services(config)
    except NotReady as error:
        log.error("can't start", error=str(error))
        return 1
    process = Process(config, database, redis)
    tasks.SERVICES.set(tasks.Services(process.chat_loop, process.completer))
    worker = AsyncWorker(
        process.turns.queue,
        connection=redis,
        serializer=JSONSerializer,
        concurrency=config.jobs_concurrency,
        grace=GRACE_SECONDS,
        on_start=process.start,
        on_stop=process.stop,
        background=[
            process.repeat_heartbeat,
            process.keep_leases,
            process.sweep,
            process.let_go,
            process.listen,
        ],
    )
    worker.work(logging_level="WARNING")  # it tells of each look at its registries
    database.close()
    return 0
