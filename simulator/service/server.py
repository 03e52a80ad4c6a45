"""The service: accepts logins, answers questions, carries messages between devices."""

import asyncio
import copy
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from simulator.clockwork import Clockwork
from simulator.faults import Faults
from simulator.service import handlers, linking
from simulator.service.account import Account, Companion
from simulator.service.changes import Changes
from simulator.service.connection import Connection
from simulator.service.groups import Group
from simulator.service.listener import Socket
from simulator.service.media_host import MediaHost
from simulator.wire.jid import GROUP_SERVER, LID_SERVER, PHONE_SERVER, SERVER, Jid
from simulator.wire.node import Attribute, Node, node, receipt_ids
from simulator.wire.noise import ServerIdentity

LOG_SIZE = 5000


class Record(NamedTuple):
    """One stanza of the log."""

    at: float  # Unix time
    direction: str  # "in" (from a client) or "out"
    device: Jid | None
    stanza: Node


class Server:
    """All accounts and connections. Lives in the event loop's thread."""

    def __init__(self, identity: ServerIdentity, faults: Faults, clockwork: Clockwork):
        self.identity, self.faults, self.clockwork = identity, faults, clockwork
        self.media = MediaHost(faults, clockwork.branch("media"))
        self.groups: dict[Jid, Group] = {}
        self.accounts: dict[str, Account] = {}
        self.linked: set[Account] = set()  # accounts with linked devices
        self._lids: dict[str, Account] = {}
        self.changes = Changes()
        self.errors: list[Exception] = []
        self.stanzas: deque[Record] = deque(maxlen=LOG_SIZE)
        self.listeners: list[Callable[[Record], object]] = []
        self._connections: set[Connection] = set()
        self._asked: dict[str, tuple[Connection, asyncio.Future[Node]]] = {}
        self._routes: dict[str, Callable[[Connection, Node], None]] = {
            "iq": self._iq,
            "message": self._message,
            "receipt": self._receipt,
            "ack": self._ack,
            "chatstate": self._chatstate,
            "presence": self._presence,
        }

    # Who is who

    def find(self, jid: Jid) -> Account | None:
        """The account behind a phone number or a LID."""
        numbers = self._lids if jid.server == LID_SERVER else self.accounts
        return numbers.get(jid.user)

    def add(self, account: Account) -> None:
        self.accounts[account.number] = account
        self._lids[account.lid.user] = account

    def companion(self, jid: Jid | None) -> Companion | None:
        account = self.find(jid) if jid else None
        return account.companions.get(jid.device) if account and jid else None

    @property
    def unlinked(self) -> list[Connection]:
        """Clients that show a QR code."""
        return [c for c in self._connections if c.companion is None and c.refs]

    @property
    def connected(self) -> list[Companion]:
        return [c.companion for c in self._connections if c.companion]

    # Connections

    def accept(self, socket: Socket) -> Connection:
        return Connection(self, self.identity, socket)

    def record(self, direction: str, connection: Connection, stanza: Node) -> None:
        device = connection.companion.jid if connection.companion else None
        record = Record(self.clockwork.now(), direction, device, stanza)
        self.stanzas.append(record)
        for listener in self.listeners:
            listener(record)
        self.changes.notify()  # those who wait look again when this stanza has been handled

    def open_connection(self, connection: Connection) -> None:
        """A client has shown who it is, or that it is not linked yet."""
        self._connections.add(connection)
        payload = connection.payload
        assert payload is not None
        failure = self.faults.login_failure
        if failure:
            connection.fail(failure.reason, code=failure.code, expire=failure.expire)
        elif payload.HasField("username"):
            self._login(connection, str(payload.username), payload.device)
        else:
            linking.begin(self, connection)
            self.changes.notify()

    def drop_connection(self, connection: Connection) -> None:
        self._connections.discard(connection)
        companion = connection.companion
        if companion and companion.connection is connection:
            companion.connection, companion.available = None, False
        for account in self.accounts.values():
            request = account.code_request
            if request and request.connection is connection:
                linking.abandon(request.finish)
                account.code_request = None
        for asked, (asker, reply) in list(self._asked.items()):
            if asker is connection:
                del self._asked[asked]
                linking.abandon(reply)
        self.changes.notify()

    def _login(self, connection: Connection, number: str, device: int) -> None:
        companion = self.companion(Jid(number, SERVER.server, device))
        if companion is None or companion.noise_key != connection.noise_key:
            connection.fail(401)
            return
        if companion.connection:
            companion.connection.end(node("stream:error", node("conflict", type="replaced")))
        companion.connection, connection.companion = connection, companion
        companion.available = False
        connection.send(node("success", t=self.clockwork.seconds(), lid=companion.lid))
        for stanza in companion.waiting.values():
            late = copy.copy(stanza)
            late.attrs = {**stanza.attrs, "offline": "0"}
            connection.send(late)
        connection.send(node("ib", node("offline", count=len(companion.waiting)), from_=SERVER))
        self.changes.notify()

    def remember(self, companion: Companion) -> None:
        """The device is linked from now on."""
        companion.account.companions[companion.device] = companion
        self.linked.add(companion.account)

    def forget(self, companion: Companion) -> None:
        """The device is not linked any more."""
        companion.account.companions.pop(companion.device, None)
        if not companion.account.companions:
            self.linked.discard(companion.account)
        companion.waiting.clear()
        self.changes.notify()

    def ask(self, connection: Connection, iq: Node) -> "asyncio.Future[Node]":
        """Send an iq to a client; the future holds its answer, or LinkFailed if it goes away."""
        iq.attrs["id"] = self.clockwork.stanza_id()
        reply: asyncio.Future[Node] = asyncio.get_running_loop().create_future()
        self._asked[iq.text("id")] = (connection, reply)
        connection.send(iq)
        return reply

    def notification(self, kind: str, *parts: Node, about: str = "") -> Node:
        """A <notification> from the service; `about` is its id if that has a meaning."""
        stanza_id, now = about or self.clockwork.stanza_id(), self.clockwork.seconds()
        return node("notification", *parts, type=kind, from_=SERVER, id=stanza_id, t=now)

    # Stanzas from clients

    def handle_stanza(self, connection: Connection, stanza: Node) -> None:
        """Route one stanza; kinds without a use here are dropped."""
        route = self._routes.get(stanza.tag)
        if route and (stanza.tag == "iq" or connection.companion):
            route(connection, stanza)

    def _iq(self, connection: Connection, stanza: Node) -> None:
        if stanza.text("type") in ("get", "set"):
            handlers.answer(self, connection, stanza)
        elif (asked := self._asked.pop(stanza.text("id"), None)) and not asked[1].done():
            asked[1].set_result(stanza)

    def _message(self, connection: Connection, stanza: Node) -> None:
        sender = connection.companion
        assert sender is not None
        to, message_id = stanza.jid("to") or SERVER, stanza.text("id")
        self._acknowledge_message(connection, to, message_id)
        if self.faults.refuse_messages:
            return
        participants = stanza.child("participants")
        if to.server == GROUP_SERVER:
            self._relay_to_group(sender, stanza, self.groups.get(to))
            return
        if participants is None:
            self._relay(sender, stanza, to, stanza.children)
            return
        for target in participants.all("to"):
            self._relay(sender, stanza, target.jid("jid") or to, target.children)

    def _acknowledge_message(self, connection: Connection, to: Jid, message_id: str) -> None:
        if self.faults.drop_acks:
            return
        error = self.faults.refuse_messages
        ack = node(
            "ack",
            class_="message",
            id=message_id,
            from_=to,
            t=self.clockwork.seconds(),
            error=error,
        )
        if self.faults.ack_delay:
            asyncio.get_running_loop().call_later(self.faults.ack_delay, connection.send, ack)
        else:
            connection.send(ack)

    def _relay(self, sender: Companion, stanza: Node, device: Jid, parts: list[Node]) -> None:
        """Carry a message to one device, phone or linked."""
        account = self.find(device)
        if account is None:
            return
        attrs = {name: stanza.attrs.get(name) for name in ("id", "type", "edit", "category")}
        origin: dict[str, Attribute] = {"from_": sender.jid, "to": device.person}
        if stanza.jid("to") in self.groups:
            origin = {"from_": stanza.attrs["to"], "participant": sender.jid}
        elif account is sender.account:
            attrs["recipient"] = stanza.attrs.get("recipient") or stanza.attrs.get("to")
        relayed = node(
            "message",
            *parts,
            **origin,
            t=self.clockwork.seconds(),
            notify=sender.account.handset.name,
            **attrs,
        )
        if device.device == 0:
            account.handset.receive(relayed)
        elif device.device in account.companions:
            account.companions[device.device].deliver(relayed)

    def _relay_to_group(self, sender: Companion, stanza: Node, group: Group | None) -> None:
        """The ciphertext for all, and before it for some devices the key to it."""
        if group is None or sender.account not in group.members:
            return
        for_all = list(stanza.all("enc"))
        if one := stanza.jid("participant"):  # a repetition, for the device that asked for it
            self._relay(sender, stanza, one, for_all)
            return
        targets = (stanza.child("participants") or node("participants")).all("to")
        keys = {self._address(target.jid("jid")): target.children for target in targets}
        for member in group.members:
            for number in member.device_ids:
                address = member.number, number
                if address != sender.address:
                    device = Jid(member.number, PHONE_SERVER, number)
                    self._relay(sender, stanza, device, [*keys.get(address, []), *for_all])

    def _address(self, jid: Jid | None) -> tuple[str, int] | None:
        account = self.find(jid) if jid else None
        return (account.number, jid.device) if account and jid else None

    def _receipt(self, connection: Connection, stanza: Node) -> None:
        sender = connection.companion
        to, kind = stanza.jid("to") or SERVER, stanza.attrs.get("type")
        assert sender is not None
        connection.send(node("ack", class_="receipt", id=stanza.text("id"), from_=to, type=kind))
        for message_id in receipt_ids(stanza):
            sender.record_ack("message", message_id)
        # In a group or a status the receipt is for the one who wrote.
        account = self.find(stanza.jid("participant") or to)
        for_own_phone = kind in ("retry", "server-error")
        if account is None or (account is sender.account and not for_own_phone):
            return
        attrs = {**stanza.attrs, "from": sender.jid}
        account.handset.receive(Node("receipt", attrs, stanza.content))

    def _ack(self, connection: Connection, stanza: Node) -> None:
        assert connection.companion is not None
        connection.companion.record_ack(stanza.text("class"), stanza.text("id"))

    def _chatstate(self, connection: Connection, stanza: Node) -> None:
        """Typing reaches the other side only from a device that shows itself as available."""
        companion, to = connection.companion, stanza.jid("to") or SERVER
        if companion is None or not companion.available:
            return
        if group := self.groups.get(to):
            origin: dict[str, Attribute] = {"from": to, "participant": companion.jid}
            for member in group.others(companion.account):
                member.handset.receive(Node("chatstate", origin, stanza.content))
        elif account := self.find(to):
            account.handset.receive(Node("chatstate", {"from": companion.jid}, stanza.content))

    def _presence(self, connection: Connection, stanza: Node) -> None:
        """Without a type it only tells a name: Baileys sends that while it means to stay unseen."""
        assert connection.companion is not None
        if "to" not in stanza.attrs and "type" in stanza.attrs:
            connection.companion.available = stanza.text("type") == "available"
