"""What tests of the store have in common: people who write, and transactions at the same time."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from threading import Barrier
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, func, select, text

from core.messages.message import Inbound, Kind, Place, Reason
from core.phone import Phone
from core.states import MESSAGE_MOVES, MessageState
from store.chats import chats, messages, people
from store.chats.chats import Chat
from store.sql.engine import Database
from tests.waiting import PATIENCE, until

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADA, BOB = Phone("+15550000001"), Phone("+15550000002")
LID, OTHER_LID = "15550000009@lid", "15550000008@lid"

T = TypeVar("T")
U = TypeVar("U")
Do = Callable[[Connection], T]


def inbound(message_id: str = "M1", phone: Phone | None = ADA, **changes: Any) -> Inbound:
    """A line that somebody wrote in their direct chat."""
    address = f"{phone.digits}@s.whatsapp.net" if phone else LID
    plain = Inbound(
        account="15559999999",
        chat=address,
        sender=address,
        message_id=message_id,
        place=Place.DIRECT,
        kind=Kind.TEXT,
        text="Hello",
        sent_at=NOW,
        phone=phone,
    )
    return replace(plain, **changes)


def chat_with(connection: Connection, phone: Phone = ADA) -> Chat:
    person = people.identify(connection, phone, None, "Somebody", NOW)
    return chats.enter(connection, person.id, f"{phone.digits}@s.whatsapp.net", NOW)


def write(
    connection: Connection,
    chat: Chat,
    message_id: str,
    state: MessageState = MessageState.WAITING,
    now: datetime = NOW,
    **changes: Any,
) -> int:
    """A message of this chat that was decided and has come this far. Returns its id."""
    messages.receive(connection, inbound(message_id, **changes), now)
    row = messages.list_undecided(connection)[-1].id
    ids = {"person_id": chat.person_id, "chat_id": chat.id}
    is_later = state not in MESSAGE_MOVES[MessageState.RECEIVED]
    first = MessageState.WAITING if is_later else state
    messages.record_decision(connection, row, first, Reason.ALLOWED_NUMBER, now, **ids)
    if is_later:  # where a turn of no interest has brought it
        table = messages.table
        connection.execute(table.update().where(table.c.id == row).values(state=state))
    return row


def column(connection: Connection, table: Table, name: str) -> Sequence[Any]:
    """One column of all rows, in the order of their ids."""
    return list(connection.scalars(select(table.c[name]).order_by(table.c.id)))


def count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def transact(database: Database, do: Do[T]) -> T:
    with database.write() as connection:
        return do(connection)


def together(database: Database, *todo: Do[T]) -> list[T]:
    """Each in a thread and a transaction of its own, all begun at the same moment."""
    start = Barrier(len(todo))

    def run(do: Do[T]) -> T:
        start.wait(PATIENCE)
        return transact(database, do)

    with ThreadPoolExecutor(len(todo)) as pool:
        return list(pool.map(run, todo))


def overlapping(database: Database, first: Do[T], second: Do[U]) -> tuple[T, U]:
    """`second` begins when `first` has done its work but has not committed it."""
    with ThreadPoolExecutor(1) as pool:
        with database.write() as connection:
            done = first(connection)
            later = pool.submit(transact, database, second)
            until(lambda: _is_stuck(database, later), "the second transaction")
        return done, later.result(PATIENCE)


def _is_stuck(database: Database, later: Future[Any]) -> bool:
    """Whether it waits for the first, as far as that can be seen, or did not have to."""
    if later.done():
        return True
    if database.engine.dialect.name == "sqlite":
        return later.running()
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with database.read() as connection:
        return bool(connection.execute(waiting).scalar())
