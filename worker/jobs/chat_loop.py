"""Answering chats: each by one job at a time, in the order in which its messages came.

The lease in SQL makes jobs take turns, in one process and across many. Whoever holds it answers
until nothing waits; whoever can't get it leaves, because the holder looks again before it goes.
"""

import asyncio
import secrets
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import partial
from typing import Any, ParamSpec, TypeVar

import structlog
from redis.exceptions import RedisError
from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from config import Config
from core.messages import batch, command
from store import settings as settings_store
from store.agents.agents import AgentFolder
from store.chats import chats, messages, pauses
from store.chats import turns as turns_store
from store.chats.messages import Waiting
from store.redis.live import Live
from store.redis.stop_signals import Stops
from store.sql.engine import Database
from worker.jobs import guards, replies, turns
from worker.jobs.ask_agent import Asker, Outcome
from worker.jobs.running import AtWork, Stopped
from worker.jobs.turns import Running
from worker.models.completion import Completer
from worker.models.partials import Partials
from worker.tools import Tools

LEASE = timedelta(seconds=20)  # how long a chat waits for a process that died
THREADS = 8  # for the database and Redis, which block
LATE = 60.0  # seconds after which a turn may say that it is still at work
LISTEN = 0.5  # seconds of one wait for a stop

P = ParamSpec("P")
T = TypeVar("T")

log = structlog.get_logger(__name__)


class Step(Enum):
    """What a look at a chat comes to, if neither a turn that runs nor a pause nor a bug."""

    CLOSED = "closed"  # a turn that needed no agent
    QUIET = "quiet"  # nothing waits; the lease is given back
    TAKEN = "taken"  # another job has the lease
    UNWANTED = "unwanted"  # the same, and what that one is at is to be stopped


# An exception is a bug that has been told to the person, to be raised after the commit.
Look = Running | timedelta | Step | Exception


@dataclass
class Hold:
    """One job's hold of one chat. `pauses` counts how often it has waited for more messages."""

    chat_id: int
    owner: str = field(default_factory=lambda: secrets.token_hex(8))
    is_fresh: bool = True
    was_interrupted: bool = False
    has_stopped: bool = False
    pauses: int = 0


class Answering:
    """All answering of one process; its coroutines run on one event loop. `now` is the clock."""

    def __init__(
        self,
        config: Config,
        database: Database,
        live: Live,
        agents: AgentFolder,
        completer: Completer,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._config = config
        self._database = database
        self._live = live
        self._agents = agents
        self._completer = completer
        self._now = now
        self._owners: set[str] = set()
        self._threads = ThreadPoolExecutor(THREADS, "answering")
        self.tools = Tools(database, live, self.in_thread, now)
        partials = Partials(live, self.in_thread)
        self._asker = Asker(self._read, completer, partials, self.tools)
        self._at_work = AtWork()
        self._stops = Stops(live.redis)
        self.late_after = LATE

    @property
    def running(self) -> int:
        """Chats that are being answered."""
        return len(self._owners)

    async def answer(self, chat_id: int) -> None:
        """Answer what waits in this chat, unless another job is at it.

        What goes wrong with an agent is told to the person and stored. A bug is too, and then
        raised. When the database is out that is raised as well; the messages go on waiting.
        Cancelled, it leaves everything as it is, to be taken up when the lease has run out.
        """
        hold = Hold(chat_id)
        self._owners.add(hold.owner)
        try:
            step: Look | None = await self._write(self._look, hold)
            while step is not None:
                step = await self._follow(hold, step)
        except Exception:
            await self._write(chats.release, chat_id, hold.owner)
            raise
        finally:
            self._owners.discard(hold.owner)

    async def renew_leases(self) -> None:
        """Keep the chats that are being answered. To be called every quarter of `LEASE`."""
        if self._owners:
            await self._write(chats.renew, list(self._owners), self._now() + LEASE)
        await self.stop_unwanted(self._at_work.chats)

    async def stop_unwanted(self, chat_ids: Sequence[int]) -> None:
        """Stop the turns that run here in those of these chats where a /stop waits, or where the
        turn was closed by somebody else: the owner has taken over."""
        found = {chat_id: self._at_work.find(chat_id) for chat_id in chat_ids}
        stoppable = {chat_id: stop for chat_id, stop in found.items() if stop}
        if not stoppable:
            return
        wanted = await self._read(turns_store.still_running, list(stoppable))
        for chat_id, text in await self._read(messages.slashed, list(stoppable)):
            call = command.parse(text)
            if call and call.interrupts:
                wanted.discard(chat_id)
        for chat_id in stoppable.keys() - wanted:
            stoppable[chat_id]()

    async def listen(self) -> None:
        """Stop turns as soon as another process says so. Goes on for as long as the process."""
        while True:
            chat_id = await asyncio.to_thread(self._stops.wait_for_call, LISTEN)
            if chat_id is not None:
                await self.stop_unwanted([chat_id])

    async def neglected(self) -> list[int]:
        """Chats that want an answer while nobody works on one."""
        return list(await self._read(chats.neglected, self._now()))

    async def in_thread(self, function: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        """Call something that blocks."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: function(*args, **options))

    def close(self) -> None:
        self._stops.close()
        self._threads.shutdown(wait=False)

    # ---- steps (loop) --------------------------------------------------------------------------

    async def _follow(self, hold: Hold, found: Look) -> Look | None:
        """Do what a look at this chat asks for, and look again. None when there is nothing left to
        do for this job."""
        match found:
            case Running():
                return await self._run(hold, found)
            case timedelta():
                hold.pauses += 1
                await asyncio.sleep(found.total_seconds())
            case Step.CLOSED:
                await self._nudge()
            case Step.QUIET | Step.TAKEN:
                return None
            case Step.UNWANTED:
                await self._stop(hold.chat_id)
                return None
            case _:
                await self._nudge()
                raise found
        return await self._write(self._look, hold)

    async def _run(self, hold: Hold, running: Running) -> Look:
        """Whether the turn was still ours to close makes no difference here: the next look at the
        chat tells who has it."""
        asking = self._asker.outcome(running)
        late = partial(self._say_still_working, running)
        try:
            outcome = await self._at_work.do(running.chat_id, asking, self.late_after, late)
        except Stopped:
            hold.has_stopped = await self._write(turns_store.stop, running.id, self._now())
            return await self._write(self._look, hold)
        except Exception as bug:
            if is_outage(bug):
                raise
            broken = Outcome(replies.broken(bug, self._completer.scrub))
            await self._write(self._finish, running, broken)
            await self._nudge()
            raise
        found = await self._write(self._finish_and_look, hold, running, outcome)
        await self._nudge()
        return found

    async def _say_still_working(self, running: Running) -> None:
        if running.settings.still_working and running.channel.uses_outbox:
            await self._write(turns.still_working, running, self._now())
            await self._nudge()

    async def _stop(self, chat_id: int) -> None:
        """End the turn at work in this chat, whichever process is at it."""
        await self.stop_unwanted([chat_id])
        try:
            await self.in_thread(self._stops.call, chat_id)
        except RedisError as error:
            log.warning("Redis does not answer, a stop may take longer", error=str(error))

    async def _nudge(self) -> None:
        """Tell the connection that there is something to send. It also looks by itself."""
        try:
            await self.in_thread(self._live.nudge_outbox)
        except RedisError as error:
            log.warning("Redis does not answer, a nudge is lost", error=str(error))

    # ---- one look (threads) --------------------------------------------------------------------

    def _finish_and_look(
        self, connection: Connection, hold: Hold, running: Running, outcome: Outcome
    ) -> Look:
        """In one transaction: where nobody has written meanwhile, the end of the turn is the end of
        the lease. A bug in the look must not cost the answer."""
        self._finish(connection, running, outcome)
        try:
            with connection.begin_nested():
                return self._look(connection, hold)
        except Exception as bug:
            if is_outage(bug):
                raise
            return bug

    def _finish(self, connection: Connection, running: Running, outcome: Outcome) -> None:
        turns.finish(connection, running, outcome.answer, self._now(), outcome.summary)

    def _look(self, connection: Connection, hold: Hold) -> Look:
        """Take or keep the chat and begin its next turn.

        Nothing is overlooked between this look and the end of the lease. To take the lease locks
        the chat's row until the commit; the job of whatever begins to wait after the look comes
        after that, and finds the lease free.
        """
        now = self._now()
        if not chats.lease(connection, hold.chat_id, hold.owner, now, now + LEASE):
            is_unwanted = any(map(batch.is_interrupt, messages.waiting(connection, hold.chat_id)))
            return Step.UNWANTED if is_unwanted else Step.TAKEN
        if hold.is_fresh:
            hold.was_interrupted = turns_store.interrupt(connection, hold.chat_id, now) > 0
            hold.is_fresh = False
        waiting = self._due(connection, hold.chat_id)
        if not waiting:
            chats.release(connection, hold.chat_id, hold.owner)
            return Step.QUIET
        return self._begin(connection, hold, waiting, now)

    def _due(self, connection: Connection, chat_id: int) -> Sequence[Waiting]:
        """What waits for us: in a chat that the owner has taken over, only commands."""
        waiting = messages.waiting(connection, chat_id)
        if waiting and pauses.current(connection, chat_id, self._now()):
            return batch.select_commands(waiting)
        return waiting

    def _begin(
        self, connection: Connection, hold: Hold, waiting: Sequence[Waiting], now: datetime
    ) -> Look:
        chat = chats.get(connection, hold.chat_id)
        assert chat is not None, "a leased chat is there"
        registry = self._agents.load().restrict_to(chat.channel)
        settings = settings_store.load(connection)
        chosen = turns.next_batch(waiting, registry)
        gather = timedelta(milliseconds=settings.gather_ms if chat.channel.gathers_lines else 0)
        pause = batch.pause(chosen, gather, now)
        if pause and len(chosen) == len(waiting) and hold.pauses < batch.CAP:
            return pause
        hold.pauses = 0
        who = chosen[0].person_id
        scene = turns.look(connection, chat, who, registry, settings, self._config, now)
        try:
            with connection.begin_nested():
                if guards.is_settled(
                    scene,
                    waiting,
                    chosen,
                    has_stopped=hold.has_stopped,
                    was_interrupted=hold.was_interrupted,
                ):
                    return Step.CLOSED
                return turns.begin(scene, chosen) or Step.CLOSED
        except Exception as bug:
            if is_outage(bug):
                raise
            turns.close(scene, chosen, replies.broken(bug, self._completer.scrub))
            return bug
        finally:
            hold.has_stopped = hold.was_interrupted = False

    async def _write(self, function: Callable[..., T], *args: Any) -> T:
        return await self.in_thread(self._transaction, self._database.write, function, args)

    async def _read(self, function: Callable[..., T], *args: Any) -> T:
        return await self.in_thread(self._transaction, self._database.read, function, args)

    @staticmethod
    def _transaction(begin: Any, function: Callable[..., T], args: tuple[Any, ...]) -> T:
        with begin() as connection:
            return function(connection, *args)


def is_outage(error: Exception) -> bool:
    """Whether the database could not do its work and may be able to later: nobody's bug."""
    if isinstance(error, InterfaceError | PoolTimeout):
        return True
    # SQLite says "operational" of wrong SQL as well, and gives that a code of its own.
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", None)
    return isinstance(error, OperationalError) and code != sqlite3.SQLITE_ERROR
