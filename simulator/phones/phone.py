"""A phone that a test or a person can hold: its account, linking, and waiting for what it shows.

What it shows is in display.py; what a person does with it in message_actions.py, file_actions.py
and presence_actions.py.

All coroutines run in the simulator's event loop. What is waited for is awaited with a deadline;
when it passes, the AssertionError shows the phone's transcript.
"""

from collections.abc import Callable
from typing import Any

from simulator.phones import content, media
from simulator.phones.display import RANKS, Network
from simulator.phones.file_actions import FileActions
from simulator.phones.handset import Addressing, Handset
from simulator.phones.message import Matcher, Message
from simulator.phones.message_actions import MessageActions
from simulator.phones.presence_actions import PresenceActions
from simulator.service import linking
from simulator.service.account import Account, Companion
from simulator.wire.jid import Jid

TIMEOUT = 60.0  # seconds: generous, since a busy machine is no failure


class Phone(MessageActions, FileActions, PresenceActions):
    """One handset as a person uses it. Made by `Simulator.add_phone`."""

    def __init__(self, simulator: Network, handset: Handset):
        super().__init__(simulator, handset)
        handset.phone = self
        self._typing_seen = 0  # how much of `typing_log` was waited for

    # The account

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

    def media_key(self, message_id: str) -> bytes:
        """The key of the file that came with a message; empty if there is none."""
        message = self.messages.get(message_id)
        found = media.part(content.unwrap(message.raw)) if message else None
        return bytes(found[1].mediaKey) if found else b""

    async def renames(self, name: str) -> None:
        """Change the name that others see with the next message."""
        self._handset.rename(name)

    async def is_addressed_by(self, addressing: Addressing) -> None:
        """From now on others see this phone under its number or under its LID."""
        self._handset.addressing = addressing

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

    # Waiting for what it shows

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
