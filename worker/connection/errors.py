"""What can go wrong between the worker and WhatsApp, read from the library's texts: neonize 0.5.2
knows errors as text only."""

from core.errors import DjinnError
from core.link import End

NOT_SENT = (
    "websocket not connected",
    "client is nil",
    "frame socket is closed",
    "the store doesn't contain a device JID",
    # Asked before anything is sent: for which devices to encrypt (whatsmeow, send.go, request.go).
    "info query timed out",
    "before info query returned response",
)
REFUSED = (
    "no LID found",
    "server returned error",
    "info query returned",
    "can't send message to",
    "must be a user JID with no device part",
    "not participating in that group",
    "that group does not exist",
)


class NotSent(DjinnError):
    """The message certainly did not leave: it can wait and be sent later."""


class SendRefused(DjinnError):
    """WhatsApp will not take this message, now or later."""


class SendUnknown(DjinnError):
    """It can't be known whether the message left."""


class PairingRefused(DjinnError):
    """No pairing code was given out; `end` says why."""

    def __init__(self, end: End, detail: str) -> None:
        super().__init__(detail)
        self.end = end


def read_pairing_end(error: str) -> End:
    """Why no pairing code was given out."""
    if "too short" in error:
        return End.PHONE_TOO_SHORT
    if "international" in error:
        return End.PHONE_NOT_INTERNATIONAL
    if "429" in error or "rate-overlimit" in error:
        return End.RATE_LIMITED
    return End.REFUSED


def read_send_error(error: str) -> Exception:
    """What a failed send comes to. Unknown texts count as unknown outcomes: a message that may have
    left is not sent again."""
    if any(part in error for part in NOT_SENT):
        return NotSent(error)
    if any(part in error for part in REFUSED):
        return SendRefused(error)
    return SendUnknown(error)
