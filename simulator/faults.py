"""What can go wrong, as knobs. All are off at first and stay as they are set."""

from dataclasses import dataclass, field, fields
from typing import Any, Literal

# To a linked device; to the phones of those it writes to; its copies to its own account's phone;
# files that a linked device downloads.
Direction = Literal["to_client", "to_phones", "to_owner", "media"]


@dataclass(frozen=True)
class LoginFailure:
    """How logins are refused."""

    reason: int  # of the <failure> stanza
    code: int | None = None  # of a ban: 101 to 106, which says why
    expire: int | None = None  # of a ban: seconds


@dataclass
class Faults:
    """The knobs; all but `corrupt` may be set at any time by plain assignment."""

    latency: float = 0.0  # seconds that each stanza takes on its way, in either direction
    ack_delay: float = 0.0  # seconds from a client's message to its acknowledgement
    drop_acks: bool = False  # messages are delivered but never acknowledged
    refuse_messages: int | None = None  # messages are answered with this error, not delivered
    mute_pings: bool = False  # pings are not answered
    refuse: bool = False  # new connections are turned away
    refuse_uploads: int | None = None  # the HTTP status for every upload of a file
    refuse_downloads: int | None = None  # and for every download
    # QR codes for one attempt. Less than six last 20 seconds each (whatsmeow's qrchan.go).
    qr_codes: int = 6
    refuse_codes: bool = False  # pairing codes are refused as asked for too often
    ask_for_passkey: bool = False  # linking ends in a request for a passkey
    login_failure: LoginFailure | None = None
    _corrupt: dict[str, int] = field(default_factory=dict)

    @property
    def active(self) -> dict[str, Any]:
        """The knobs that are not as they were at first."""
        first = Faults()
        pairs = ((f.name, getattr(self, f.name)) for f in fields(self))
        active = {name: value for name, value in pairs if value != getattr(first, name)}
        damage = {way: count for way, count in active.pop("_corrupt", {}).items() if count}
        return active | ({"corrupt": damage} if damage else {})

    def reset(self) -> None:
        """Everything back to normal."""
        vars(self).update(vars(Faults()))

    def corrupt(self, direction: Direction, count: int = 1) -> None:
        """Damage the next `count` encrypted messages in one direction."""
        self._corrupt[direction] = count

    def maybe_corrupt(self, direction: Direction, data: bytes) -> bytes:
        """The ciphertext, with its last byte changed while damage is due."""
        if not self._corrupt.get(direction):
            return data
        self._corrupt[direction] -= 1
        return data[:-1] + bytes((data[-1] ^ 0xFF,))
