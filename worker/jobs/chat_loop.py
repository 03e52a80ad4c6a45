"""Answering chats: each by one job at a time, in the order in which its messages came.

The lease in SQL makes jobs take turns, in one process and across many. Its holder answers until
nothing waits; a job that can't get it leaves, because the holder looks again before it goes.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ParamSpec, TypeVar

import structlog
from redis.exceptions import RedisError
from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from config import Config
from core.messages import batch, command
from store.agents.agents import AgentFolder
from store.chats import chats, messages
from store.chats import turns as turns_store
from store.chats.chats import Chat
from store.redis.live import Live
from store.redis.stop_signals import Stops
from store.sql.engine import Database, after_commit
from worker.jobs import replies, turn_context, turns
from worker.jobs.ask_agent import AgentAsker, TurnResult
from worker.jobs.plans import decide
from worker.jobs.running import RunningTurns, Stopped
from worker.jobs.steps import Done, Lease, Leave, LookAgain, Next, Run, Wait
from worker.jobs.turn_context import Due, TurnContext
from worker.jobs.turns import OpenTurn
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


class ChatLoop:
    """All answering of one process; its coroutines run on one event loop. `now` is the clock."""

    def __init__(
        self,
        *,
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
        self._threads = ThreadPoolExecutor(THREADS, "chat-loop")
        self.tools = Tools(database=database, live=live, in_thread=self.in_thread, now=now)
        self._asker = AgentAsker(
            read=self._read,
            completer=completer,
            partials=Partials(live, self.in_thread),
            tools=self.tools,
        )
        self._running = RunningTurns()
        self._stops = Stops(live.redis)
        self.late_after = LATE

    @property
    def running(self) -> int:
        """Chats that are being answered."""
        return len(self._owners)

    async def answer(self, chat_id: int) -> None:
        """Answer what waits in this chat, unless another job is at it.

        What goes wrong with an agent is answered with a sentence and stored. So is a bug, and then
        it is raised. When the database is out that is raised as well; the messages go on waiting.
        Cancelled, it leaves everything as it is, to be taken up when the lease has run out.
        """
        lease = Lease(chat_id)
        self._owners.add(lease.owner)
        try:
            following: Next | None = await self._look(lease)
            while following:
                following = await self._follow(lease, following)
        except Exception:
            await self._write(chats.release, chat_id, lease.owner)
            raise
        finally:
            self._owners.discard(lease.owner)

    async def renew_leases(self) -> None:
        """Keep the chats that are being answered. To be called every quarter of `LEASE`."""
        if self._owners:
            await self._write(chats.renew, list(self._owners), self._now() + LEASE)
        await self.stop_unwanted(self._running.chats)

    async def stop_unwanted(self, chat_ids: Sequence[int]) -> None:
        """Stop the turns that run here in those of these chats where a /stop waits, or where the
        turn was closed from elsewhere: the owner has taken over."""
        found = {chat_id: self._running.find_stop(chat_id) for chat_id in chat_ids}
        stoppable = {chat_id: stop for chat_id, stop in found.items() if stop}
        if not stoppable:
            return
        wanted = await self._read(turns_store.find_running, list(stoppable))
        for chat_id, text in await self._read(messages.list_commands, list(stoppable)):
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

    async def find_neglected(self) -> list[int]:
        """Chats that want an answer while no job works on one."""
        return list(await self._read(chats.list_neglected, self._now()))

    async def in_thread(self, function: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        """Call something that blocks."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: function(*args, **options))

    def close(self) -> None:
        self._stops.close()
        self._threads.shutdown(wait=False)

    # ---- steps (loop) --------------------------------------------------------------------------

    async def _follow(self, lease: Lease, following: Next) -> Next | None:
        """Do what a look at the chat came to. Returns what to do then, None at the end."""
        match following:
            case Run(turn):
                lease.begin_turn()
                return await self._run(lease, turn)
            case Wait(seconds):
                lease.is_fresh = False
                lease.waits += 1
                await asyncio.sleep(seconds)
            case LookAgain():
                lease.begin_turn()
            case Leave(has_interrupt=True):
                await self._stop(lease.chat_id)
                return None
            case Done() | Leave():
                return None
        return await self._look(lease)

    async def _look(self, lease: Lease) -> Next:
        """Begin the chat's next turn. A bug on the way takes back all that this would have
        written, is answered in a transaction of its own, and is raised."""
        try:
            return await self._write(self._begin_next, lease)
        except Exception as bug:
            if not is_outage(bug):
                await self._write(self._close_over_bug, lease, bug)
            raise

    async def _run(self, lease: Lease, turn: OpenTurn) -> Next:
        """Whether the turn was still ours to close makes no difference here: the next look at the
        chat tells who has it."""
        asking = self._asker.ask(turn)
        late = partial(self._say_still_working, turn)
        try:
            result = await self._running.run(turn.chat_id, asking, self.late_after, late)
        except Stopped:
            lease.has_stopped = await self._write(turns_store.stop, turn.id, self._now())
            return await self._look(lease)
        except Exception as bug:
            if is_outage(bug):
                raise
            await self._write(self._finish, lease, turn, self._describe_bug(bug))
            raise
        try:
            return await self._write(self._finish_and_look, lease, turn, result)
        except Exception as bug:
            if is_outage(bug):
                raise
            # Perhaps of the look, and that must not cost the answer: it is met again in a look of
            # its own. What is wrong with the end of the turn is raised here.
            log.warning("a turn's end and the next look failed together", exc_info=True)
            await self._write(self._finish, lease, turn, result)
            return await self._look(lease)

    def _describe_bug(self, bug: Exception) -> TurnResult:
        return TurnResult(replies.make_bug_report(bug, self._completer.scrub))

    async def _say_still_working(self, turn: OpenTurn) -> None:
        if turn.settings.still_working and turn.channel.uses_outbox:
            await self._write(self._add_still_working, turn)

    async def _stop(self, chat_id: int) -> None:
        """End the turn at work in this chat, whichever process is at it."""
        await self.stop_unwanted([chat_id])
        try:
            await self.in_thread(self._stops.call, chat_id)
        except RedisError as error:
            log.warning("Redis does not answer, a stop is late", error=str(error))

    # ---- transactions (threads) ----------------------------------------------------------------

    def _begin_next(self, connection: Connection, lease: Lease) -> Next:
        """Take or keep the chat and begin its next turn.

        Nothing is overlooked between this look and the end of the lease. To take the lease locks
        the chat's row until the commit; the job of whatever begins to wait after the look comes
        after that, and finds the lease free.
        """
        chat = self._take(connection, lease)
        return self._begin(connection, lease, chat) if chat else self._leave(connection, lease)

    def _finish_and_look(
        self, connection: Connection, lease: Lease, turn: OpenTurn, result: TurnResult
    ) -> Next:
        """In one transaction: where nothing was written since, the end of the turn is the end of
        the lease."""
        chat = self._take(connection, lease)
        if chat is None:
            return self._leave(connection, lease)
        session = self._finish_turn(connection, chat, turn, result)
        if chats.release_if_quiet(connection, chat.id, lease.owner, **session):
            return Done()
        if session:
            chats.stick(connection, chat.id, **session)
        return self._begin(connection, lease, replace(chat, **session))

    def _finish(
        self, connection: Connection, lease: Lease, turn: OpenTurn, result: TurnResult
    ) -> None:
        chat = self._take(connection, lease)
        session = chat and self._finish_turn(connection, chat, turn, result)
        if session:
            chats.stick(connection, turn.chat_id, **session)

    def _finish_turn(
        self, connection: Connection, chat: Chat, turn: OpenTurn, result: TurnResult
    ) -> dict[str, Any]:
        """Returns the chat's new session, as columns; a turn that failed begins none."""
        now, answer = self._now(), result.answer
        after_commit(connection, self._live.nudge_outbox)
        is_ours = turns.finish(connection, turn, chat, answer, result.summary, now)
        if not is_ours or answer.error_code:
            return {}
        return {"agent": turn.agent.id, "sticky_until": now + turn.sticky}

    def _take(self, connection: Connection, lease: Lease) -> Chat | None:
        now = self._now()
        return chats.lease(connection, lease.chat_id, lease.owner, now, now + LEASE)

    def _leave(self, connection: Connection, lease: Lease) -> Leave:
        waiting = messages.list_waiting(connection, lease.chat_id)
        return Leave(has_interrupt=any(map(batch.is_interrupt, waiting)))

    def _begin(self, connection: Connection, lease: Lease, chat: Chat) -> Next:
        """Look up, decide, write."""
        due = self._find_due(connection, lease, chat)
        if due is None:
            chats.release(connection, chat.id, lease.owner)
            return Done()
        if wait := self._measure_wait(lease, chat, due):
            return Wait(wait.total_seconds())
        context = self._look_up(connection, lease, chat, due)
        turn = turns.apply(connection, context, decide(context))
        if turn:
            return Run(turn)
        after_commit(connection, self._live.nudge_outbox)
        return LookAgain()

    def _find_due(self, connection: Connection, lease: Lease, chat: Chat) -> Due | None:
        if lease.is_fresh and chat.has_running_turn:
            interrupted = turns_store.interrupt(connection, chat.id, self._now())
            lease.was_interrupted = interrupted > 0
        registry = self._agents.load().restrict_to(chat.channel)
        return turn_context.find_due(connection, chat, registry, self._now())

    def _measure_wait(self, lease: Lease, chat: Chat, due: Due) -> timedelta:
        """How long to wait for further lines. What is followed by something else is complete."""
        if not chat.channel.gathers_lines or lease.waits >= batch.CAP:
            return timedelta(0)
        if len(due.messages) < len(due.waiting):
            return timedelta(0)
        gather = timedelta(milliseconds=due.settings.gather_ms)
        return batch.measure_gather_wait(due.messages, gather, self._now())

    def _look_up(self, connection: Connection, lease: Lease, chat: Chat, due: Due) -> TurnContext:
        return turn_context.look_up(
            connection,
            self._config,
            chat=chat,
            due=due,
            now=self._now(),
            has_stopped=lease.has_stopped,
            was_interrupted=lease.was_interrupted,
        )

    def _close_over_bug(self, connection: Connection, lease: Lease, bug: Exception) -> None:
        """Answer what a bug has kept from its turn, so that it does not come back for ever."""
        chat = self._take(connection, lease)
        due = self._find_due(connection, lease, chat) if chat else None
        if chat and due:
            context = self._look_up(connection, lease, chat, due)
            turns.close(connection, context, context.messages, self._describe_bug(bug).answer)
            after_commit(connection, self._live.nudge_outbox)

    def _add_still_working(self, connection: Connection, turn: OpenTurn) -> None:
        turns.say_still_working(connection, turn, self._now())
        after_commit(connection, self._live.nudge_outbox)

    async def _write(self, function: Callable[..., T], *args: Any) -> T:
        return await self.in_thread(self._transaction, self._database.write, function, args)

    async def _read(self, function: Callable[..., T], *args: Any) -> T:
        return await self.in_thread(self._transaction, self._database.read, function, args)

    @staticmethod
    def _transaction(begin: Any, function: Callable[..., T], args: tuple[Any, ...]) -> T:
        with begin() as connection:
            return function(connection, *args)


def is_outage(error: Exception) -> bool:
    """Whether the database could not do its work and may be able to later, which is no bug."""
    if isinstance(error, InterfaceError | PoolTimeout):
        return True
    # SQLite says "operational" of wrong SQL as well, and gives that a code of its own.
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", None)
    return isinstance(error, OperationalError) and code != sqlite3.SQLITE_ERROR
