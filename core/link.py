"""The way to being linked, as the panel shows it. Linked and connected are two facts: an account
stays linked while the network is away."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.phone import Phone

# whatsmeow (qrchan.go) shows six codes, the first for 60 s, the others for 20 s each. A pairing
# code lives no longer than that either.
QR_CODES, FIRST_QR, NEXT_QR = 6, 60, 20
ATTEMPT = FIRST_QR + (QR_CODES - 1) * NEXT_QR  # seconds in all


class Phase(StrEnum):
    """Where an attempt to link is. UNLINKED with an `end` is an attempt that came to nothing."""

    UNLINKED = "unlinked"
    STARTING = "starting"
    SCAN = "scan"
    CODE = "code"
    FINISHING = "finishing"
    LINKED = "linked"


class End(StrEnum):
    """Why there is no link, or why a link ended. The panel has a sentence and a next step for
    each."""

    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    PHONE_TOO_SHORT = "phone_too_short"
    PHONE_NOT_INTERNATIONAL = "phone_not_international"
    RATE_LIMITED = "rate_limited"
    PASSKEY = "passkey"
    OUTDATED = "outdated"
    UNREACHABLE = "unreachable"
    CRASHED = "crashed"
    UNLINKED_HERE = "unlinked_here"
    UNLINKED_OFFLINE = "unlinked_offline"
    REMOVED_ON_PHONE = "removed_on_phone"
    ACCOUNT_GONE = "account_gone"
    SESSION_LOST = "session_lost"  # SQL says linked, but the session files are not there
    REPLACED = "replaced"
    BANNED = "banned"


# After these the account is not linked any more and the session files are useless.
SESSION_ENDS = frozenset(
    {
        End.UNLINKED_HERE,
        End.UNLINKED_OFFLINE,
        End.REMOVED_ON_PHONE,
        End.ACCOUNT_GONE,
        End.SESSION_LOST,
    }
)
# After these the account is still linked, but connecting again needs the owner's decision.
STOPPING_ENDS = frozenset({End.REPLACED, End.BANNED, End.OUTDATED})


@dataclass(frozen=True)
class Link:
    """What SQL remembers of the account: who we are linked to, since when, why not any more."""

    phone: Phone | None = None
    device_name: str | None = None
    linked_at: datetime | None = None
    end: End | None = None
    ended_at: datetime | None = None

    @property
    def is_linked(self) -> bool:
        return self.phone is not None


@dataclass(frozen=True)
class Status:
    """What the worker says of the connection right now (kept in Redis with a time to live).

    `qr` is a secret: whoever has it can link the account. `attempt` is the id of the request that
    started the attempt. `expires_at` is when this code or QR stops working.
    """

    phase: Phase
    connected: bool = False
    attempt: str | None = None
    qr: str | None = None
    number: int = 0  # this is QR code n ...
    of: int = 0  # ... of so many
    code: str | None = None
    phone: Phone | None = None
    expires_at: datetime | None = None
    end: End | None = None
    detail: str | None = None
    retry_at: datetime | None = None  # when the supervisor tries to connect again
