"""A job's hold of a chat, and the steps it takes there."""

import secrets
from dataclasses import dataclass, field

from worker.jobs.turns import OpenTurn


@dataclass
class Lease:
    """One job's hold of one chat, and what has happened in it since its last turn."""

    chat_id: int
    owner: str = field(default_factory=lambda: secrets.token_hex(8))
    is_fresh: bool = True  # nothing was looked at yet
    was_interrupted: bool = False  # the chat's last turn was found without its process
    has_stopped: bool = False  # its last turn was stopped
    waits: int = 0  # for further lines

    def begin_turn(self) -> None:
        self.is_fresh = self.was_interrupted = self.has_stopped = False
        self.waits = 0


# What a look at a chat comes to, and so what its job does next.


@dataclass(frozen=True)
class Run:
    turn: OpenTurn


@dataclass(frozen=True)
class Wait:
    """The person may not have finished writing."""

    seconds: float


@dataclass(frozen=True)
class LookAgain:
    """A turn was closed that needed no agent."""


@dataclass(frozen=True)
class Done:
    """Nothing waits; the lease is given back."""


@dataclass(frozen=True)
class Leave:
    """Another job has the chat."""

    has_interrupt: bool  # what that one is at is to be stopped


Next = Run | Wait | LookAgain | Done | Leave
