"""WhatsApp addresses: `user@server`, and `user:device@server` for one device of a person."""

from typing import NamedTuple

PHONE_SERVER = "s.whatsapp.net"
LID_SERVER = "lid"
GROUP_SERVER = "g.us"
BROADCAST_SERVER = "broadcast"


class Jid(NamedTuple):
    """An address."""

    user: str
    server: str
    device: int = 0  # 0 is the phone itself; companions count from 1

    def __str__(self) -> str:
        if not self.user:
            return self.server
        device = f":{self.device}" if self.device else ""
        return f"{self.user}{device}@{self.server}"

    @property
    def person(self) -> "Jid":
        """The same address without the device."""
        return Jid(self.user, self.server) if self.device else self

    @classmethod
    def parse(cls, text: str) -> "Jid":
        """Read `user:device@server`, `user@server` or `server`."""
        user, at, server = text.rpartition("@")
        user, _, device = user.partition(":") if at else ("", "", "")
        return cls(user, server, int(device or 0))


SERVER = Jid("", PHONE_SERVER)
STATUS = Jid("status", BROADCAST_SERVER)
