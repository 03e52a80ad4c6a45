"""A phone that a test or a person can hold: what it shows, and waiting for it.

What one does with it is in saying.py.

All coroutines run in the simulator's event loop. What is waited for is awaited with a deadline;
when it passes, the AssertionError shows the phone's transcript.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from simulator.phones import content, media
from simulator.phones.content import Content
from simulator.phones.handset import Addressing, Handset, Outgoing
from simulator.phones.message import Entry, Matcher, Message
from simulator.phones.recent import Recent
from simulator.phones.saying import Saying
from simulator.service import linking
from simulator.service.account import Account, Companion
from simulator.service.changes import Changes
from simulator.wire.jid import Jid
from simulator.wire.node import Node

if TYPE_CHECKING:
    from simulator.simulator import Simulator

TIMEOUT = 60.0  # seconds: generous, since a busy machine is no failure
TYPING_FADES = 25.0  # seconds after which a phone stops to show "typing..."
EARLY = 1000  # receipts for messages that are not here yet
RANKS = {"pending": -1, "sent": 0, "delivered": 1, "read": 2}
RECEIPTS = {"": "delivered", "inactive": "delivered", "read": "read", "played": "read"}


class Phone(Saying):
    """One handset as a person uses it. Made by `Simulator.add_phone`."""

    def __init__(self, simulator: "Simulator", handset: Handset):
        self._simulator, self._handset = simulator, handset
        handset.phone = self
        self.number = f"+{handset.account.number}"
        self.changes = Changes()
        self.transcript: list[Entry] = []
        self.messages: dict[str, Message] = {}
        self.reactions: dict[str, str] = {}  # message id -> emoji of the other side
        self.reactions_by: dict[str, dict[str, str]] = {}  # message id -> number -> emoji
        self.typing_log: list[tuple[str, float]] = []
        self._typists: dict[str, tuple[str, float]] = {}  # chat -> what, Unix time
        self.undecryptable = 0
        self._unheard: list[Message] = []
        self._ticks: dict[str, str] = {}
        # The receipt for what a linked device has sent may be here before the copy of it.
        self._early: Recent[str, str] = Recent(EARLY)
        self._typing_seen = 0

    # Who we are

    @property
    def account(self) -> Account:
        return self._handset.account

    @property
    def name(self) -> str:
        return self._handset.name

    @property
    def jid(self) -> Jid:
        """The address under which others see this phone."""
        return self._handset.jid

    @property
    def linked_devices(self) -> list[Companion]:
        """What "Linked devices" lists: each with `name`, `platform`, `device`, `linked_at`."""
        return list(self.account.companions.values())

    @property
    def addressing(self) -> Addressing:
        return self._handset.addressing

    @property
    def online(self) -> bool:
        """False in flight mode."""
        return self._handset.online

    def contacts(self) -> "list[Phone]":
        """The phones that this one has chats with."""
        chats = {message.chat for message in self.messages.values()}
        return [phone for phone in self._simulator.phones if phone.number in chats]

    def chat_jid(self, chat: str) -> str:
        """The JID of a chat: of the person with a number, or a group's own."""
        account = self._simulator.server.accounts.get(chat.removeprefix("+"))
        return str(account.handset.jid) if account else chat

    def media_key(self, message_id: str) -> bytes:
        """The key of the file that came with a message; empty if there is none."""
        message = self.messages.get(message_id)
        found = media.part(content.unwrap(message.raw)) if message else None
        return bytes(found[1].mediaKey) if found else b""

    # Linking

    async def scan(self, qr_payload: str, timeout: float = TIMEOUT) -> Companion:
        """Scan a QR code; returns when the device has logged in. Raises LinkFailed."""
        return await linking.scan(self._simulator.server, self.account, qr_payload, timeout)

    async def enter_code(self, code: str, timeout: float = TIMEOUT) -> Companion:
        """Type a pairing code, XXXX-XXXX; waits for the request. Raises LinkFailed."""
        return await linking.enter_code(self._simulator.server, self.account, code, timeout)

    async def remove_device(self, device: Companion | None = None) -> None:
        """Log out one device under "Linked devices", or all of them."""
        for companion in [device] if device else self.linked_devices:
            linking.remove(self._simulator.server, companion)

    # Watching

    async def hears(self, what: Matcher = None, timeout: float = TIMEOUT) -> Message:
        """The next message not heard yet that matches: a text, a pattern, a predicate, or any.

        Messages that don't match stay unheard. Reactions, edits and deletes are no messages here.
        """
        message: Message = await self._wait_until(
            lambda: next((m for m in self._unheard if m.matches(what)), None),
            timeout,
            f"did not hear {what if what is not None else 'anything'!r}",
        )
        self._unheard.remove(message)
        return message

    @property
    def unheard(self) -> list[Message]:
        """What has come and was not asked for with `hears`."""
        return list(self._unheard)

    @property
    def typing(self) -> bool:
        """Whether the phone shows "typing..." now.

        `typing_log` holds (what, Unix time): composing, recording, paused, and arrived for the
        message that ends it.
        """
        if not self.typing_log or self.typing_log[-1][0] not in ("composing", "recording"):
            return False
        return self._now() - self.typing_log[-1][1] < TYPING_FADES

    def typing_in(self, chat: str) -> str | None:
        """What the person of this chat, or the last one in a group, does now: composing, recording
        or nothing."""
        what, since = self._typists.get(chat, (None, 0.0))
        return what if self._now() - since < TYPING_FADES else None

    async def sees_typing(self, timeout: float = TIMEOUT) -> None:
        """Wait for the next "typing..." that was not seen yet."""
        await self._sees_state("composing", timeout)

    async def sees_paused(self, timeout: float = TIMEOUT) -> None:
        """Wait for the next end of typing that was not seen yet."""
        await self._sees_state("paused", timeout)

    async def sees_reaction(self, emoji: str, on: str, timeout: float = TIMEOUT) -> None:
        """Wait until the other side's reaction on message `on` is `emoji`; "" for none."""
        await self._wait_until(
            lambda: self.reactions.get(on, "") == emoji, timeout, f"no reaction {emoji!r} on {on}"
        )

    async def sees_read(self, message_id: str, timeout: float = TIMEOUT) -> None:
        """Wait for blue ticks."""
        await self._sees_ticks(message_id, "read", timeout)

    async def sees_delivered(self, message_id: str, timeout: float = TIMEOUT) -> None:
        """Wait for two ticks, or blue ones."""
        await self._sees_ticks(message_id, "delivered", timeout)

    async def sees(self, what: Callable[["Phone"], object], timeout: float = TIMEOUT) -> None:
        """Wait until `what(phone)` is true."""
        await self._wait_until(lambda: what(self), timeout, "did not see it")

    def ticks(self, message_id: str) -> str | None:
        """One of pending, sent, delivered and read; None for what this account did not send.

        They tell of the other account's linked devices; of its phone only when it has none.
        """
        return self._ticks.get(message_id)

    # What the handset reports

    def message_arrived(
        self,
        message_id: str,
        sender: Account,
        what: Content,
        raw: Any,
        device: int = 0,
        group: Jid | None = None,
    ) -> None:
        who = f"+{sender.number}"
        self._note(who, what.kind, what.text, what.target or message_id)
        if self.typing:
            self.typing_log.append(("arrived", self._now()))
        chat = str(group) if group else who
        self._typists.pop(chat, None)
        if what.kind == "reaction":
            self.reactions[what.target or ""] = what.text
            self._react(who, what)
        elif what.kind in ("edit", "delete"):
            self._change(what)
        else:
            message = self._keep(what, message_id, who, raw, chat=chat, device=device)
            self._unheard.append(message)
        self.changes.notify()

    def own_device_sent(
        self, message_id: str, chat: Jid, what: Content, raw: Any, device: int
    ) -> None:
        """A device linked to this phone's account has sent something to `chat`."""
        account = self._simulator.server.find(chat.person)
        name = f"+{account.number}" if account else str(chat)
        self._record_sent(message_id, name, what, raw, device)

    def record_sending(self, outgoing: Outgoing, chat: str) -> None:
        """Something was written on this phone; it waits there while the phone is offline."""
        self._ticks[outgoing.id] = "pending"
        self._record_sent(outgoing.id, chat, content.read(outgoing.message), outgoing.message)

    def record_departure(self, message_id: str) -> None:
        """The service has taken a message of this phone."""
        if self._ticks.get(message_id) == "pending":
            self._ticks[message_id] = "sent"
            self.changes.notify()

    def typing_changed(self, sender: Account, state: Node, group: Jid | None = None) -> None:
        recording = state.tag == "composing" and state.text("media") == "audio"
        what = "recording" if recording else state.tag
        self.typing_log.append((what, self._now()))
        chat = str(group) if group else f"+{sender.number}"
        self._typists.pop(chat, None)
        if what != "paused":
            self._typists[chat] = what, self._now()
        self._note("them", "typing" if state.tag == "composing" else state.tag)
        self.changes.notify()

    def undecryptable_arrived(self, message_id: str, reason: str) -> None:
        self.undecryptable += 1
        self._note("them", "undecryptable", reason, message_id)
        self.changes.notify()

    def receipt_arrived(self, message_id: str, kind: str) -> None:
        tick = RECEIPTS.get(kind)
        before = self._ticks.get(message_id)
        if tick is None or (before and RANKS[tick] <= RANKS[before]):
            return
        if before is None:
            self._early[message_id] = tick
            return
        self._ticks[message_id] = tick
        self._note("them", tick, "", message_id)
        self.changes.notify()

    # Inside

    def _react(self, who: str, what: Content) -> None:
        """The reaction of `who`; an empty one takes it back."""
        reactions = self.reactions_by.setdefault(what.target or "", {})
        reactions.pop(who, None)
        if what.text:
            reactions[who] = what.text

    def _change(self, what: Content) -> None:
        message = self.messages.get(what.target or "")
        if message and what.kind == "edit":
            message.text, message.edited = what.text, True
        elif message:
            message.deleted = True

    def _record_sent(
        self, message_id: str, chat: str, what: Content, raw: Any, device: int = 0
    ) -> None:
        self._note(self.number, what.kind, what.text, what.target or message_id)
        if what.kind == "reaction":
            self._react(self.number, what)
        elif what.kind in ("edit", "delete"):
            self._change(what)
        else:
            self._keep(what, message_id, self.number, raw, chat=chat, device=device, from_me=True)
            self._ticks.setdefault(message_id, self._early.pop(message_id, "sent"))
        self.changes.notify()

    def _keep(self, what: Content, message_id: str, who: str, raw: Any, **more: Any) -> Message:
        message = Message.of(what, message_id, who, raw, at=self._now(), **more)
        self.messages[message_id] = message
        return message

    def _now(self) -> float:
        return self._handset.clockwork.now()

    def _note(self, who: str, what: str, text: str = "", message_id: str = "") -> None:
        self.transcript.append(Entry(self._now(), who, what, text, message_id))

    async def _sees_state(self, state: str, timeout: float) -> None:
        def find_state() -> int | None:
            for index in range(self._typing_seen, len(self.typing_log)):
                if self.typing_log[index][0] == state:
                    return index + 1
            return None

        self._typing_seen = await self._wait_until(find_state, timeout, f"did not see {state}")

    async def _sees_ticks(self, message_id: str, tick: str, timeout: float) -> None:
        await self._wait_until(
            lambda: RANKS[self._ticks.get(message_id, "sent")] >= RANKS[tick],
            timeout,
            f"{message_id} is {self.ticks(message_id)}, not {tick}",
        )

    async def _wait_until(self, question: Callable[[], Any], timeout: float, what: str) -> Any:
        return await self.changes.wait_until(
            question, timeout, lambda: self._complain(timeout, what)
        )

    def _complain(self, timeout: float, what: str) -> str:
        lines = "\n".join(f"  {entry}" for entry in self.transcript) or "  (nothing)"
        return f"{self.name} {what} within {timeout} s. Transcript:\n{lines}"
