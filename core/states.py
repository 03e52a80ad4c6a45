"""The states of messages, turns and pieces, and the moves between them that are allowed.

A row changes its state only through `move` of its store module (`store/chats/messages.py`,
`turns.py`, `outbox.py`), which leaves rows alone whose present state allows no such move: a process
that was replaced, or that comes too late, changes nothing.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TypeVar

from core.text.translation import Sentence, _


class MessageState(StrEnum):
    """Where a message that reached us is on its way."""

    RECEIVED = "received"  # the callback's insert, before any decision
    IGNORED = "ignored"
    HELD = "held"  # of an unknown sender, kept for the owner to decide
    WAITING = "waiting"  # to be answered; what the owner writes in the panel begins here
    ANSWERING = "answering"  # part of a turn at work
    ANSWERED = "answered"
    FAILED = "failed"  # its turn came to no answer

    @property
    def sentence(self) -> Sentence:
        """What the owner reads in the panel."""
        return _SENTENCES[self]


_SENTENCES = {
    MessageState.RECEIVED: _("Stored"),
    MessageState.IGNORED: _("Ignored"),
    MessageState.HELD: _("Held"),
    MessageState.WAITING: _("Waiting"),
    MessageState.ANSWERING: _("Being answered"),
    MessageState.ANSWERED: _("Answered"),
    MessageState.FAILED: _("Failed"),
}


class TurnState(StrEnum):
    """How a turn ended, if it has."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"  # its process died; the messages were taken up again
    STOPPED = "stopped"  # by the person (/stop) or by the owner (who took over); no answer


class PieceState(StrEnum):
    """How far a piece, one row of the outbox, has come."""

    QUEUED = "queued"
    SENDING = "sending"  # claimed by a connection
    SENT = "sent"
    FAILED = "failed"  # refused by WhatsApp, or not wanted any more
    UNKNOWN = "unknown"  # the connection was lost while it was sent: never sent again blindly


# Groups of states that several places ask for.
UNREAD = (MessageState.WAITING, MessageState.HELD)  # no agent has read the words yet
READ = (MessageState.ANSWERING, MessageState.ANSWERED, MessageState.FAILED)
OPEN = (MessageState.WAITING, MessageState.ANSWERING)  # accepted, and the answer is owed
ACCEPTED = (MessageState.WAITING, *READ)
ON_THE_WAY = (PieceState.QUEUED, PieceState.SENDING)
NOT_DELIVERED = (PieceState.FAILED, PieceState.UNKNOWN)  # for the owner to look at

S = TypeVar("S", bound=StrEnum)
Moves = Mapping[S, frozenset[S]]  # from a state to those that may follow it

MESSAGE_MOVES: Moves[MessageState] = {
    MessageState.RECEIVED: frozenset(
        {MessageState.IGNORED, MessageState.HELD, MessageState.WAITING}
    ),
    MessageState.IGNORED: frozenset(),
    # The owner lets its sender in, or dismisses it; or its sender deletes it.
    MessageState.HELD: frozenset({MessageState.WAITING, MessageState.IGNORED}),
    # A turn begins; or the owner has answered it, its sender deletes it, the account is gone; or
    # what it asks for was refused a moment ago, which is not said twice.
    MessageState.WAITING: frozenset(
        {
            MessageState.ANSWERING,
            MessageState.ANSWERED,
            MessageState.IGNORED,
            MessageState.FAILED,
        }
    ),
    # The turn ends, or is taken from its process: then what was asked waits again.
    MessageState.ANSWERING: frozenset(
        {
            MessageState.ANSWERED,
            MessageState.FAILED,
            MessageState.WAITING,
            MessageState.IGNORED,
        }
    ),
    MessageState.ANSWERED: frozenset(),
    MessageState.FAILED: frozenset(),
}

TURN_MOVES: Moves[TurnState] = {
    TurnState.RUNNING: frozenset(
        {TurnState.DONE, TurnState.FAILED, TurnState.INTERRUPTED, TurnState.STOPPED}
    ),
    TurnState.DONE: frozenset(),
    TurnState.FAILED: frozenset(),
    TurnState.INTERRUPTED: frozenset(),
    TurnState.STOPPED: frozenset(),
}

# What has left stays sent. All else is what is believed of a piece: the connection that sent it may
# know better, however late its word comes.
PIECE_MOVES: Moves[PieceState] = {
    PieceState.QUEUED: frozenset(
        {PieceState.SENDING, PieceState.SENT, PieceState.FAILED, PieceState.UNKNOWN}
    ),
    PieceState.SENDING: frozenset(
        {PieceState.QUEUED, PieceState.SENT, PieceState.FAILED, PieceState.UNKNOWN}
    ),
    PieceState.SENT: frozenset(),
    PieceState.FAILED: frozenset({PieceState.SENT, PieceState.UNKNOWN}),
    PieceState.UNKNOWN: frozenset({PieceState.SENT, PieceState.FAILED}),
}

# Where rows begin.
BEGINNINGS = (MessageState.RECEIVED, MessageState.WAITING, TurnState.RUNNING, PieceState.QUEUED)


def list_sources(moves: Moves[S], to: S) -> frozenset[S]:
    """The states from which a row may move to this one."""
    return frozenset(state for state, following in moves.items() if to in following)


def draw_diagram(moves: Moves[S]) -> str:
    """The moves as a Mermaid state diagram, as docs/architecture.md shows it."""
    return "\n".join(["stateDiagram-v2", *(f"    {arrow}" for arrow in _list_arrows(moves))])


def _list_arrows(moves: Moves[S]) -> Iterator[str]:
    yield from (f"[*] --> {state}" for state in moves if state in BEGINNINGS)
    for state, following in moves.items():
        # In the order of the enum, so that the picture changes only with the table.
        yield from (f"{state} --> {to}" for to in moves if to in following)
    yield from (f"{state} --> [*]" for state, following in moves.items() if not following)
