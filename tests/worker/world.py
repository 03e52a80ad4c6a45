"""A small world to answer in: agents in a folder, people who write, a clock that tests move.

The database, Valkey and the HTTP to the (fake) model are real; the jobs are called directly.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from redis import Redis
from sqlalchemy import Connection, RowMapping, select, update

from config import Config
from core.admission.allowlist import Pattern
from core.messages.message import Inbound, Kind, Place, Reason
from core.phone import Phone
from core.settings import Settings
from core.states import MessageState
from store import allowlist
from store import settings as settings_store
from store.agents.agents import AgentFolder
from store.agents.provider_keys import Keyring
from store.chats import chats, messages, people
from store.redis.live import Live
from store.sql import tables
from store.sql.engine import Database
from tests.waiting import PATIENCE
from worker.jobs.chat_loop import ChatLoop
from worker.models.completion import Completer

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALICE = Phone("+15550000001")
BOB = Phone("+15550000002")


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **how_far: float) -> None:
        self.now += timedelta(**how_far)


@dataclass
class Friend:
    """Somebody with a phone: writes, and reads what came."""

    world: "World"
    phone: Phone
    chat_id: int
    person_id: int
    seen: int = 0  # the last row of the outbox that was read

    def writes(
        self, text: str = "", kind: Kind = Kind.TEXT, *, quoting: str | None = None
    ) -> "Friend":
        self.world.receive(self, text, kind, quoting)
        return self

    def reads(self) -> list[str]:
        """What has been put into the outbox for this chat since the last look."""
        outbox = tables.outbox
        rows = self.world.rows(
            select(outbox)
            .where(outbox.c.chat_id == self.chat_id, outbox.c.id > self.seen)
            .order_by(outbox.c.id)
        )
        self.seen = rows[-1]["id"] if rows else self.seen
        return [row["text"] for row in rows]

    async def asks(self, text: str) -> str:
        """Write, have it answered, and read the whole answer."""
        self.writes(text)
        await self.world.answering.answer(self.chat_id)
        return "\n".join(self.reads())

    async def talks(self, *exchanges: tuple[str, str]) -> None:
        """(what is written, what the answer begins with), one after the other."""
        for text, reply in exchanges:
            said = await self.asks(text)
            assert said.startswith(reply), f"{text!r} was answered with {said!r}"


class World:
    def __init__(self, database: Database, redis: Redis, config: Config, clock: Clock) -> None:
        self.database = database
        self.redis = redis
        self.config = config
        self.clock = clock
        self.completers: list[Completer] = []
        self.answerings: list[ChatLoop] = []
        self.pauses: list[float] = []  # what was waited between two tries to ask a model
        self._ids = count(1)
        self.answering = self.another()

    def another(
        self, *, seconds: float = PATIENCE, redis: Redis | None = None, **changes: Any
    ) -> ChatLoop:
        """One more process that answers, as far as this one can tell."""
        config = self.config.model_copy(update=changes)
        keyring = Keyring(self.database, config)
        completer = Completer(keyring, seconds=seconds, sleep=self.pause)
        self.completers.append(completer)
        agents = AgentFolder(config.agents_dir)
        live = Live(redis or self.redis)
        answering = ChatLoop(
            config=config,
            database=self.database,
            live=live,
            agents=agents,
            completer=completer,
            now=self.clock,
        )
        self.answerings.append(answering)
        return answering

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def close(self) -> None:
        for answering in self.answerings:
            await answering.tools.close()
        for completer in self.completers:
            await completer.close()

    # ---- the owner -----------------------------------------------------------------------------

    def settings(self, **wanted: Any) -> Settings:
        with self.database.write() as connection:
            current = settings_store.load(connection)
            return settings_store.save(connection, replace(current, **wanted), self.clock())

    def agent(self, agent_id: str, model: str | None = None, **identity: str) -> None:
        folder = self.config.agents_dir / agent_id
        write_agent(folder, identity.pop("name", agent_id.title()), model, **identity)

    def allow(self, pattern: str, agent: str | None = None) -> None:
        with self.database.write() as connection:
            allowlist.add(connection, Pattern.parse(pattern), None, agent, self.clock())

    # ---- people --------------------------------------------------------------------------------

    def friend(self, phone: Phone = ALICE) -> Friend:
        now = self.clock()
        with self.database.write() as connection:
            person = people.identify(connection, phone, None, "Friend", now)
            address = f"{phone.digits}@s.whatsapp.net"
            chat = chats.enter(connection, person.id, address, now)
            return Friend(self, phone, chat.id, person.id)

    def receive(self, friend: Friend, text: str, kind: Kind, quoting: str | None) -> None:
        """As the connection does it, up to the point where a job is nudged."""
        now = self.clock()
        address = f"{friend.phone.digits}@s.whatsapp.net"
        inbound = Inbound(
            account="15559999999",
            chat=address,
            sender=address,
            message_id=f"M{next(self._ids)}",
            place=Place.DIRECT,
            kind=kind,
            text=text,
            sent_at=now,
            phone=friend.phone,
            quoted_text=quoting,
        )
        with self.database.write() as connection:
            messages.receive(connection, inbound, now)
            message = messages.list_undecided(connection)[-1].id
            ids = {"chat_id": friend.chat_id, "person_id": friend.person_id}
            messages.record_decision(
                connection, message, MessageState.WAITING, Reason.ALLOWED_NUMBER, now, **ids
            )

    # ---- looking -------------------------------------------------------------------------------

    def rows(self, statement: Any) -> Sequence[RowMapping]:
        with self.database.read() as connection:
            return connection.execute(statement).mappings().all()

    def turns(self) -> Sequence[RowMapping]:
        return self.rows(select(tables.turns).order_by(tables.turns.c.id))

    def states(self) -> list[str]:
        """The states of all messages, in order."""
        rows = self.rows(select(tables.messages.c.state).order_by(tables.messages.c.id))
        return [row["state"] for row in rows]

    def is_leased(self, friend: Friend) -> bool:
        table = tables.chats
        [row] = self.rows(select(table.c.lease_owner).where(table.c.id == friend.chat_id))
        return row["lease_owner"] is not None

    def do(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function of the store in a transaction."""
        with self.database.write() as connection:
            return function(connection, *args)

    def expire_leases(self) -> None:
        def expire(connection: Connection) -> None:
            past = datetime(2000, 1, 1, tzinfo=UTC)
            leased = tables.chats.c.lease_owner.is_not(None)
            connection.execute(update(tables.chats).where(leased).values(lease_until=past))

        self.do(expire)


def write_agent(
    folder: Path, name: str, model: str | None, emoji: str = "", role: str = ""
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"# {name}", f"- **Name:** {name}"]
    lines += [f"- **Emoji:** {emoji}"] if emoji else []
    lines += [f"- **Role:** {role}"] if role else []
    (folder / "IDENTITY.md").write_text("\n".join(lines) + "\n")
    (folder / "config.yml").write_text(f"model: {model}\n" if model else "")
