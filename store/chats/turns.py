"""Turns: some messages of one person and the reply to them, or why there is none.

A turn's reply and its outbox rows are written in one transaction, and only while the turn is still
running: a job that was given up for dead can't answer a second time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Connection,
    and_,
    insert,
    select,
)
from sqlalchemy.sql.dml import ReturningInsert

from core.agents.routing import Absence, Why
from core.channel import ON_WHATSAPP
from core.messages.message import Reason
from core.states import OPEN, TURN_MOVES, MessageState, TurnState
from store.chats import messages, outbox
from store.chats.chats import PANEL, Chat
from store.sql.moves import Mover
from store.sql.prepared import prepared
from store.sql.tables import chats
from store.sql.tables import messages as messages_table
from store.sql.tables import turns as table

move = Mover(table, TURN_MOVES)

STOPPED = "Stopped by /stop."
TAKEN_OVER = "The owner took over."


class TurnKind(StrEnum):
    AGENT = "agent"
    COMMAND = "command"
    NOTICE = "notice"  # we said something ourselves: no one to answer, a picture that can't be seen


@dataclass(frozen=True)
class Answer:
    """What a turn came to."""

    texts: Sequence[str]  # the pieces to send, in order
    reply: str  # the whole, as the agent wrote it
    history: Any = None
    model: str | None = None  # the one that answered; None: the one the turn began with
    estimated_tokens: int | None = None  # our estimate of the first request
    input_tokens: int | None = None  # by the provider's count, as the next
    output_tokens: int | None = None
    cost_usd: Decimal | None = None
    error_code: str | None = None  # marks a failure
    error_detail: str | None = None  # for the owner only; a success may have one too


def begin(
    connection: Connection,
    chat_id: int,
    message_ids: Sequence[int],
    now: datetime,
    *,
    kind: TurnKind,
    request: str,
    person_id: int | None = None,
    conversation_id: int | None = None,
    agent: str | None = None,
    model: str | None = None,
    why: Why | None = None,
    passed_over: Mapping[str, Absence] | None = None,
) -> int:
    """Open a turn over these messages, all of them by this person. Returns its id. `passed_over`
    are agents that would have come before this one."""
    turn_id: int = _begin(
        connection,
        chat_id=chat_id,
        conversation_id=conversation_id,
        person_id=person_id,
        kind=kind,
        state=TurnState.RUNNING,
        agent=agent,
        model=model,
        why=why,
        passed_over=passed_over or None,
        request=request,
        started_at=now,
    ).scalar_one()
    messages.move(connection, {"id": list(message_ids)}, to=MessageState.ANSWERING, turn_id=turn_id)
    return turn_id


@prepared
def _begin() -> ReturningInsert[Any]:
    return insert(table).returning(table.c.id)


def finish(connection: Connection, turn_id: int, chat: Chat, answer: Answer, now: datetime) -> bool:
    """Close the turn and put its reply into the outbox, if that is how it gets to its reader. False
    if the turn was interrupted since."""
    failed = answer.error_code is not None
    model: dict[str, Any] = {"model": answer.model} if answer.model else {}
    closed = move(
        connection,
        {"id": turn_id},
        to=TurnState.FAILED if failed else TurnState.DONE,
        returning=[table.c.agent],
        reply=answer.reply,
        history=answer.history,
        estimated_tokens=answer.estimated_tokens,
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        cost_usd=answer.cost_usd,
        error_code=answer.error_code,
        error_detail=answer.error_detail,
        finished_at=now,
        **model,
    ).first()
    if closed is None:
        return False
    end = MessageState.FAILED if failed else MessageState.ANSWERED
    _settle(connection, chat.id, turn_id, end, now)
    outbox.add(
        connection,
        address=chat.address,
        texts=answer.texts if chat.channel.uses_outbox else (),
        now=now,
        chat_id=chat.id,
        turn_id=turn_id,
        agent=closed.agent,
    )
    return True


def _settle(
    connection: Connection, chat_id: int, turn_id: int, end: MessageState, now: datetime
) -> None:
    """This turn's messages are done with. The chat finds them by an index."""
    mine = {"chat_id": chat_id, "turn_id": turn_id}
    messages.move(connection, mine, out_of=MessageState.ANSWERING, to=end, answered_at=now)


def stop(connection: Connection, turn_id: int, now: datetime) -> bool:
    """Close a running turn without an answer, and what it has said on the way is not sent either.
    False if it does not run any more. Its messages are done with: their sender wanted that."""
    stopped = move(
        connection,
        {"id": turn_id},
        to=TurnState.STOPPED,
        returning=[table.c.chat_id],
        finished_at=now,
    ).first()
    if stopped is None:
        return False
    _settle(connection, stopped.chat_id, turn_id, MessageState.ANSWERED, now)
    outbox.drop(connection, turn_id, STOPPED)
    return True


def drop_rest(connection: Connection, chat_id: int) -> int:
    """What still waits to be sent of this chat's latest answer is not sent any more. Returns how
    many pieces."""
    latest = _find_latest_answer(connection, chat_id)
    return outbox.drop(connection, latest, STOPPED) if latest else 0


def has_unsent(connection: Connection, chat_id: int) -> bool:
    """Whether some of this chat's latest answer still waits to be sent."""
    latest = _find_latest_answer(connection, chat_id)
    return bool(latest) and outbox.has_queued_of_turn(connection, latest)


def _find_latest_answer(connection: Connection, chat_id: int) -> int:
    """The id of the latest turn of an agent, 0 if there is none."""
    latest = connection.execute(
        select(table.c.id)
        .where(table.c.chat_id == chat_id, table.c.kind == TurnKind.AGENT)
        .order_by(table.c.id.desc())
        .limit(1)
    ).scalar()
    return latest or 0


def interrupt(connection: Connection, chat_id: int, now: datetime) -> int:
    """Give up this chat's running turns and let their messages wait again. Returns how many.

    Called by the holder of the chat's lease: a turn that still runs then has lost its process.
    """
    stranded = move(
        connection,
        {"chat_id": chat_id},
        to=TurnState.INTERRUPTED,
        returning=[table.c.id],
        finished_at=now,
    )
    turn_ids = list(stranded.scalars())
    if turn_ids:
        _wait_again(connection, chat_id, turn_ids)
    return len(turn_ids)


def give_back(connection: Connection, chat_id: int, now: datetime) -> bool:
    """The owner takes over: the agent's turn at work in this chat is closed without an answer, and
    its messages wait. Its job can't close it any more. False if none was at work."""
    agents = {"chat_id": chat_id, "kind": TurnKind.AGENT}
    stopped = move(
        connection, agents, to=TurnState.STOPPED, returning=[table.c.id], finished_at=now
    )
    given = list(stopped.scalars())
    for turn_id in given:
        outbox.drop(connection, turn_id, TAKEN_OVER)
    if given:
        _wait_again(connection, chat_id, given)
    return bool(given)


def drop_unanswered(connection: Connection, reason: Reason) -> int:
    """Nothing that waits on WhatsApp will be answered any more: the account is gone. Returns how
    many messages.

    A turn at work is interrupted: its answer would leave from the next account.
    """
    there = table.c.chat_id.in_(select(chats.c.id).where(chats.c.channel.in_(ON_WHATSAPP)))
    move(connection, there, to=TurnState.INTERRUPTED)
    unanswered = (MessageState.RECEIVED, *OPEN)
    on_whatsapp = messages_table.c.account != PANEL
    dropped = messages.move(
        connection, on_whatsapp, out_of=unanswered, to=MessageState.IGNORED, reason=reason
    )
    return dropped.rowcount


def find_running(connection: Connection, chat_ids: Sequence[int]) -> set[int]:
    """Those of these chats that have a turn at work."""
    running = (table.c.chat_id.in_(chat_ids), table.c.state == TurnState.RUNNING)
    return set(connection.scalars(select(table.c.chat_id).where(*running)))


def is_running(connection: Connection, turn_id: int) -> bool:
    state = connection.execute(select(table.c.state).where(table.c.id == turn_id)).scalar()
    return state == TurnState.RUNNING


def _wait_again(connection: Connection, chat_id: int, turn_ids: Sequence[int]) -> None:
    """What was in these turns waits for another, but for what its sender has deleted since."""
    answering = MessageState.ANSWERING
    deleted = and_(
        messages_table.c.chat_id == chat_id,
        messages_table.c.turn_id.in_(turn_ids),
        messages_table.c.deleted_at.is_not(None),
    )
    ignored, why = MessageState.IGNORED, Reason.DELETE
    messages.move(connection, deleted, out_of=answering, to=ignored, reason=why, turn_id=None)
    mine = {"chat_id": chat_id, "turn_id": list(turn_ids)}
    messages.move(connection, mine, out_of=answering, to=MessageState.WAITING, turn_id=None)
