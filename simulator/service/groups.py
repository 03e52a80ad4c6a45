"""Groups: who is in them, what a client learns of them, and the keys a phone writes with.

Source: whatsmeow's group.go for the answers, its send.go and message.go for what a group message
looks like: keys in pairwise encryption for those who lack them, then one ciphertext for all; its
presence.go for typing, which comes from the group with the one who types as `participant`.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulator.clockwork import Clockwork
from simulator.crypto.ratchet import Undecryptable
from simulator.crypto.sender_key import ReceivedKey, SenderKey
from simulator.service.account import Account, Companion
from simulator.wire.jid import GROUP_SERVER, SERVER, Jid
from simulator.wire.node import Node, node
from simulator.wire.protobufs import e2e

if TYPE_CHECKING:
    from simulator.service.server import Server


@dataclass(eq=False)
class Group:
    """A group of accounts; the first member has made it. Made by `Simulator.add_group`."""

    jid: Jid
    subject: str
    members: list[Account]
    created: int  # Unix time

    def others(self, member: Account) -> list[Account]:
        """The other members; empty if this account is no member."""
        if member not in self.members:
            return []
        return [each for each in self.members if each is not member]

    def describe(self) -> Node:
        """The <group> that members' devices may ask for."""
        creator = self.members[0]
        participants = (
            node(
                "participant",
                jid=member.jid,
                lid=member.lid,
                type="superadmin" if member is creator else None,
            )
            for member in self.members
        )
        return node(
            "group",
            *participants,
            id=self.jid.user,
            subject=self.subject,
            s_t=self.created,
            s_o=creator.jid,
            creation=self.created,
            creator=creator.jid,
            p_v_id=len(self.members),
            addressing_mode="pn",
        )


def create(
    server: "Server", subject: str, members: Sequence[Account], by: Companion | None = None
) -> Group:
    """A new group, which its members' linked devices learn of, but for the one that made it.

    Raises ValueError without members.
    """
    if not members:
        raise ValueError("a group needs members")
    clockwork = server.clockwork
    jid = Jid(f"120363{clockwork.number(10**12):012}", GROUP_SERVER)
    group = Group(jid, subject, list(members), clockwork.seconds())
    server.groups[jid] = group
    news = server.notification("w:gp2", node("create", group.describe(), type="new"))
    news.attrs |= {"from": jid, "participant": members[0].jid}
    for member in members:
        for companion in member.companions.values():
            if companion is not by:
                companion.deliver(news)
    return group


def create_for_client(server: "Server", maker: Companion, asked: Node) -> list[Node]:
    """A client makes a group; unknown members are left out."""
    named = (server.find(who.jid("jid") or SERVER) for who in asked.all("participant"))
    others = [account for account in named if account and account is not maker.account]
    group = create(server, asked.text("subject"), [maker.account, *others], maker)
    return [group.describe()]


@dataclass
class _OwnKey:
    key: SenderKey
    known_to: set[Hashable] = field(default_factory=set)


class GroupKeys:
    """One phone's sender keys: its own for each group, and those it was given."""

    def __init__(self, clockwork: Clockwork):
        self._clockwork = clockwork
        self._own: dict[Jid, _OwnKey] = {}
        self._received: dict[tuple[Jid, Hashable], ReceivedKey] = {}

    def encrypt(self, group: Jid, text: bytes) -> bytes:
        return self._own_key(group).key.encrypt(text)

    def introduction(self, group: Jid, device: Hashable) -> "e2e.Message | None":
        """What a device needs to read this phone's messages in the group, the first time only.

        To be asked for before the message is encrypted: a key opens what comes after it.
        """
        own = self._own_key(group)
        if device in own.known_to:
            return None
        own.known_to.add(device)
        return e2e.Message(
            senderKeyDistributionMessage=e2e.SenderKeyDistributionMessage(
                groupID=str(group), axolotlSenderKeyDistributionMessage=own.key.distribution()
            )
        )

    def introduce_again(self, group: Jid, device: Hashable) -> None:
        """The device could not read a message: it gets the key with the next one."""
        self._own_key(group).known_to.discard(device)

    def learn(self, device: Hashable, distribution: "e2e.SenderKeyDistributionMessage") -> None:
        """Take a key that a device has handed out. Raises Undecryptable if it is none."""
        group = Jid.parse(distribution.groupID)
        key = ReceivedKey.parse(distribution.axolotlSenderKeyDistributionMessage)
        self._received[group, device] = key

    def decrypt(self, group: Jid, device: Hashable, data: bytes) -> bytes:
        """Raises Undecryptable."""
        key = self._received.get((group, device))
        if key is None:
            raise Undecryptable("no sender key for this group")
        return key.decrypt(data)

    def _own_key(self, group: Jid) -> _OwnKey:
        if group not in self._own:
            self._own[group] = _OwnKey(SenderKey(self._clockwork))
        return self._own[group]
