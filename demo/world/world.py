"""A simulated WhatsApp with phones on it, as the page's threads use it: they ask here, and the
answers are made in the simulator's loop."""

from collections.abc import Awaitable, Callable
from typing import Any

from demo.world import attachments, faults, page_state
from demo.world.people import GUESTS, OWNER, TEAM
from demo.world.wire import Wire
from simulator import LinkFailed, Message, Phone, Simulator, SimulatorThread
from simulator.phones.media import BadMedia
from simulator.service.groups import Group

MOST_PHONES = 8


class Refused(Exception):
    """What was asked for can't be done; the text says why, to a person."""


class World:
    """All methods may be called from any thread, but for `phone` and `opens`, which verbs call."""

    def __init__(self, thread: SimulatorThread) -> None:
        self._thread = thread
        self.simulator: Simulator = thread.simulator
        self._wire = Wire(self.simulator)
        self.read: set[tuple[str, str]] = set()  # number and id of messages that were looked at

    def populate(self) -> None:
        """The phones of a new demo."""
        for role in (*GUESTS, OWNER):
            self._thread.run(self.simulator.add_phone, role.number, name=role.name)
        self._thread.run(self.simulator.add_group, TEAM, self.simulator.phones)

    def do(self, verb: Callable[..., Awaitable[None]], *args: Any) -> None:
        """Run a verb of `demo.world.verbs` and wait for it. Raises `Refused`."""
        try:
            self._thread.run(verb, self, *args)
        except (LinkFailed, ValueError, LookupError) as error:
            raise Refused(_make_sentence(error)) from error

    def draw(self) -> page_state.State:
        """What the page shows of the simulated WhatsApp."""

        def run_inside() -> page_state.State:
            drawn = page_state.draw(self.simulator, self.read)
            return drawn | {
                "faults": faults.list_active(self.simulator),
                "linked": bool(self.phone(OWNER.number).linked_devices),
                "answered": self._was_answered(GUESTS[0].number),
            }

        drawn: page_state.State = self._thread.run(run_inside)
        return drawn

    def faults(self) -> list[str]:
        """The faults that last at the moment."""
        active: list[str] = self._thread.run(faults.list_active, self.simulator)
        return active

    def list_stanzas(self, after: int) -> list[dict[str, Any]]:
        """What went over the wire after stanza number `after`."""
        found: list[dict[str, Any]] = self._thread.run(self._wire.list_since, after)
        return found

    def file(self, number: str, message_id: str) -> tuple[bytes, str, str]:
        """The file that came with a message, its type and its name. Raises `Refused`."""
        try:
            phone = self.phone(number)
            data: bytes = self._thread.run(phone.opens, message_id)
            return data, *attachments.read_file(phone.messages[message_id])
        except (LookupError, BadMedia) as error:
            raise Refused(_make_sentence(error)) from error

    def phone(self, number: object) -> Phone:
        """Raises LookupError."""
        for phone in self.simulator.phones:
            if phone.number == number:
                return phone
        raise LookupError(f"there is no phone with {number}")

    def chat(self, name: object) -> Phone | Group:
        """What a phone can write to: another's number, or a group's JID. Raises LookupError."""
        found = [group for group in self.simulator.server.groups.values() if str(group.jid) == name]
        return found[0] if found else self.phone(name)

    def opens(self, phone: Phone, message: Message) -> bool:
        """Note that the person has looked at a message. False if that was so before."""
        seen = (phone.number, message.id)
        if seen in self.read:
            return False
        self.read.add(seen)
        return True

    def _was_answered(self, number: str) -> bool:
        """Whether a linked device has written to this phone."""
        return any(m.from_device and not m.from_me for m in self.phone(number).messages.values())


def _make_sentence(error: Exception) -> str:
    text = str(error.args[0]) if error.args else "That did not work"
    return text[:1].upper() + text[1:]
