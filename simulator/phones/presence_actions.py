"""What a person shows the other side without a message: typing, reading, being there."""

from simulator.phones.composer import Chat
from simulator.phones.display import Display
from simulator.phones.message import Message
from simulator.service.groups import Group
from simulator.wire.jid import Jid
from simulator.wire.node import node


class PresenceActions(Display):
    """Chat states, read receipts and flight mode. `to` as for messages."""

    async def composing(self, to: Chat | None = None) -> None:
        """Show "typing..." to the other side."""
        self._chatstate(to, "composing")

    async def recording(self, to: Chat | None = None) -> None:
        """Show "recording audio..." to the other side."""
        self._chatstate(to, "composing", media="audio")

    async def stops_typing(self, to: Chat | None = None) -> None:
        self._chatstate(to, "paused")

    async def reads(self, message: Message | str) -> None:
        """Open the chat: blue ticks for a message, on the device that sent it."""
        known = self.messages[message] if isinstance(message, str) else message
        account = self._simulator.server.accounts[known.sender.strip("+")]
        group = Jid.parse(known.chat) if "@" in known.chat else None
        if companion := account.companions.get(known.from_device):
            self._handset.read(known.id, companion, group)
        elif known.from_device == 0:
            account.handset.phone.receipt_arrived(known.id, "read")

    async def goes_offline(self) -> None:
        """Flight mode: what is sent to this phone waits, and so does what it sends."""
        self._handset.online = False

    async def comes_online(self) -> None:
        self._handset.go_online()

    def _chatstate(self, to: Chat | None, state: str, **attrs: str) -> None:
        other, own = to or self._simulator.bot, self._handset
        if not own.online:
            return
        if isinstance(other, Group):
            accounts, origin = other.members, {"from_": other.jid, "participant": own.jid}
        else:
            accounts, origin = [other.account], {"from_": own.jid}
        stanza = node("chatstate", node(state, **attrs), **origin)
        for account in accounts:
            if account is own.account:
                continue
            for companion in account.companions.values():
                if companion.connection:
                    companion.connection.send(stanza)
            account.handset.receive(stanza)
