"""What programs asked to have sent: one row each, and the messages it became in the outbox.

An idempotency key makes asking again harmless: the first request with it is the only one that
sends, whichever process and however late the others come in.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from core.states import PieceState
from store.sql.engine import insert_new
from store.sql.tables import outbox
from store.sql.tables import sends as table


@dataclass(frozen=True)
class Send:
    """A request of a program to send something."""

    id: int
    agent: str
    digest: str  # the same for the same request, see `fingerprint`


@dataclass(frozen=True)
class Part:
    """One message of those that a long text was cut into."""

    state: PieceState
    error: str | None
    possibly_twice: bool
    sent_at: datetime | None


@dataclass(frozen=True)
class Progress:
    """How far a send got."""

    id: int
    agent: str
    parts: Sequence[Part]

    @property
    def state(self) -> PieceState:
        """One failed part is a failed message; with an unknown part the whole is
        unknown."""
        states = {part.state for part in self.parts}
        for worst in (PieceState.FAILED, PieceState.UNKNOWN):
            if worst in states:
                return worst
        return states.pop() if len(states) == 1 else PieceState.SENDING

    @property
    def error(self) -> str | None:
        """The error of the first part that is in the state of the whole."""
        return next((part.error for part in self.parts if part.state == self.state), None)

    @property
    def sent_at(self) -> datetime | None:
        """When the last part left, None before."""
        moments = [part.sent_at for part in self.parts if part.sent_at]
        return max(moments) if len(moments) == len(self.parts) else None


def fingerprint(*facts: object) -> str:
    """The same for the same facts, so that two requests can be compared without keeping either."""
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def begin(
    connection: Connection,
    *,
    agent: str,
    address: str,
    digest: str,
    now: datetime,
    api_key_id: int | None = None,
    idempotency_key: str | None = None,
) -> int | None:
    """The id of a new send. None when this program's idempotency key is taken, see `find`.

    While another transaction inserts the same key, this waits for the end of that one.
    """
    statement = insert_new(connection, table).values(
        api_key_id=api_key_id,
        agent=agent,
        address=address,
        idempotency_key=idempotency_key,
        request_hash=digest,
        created_at=now,
    )
    return connection.execute(statement.returning(table.c.id)).scalar_one_or_none()


def find(connection: Connection, api_key_id: int, idempotency_key: str) -> Send | None:
    """What this program asked for with this key before."""
    row = connection.execute(
        select(table).where(
            table.c.api_key_id == api_key_id, table.c.idempotency_key == idempotency_key
        )
    ).first()
    return Send(row.id, row.agent, row.request_hash) if row else None


def read_progress(connection: Connection, send_id: int) -> Progress | None:
    agent = connection.scalar(select(table.c.agent).where(table.c.id == send_id))
    if agent is None:
        return None
    rows = connection.execute(
        select(outbox).where(outbox.c.send_id == send_id).order_by(outbox.c.id)
    )
    parts = [
        Part(PieceState(row["state"]), row["error"], row["possibly_twice"], row["sent_at"])
        for row in rows.mappings()
    ]
    return Progress(send_id, agent, parts)
