"""What can go wrong between the worker and WhatsApp."""

from core.errors import DjinnError
from core.link import End


class NotSent(DjinnError):
    """The message certainly did not leave: it can wait and be sent later."""


class SendRefused(DjinnError):
    """WhatsApp will not take this message, now or later."""


class SendUnknown(DjinnError):
    """Nobody can tell whether the message left."""


class PairingRefused(DjinnError):
    """No pairing code was given out; `end` says why."""

    def __init__(self, end: End, detail: str) -> None:
        super().__init__(detail)
        self.end = end
