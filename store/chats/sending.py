"""An agent writes first: because a program asked for it, or on its own.

The rules are the same for both; who may do it is decided before.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from core.agents.agent import Agent
from core.errors import NotConnected
from core.link import Status
from core.phone import Phone
from store import link, settings
from store.chats import chats, outbox, people


def queue(
    connection: Connection,
    agent: Agent,
    to: Phone,
    texts: Sequence[str],
    now: datetime,
    *,
    send_id: int | None = None,
) -> list[int]:
    """Put these pieces into the outbox, in order. Returns the ids of their rows. The caller
    nudges the worker (`after_commit`).

    The chat's next messages go to the agent that wrote, as if the person had chosen it.
    """
    person = people.identify(connection, to, None, "", now)
    chat = chats.enter(connection, person.id, chats.address_of(connection, to), now)
    sticky = timedelta(minutes=settings.load(connection).sticky_minutes)
    chats.stick(connection, chat.id, agent.id, now + sticky)
    return outbox.add(
        connection,
        address=chat.address,
        texts=texts,
        now=now,
        chat_id=chat.id,
        send_id=send_id,
        agent=agent.id,
    )


def check_way(connection: Connection, status: Status | None) -> None:
    """Raises `NotConnected`, with the reason, when nothing can leave now. `status` is what
    `live.read_status()` says."""
    check_enabled(connection)
    if status is not None and status.connected:
        return
    if not link.load(connection).is_linked:
        raise NotConnected("WhatsApp is not connected: no account is linked")
    if status is None:
        raise NotConnected("WhatsApp is not connected: the worker is not running")
    raise NotConnected


def check_enabled(connection: Connection) -> None:
    """Raises `NotConnected` when the owner has turned the integration off."""
    if not settings.load(connection).enabled:
        raise NotConnected("WhatsApp is not connected: the integration is disabled")
