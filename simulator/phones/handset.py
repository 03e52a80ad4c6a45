"""The protocol's side of a phone: device 0 of an account, with its keys and its messages.

Between phones nothing is encrypted, since no client sees it; what reaches a linked device, and
what it sends, is encrypted as in life. What a person sees and does is in phone.py.
"""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from simulator.crypto.e2ee import Keyring, Sealed, unpad
from simulator.crypto.ratchet import Undecryptable
from simulator.faults import Direction
from simulator.phones import content, history, resending
from simulator.phones.outgoing import Outgoing, send_to_device
from simulator.phones.recent import Recent
from simulator.service.account import Account, Companion
from simulator.service.app_state import AppState
from simulator.service.groups import GroupKeys
from simulator.wire.jid import GROUP_SERVER, SERVER, Jid
from simulator.wire.node import Node, node, receipt_ids
from simulator.wire.protobufs import e2e

if TYPE_CHECKING:
    from simulator.phones.phone import Phone
    from simulator.service.server import Server

Addressing = Literal["pn", "lid", "lid_only"]
MEMORY = 20_000  # messages that a phone can send again, or tell from a copy


class Handset:
    """Device 0 of `account`. Lives in the event loop's thread."""

    def __init__(self, server: "Server", account: Account, name: str, addressing: Addressing):
        self.server, self.account = server, account
        self.addressing = addressing
        self.clockwork = server.clockwork.branch(account.number)
        self.keyring = Keyring(self.clockwork)
        self.group_keys = GroupKeys(self.clockwork)
        self.app_state = AppState(name, self.clockwork)
        self.phone: Phone
        self.online = True
        self.files: Recent[str, bytes] = Recent(MEMORY)  # encrypted, by message id
        self._waiting: list[Node | tuple[Handset, Outgoing]] = []  # arrived while offline
        self._outbox: list[tuple[Sequence[Account], Outgoing]] = []  # written while offline
        self.sent: Recent[str, Outgoing] = Recent(MEMORY)  # by message id
        self._seen: Recent[tuple[Jid, str], None] = Recent(MEMORY)  # device and message id
        self.retries: Counter[str] = Counter()  # message id -> how often we asked for it again

    @property
    def name(self) -> str:
        return self.app_state.push_name

    @property
    def jid(self) -> Jid:
        """The address under which others see this phone's messages."""
        return self.account.jid if self.addressing == "pn" else self.account.lid

    # Sending

    def send(self, to: Sequence[Account], outgoing: Outgoing) -> None:
        """Send to all devices of `to`, and copies to the devices linked to this account."""
        if not self.online:
            self._outbox.append((to, outgoing))
            return
        self._remember(outgoing)
        for account in to:
            if account is not self.account:
                for companion in account.companions.values():
                    send_to_device(self, companion, outgoing)
                account.handset.receive_from_phone(self, outgoing)
        for companion in self.account.companions.values():
            send_to_device(self, companion, outgoing)
        self.phone.record_departure(outgoing.id)

    def rename(self, name: str) -> None:
        """Others see the new name with the next message; linked devices learn it at once."""
        collection = self.app_state.rename(name)
        for companion in self.account.companions.values():
            companion.deliver(self.server.notification("server_sync", collection))

    def companion_ready(self, companion: Companion) -> None:
        """Share the app state's key and the past with a new linked device, which has logged in."""
        past = history.notifications(self.phone, self.server.media, self.clockwork)
        for message in (self.app_state.key_share(), *past):
            peer = {"category": "peer"}
            outgoing = Outgoing(message, self.account.jid, self.clockwork.message_id(), peer)
            self._remember(outgoing)
            send_to_device(self, companion, outgoing)

    def _remember(self, outgoing: Outgoing) -> None:
        self.sent[outgoing.id] = outgoing
        if outgoing.file is not None:
            self.files[outgoing.id] = outgoing.file

    # Receiving

    def go_online(self) -> None:
        """Take what arrived while offline, and send what was written."""
        self.online = True
        waiting, self._waiting = self._waiting, []
        for arrived in waiting:
            if isinstance(arrived, Node):
                self.receive(arrived)
            else:
                self.receive_from_phone(*arrived)
        outbox, self._outbox = self._outbox, []
        for to, outgoing in outbox:
            self.send(to, outgoing)

    def receive_from_phone(self, sender: "Handset", outgoing: Outgoing) -> None:
        """A message from another phone; nothing to decrypt."""
        if not self.online:
            self._waiting.append((sender, outgoing))
            return
        if outgoing.file is not None:
            self.files[outgoing.id] = outgoing.file
        read, group = content.read(outgoing.message), outgoing.chat if outgoing.in_group else None
        self.phone.message_arrived(outgoing.id, sender.account, read, outgoing.message, group=group)
        if not self.account.companions:  # else a linked device's receipt is what tests look for
            sender.phone.receipt_arrived(outgoing.id, "")

    def receive(self, stanza: Node) -> None:
        """A stanza from a linked device, of whichever account."""
        if stanza.tag == "chatstate":
            sender = self.server.find(stanza.jid("participant") or stanza.jid("from") or self.jid)
            if self.online and stanza.children and sender:
                self.phone.typing_changed(sender, stanza.children[0], _group_of(stanza))
        elif not self.online:
            self._waiting.append(stanza)
        elif stanza.tag == "message":
            self._message(stanza)
        elif stanza.tag == "receipt":
            self._receipt(stanza)

    def _message(self, stanza: Node) -> None:
        companion = self.server.companion(stanza.jid("participant") or stanza.jid("from"))
        if companion is None:
            return
        key = companion.jid, stanza.text("id")
        if key in self._seen:
            return
        try:
            message = self._decrypt(companion, stanza)
        except Undecryptable as problem:
            self.phone.undecryptable_arrived(stanza.text("id"), str(problem))
            resending.ask_again(self, companion, stanza)
            return
        self._seen[key] = None
        if stanza.text("category") == "peer":
            return
        sent_from = companion.device
        if message.HasField("deviceSentMessage"):
            chat = Jid.parse(message.deviceSentMessage.destinationJID)
            message = message.deviceSentMessage.message
            read = content.read(message)
            self.phone.own_device_sent(stanza.text("id"), chat, read, message, sent_from)
            return
        self._confirm(companion, stanza)
        group, read = _group_of(stanza), content.read(message)
        if group and companion.account is self.account:
            self.phone.own_device_sent(stanza.text("id"), group, read, message, sent_from)
            return
        self.phone.message_arrived(
            stanza.text("id"), companion.account, read, message, sent_from, group
        )

    def _decrypt(self, companion: Companion, stanza: Node) -> Any:
        """Decrypt a message for this phone; a group's key that comes with it is kept."""
        direction: Direction = "to_owner" if companion.account is self.account else "to_phones"
        result = None
        for enc in stanza.all("enc"):
            data = self.server.faults.maybe_corrupt(direction, enc.data)
            if enc.text("type") == "skmsg":
                group = _group_of(stanza) or SERVER
                text = self.group_keys.decrypt(group, companion.address, data)
            else:
                text = self.keyring.decrypt(companion.address, Sealed(enc.text("type"), data))
            result = e2e.Message.FromString(unpad(text))
            if result.HasField("senderKeyDistributionMessage"):
                self.group_keys.learn(companion.address, result.senderKeyDistributionMessage)
        if result is None:
            raise Undecryptable("the message has no encrypted part for this device")
        return result

    def _confirm(self, companion: Companion, stanza: Node, kind: str | None = None) -> None:
        """A delivery receipt, or a read one."""
        attrs = {"id": stanza.text("id"), "type": kind, "t": self.clockwork.seconds()}
        companion.deliver(node("receipt", **self.answering(stanza), **attrs))
        if companion.account is not self.account:  # its own phone shows the ticks too
            companion.account.handset.phone.receipt_arrived(stanza.text("id"), kind or "")

    def answering(self, stanza: Node) -> dict[str, Jid]:
        """The sender of a receipt for this message."""
        if group := _group_of(stanza):
            return {"from_": group, "participant": self.jid}
        return {"from_": stanza.jid("to") or self.jid}

    def read(self, message_id: str, companion: Companion, group: Jid | None = None) -> None:
        """Tell `companion` that its message was read."""
        self._confirm(companion, node("message", id=message_id, from_=group), "read")

    def _receipt(self, stanza: Node) -> None:
        kind = stanza.text("type")
        if kind == "retry":
            resending.send_again(self, stanza)
        elif kind == "server-error":
            resending.upload_again(self, stanza)
        else:
            for message_id in receipt_ids(stanza):
                self.phone.receipt_arrived(message_id, kind)


def _group_of(stanza: Node) -> Jid | None:
    origin = stanza.jid("from")
    return origin if origin and origin.server == GROUP_SERVER else None
