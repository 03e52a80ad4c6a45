"""What the phones page can ask for, by name. Each runs in the simulator's loop.

A verb raises LookupError, ValueError or LinkFailed with a sentence when it can't be done.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints

from demo.world import faults, samples
from demo.world.world import MOST_PHONES, World
from simulator import Message, Phone
from simulator.phones.handset import Addressing
from simulator.service.groups import Group

Text = Annotated[str, StringConstraints(max_length=4000)]
MOST_NAME = 40
Name = Annotated[str, StringConstraints(max_length=MOST_NAME, strip_whitespace=True)]
T = TypeVar("T")
PICTURES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
CODE_SECONDS = 10.0  # how long a phone waits for a device that asks for its code


class Order(BaseModel):
    """What comes with a verb: which phone does it, and what the verb needs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    phone: Name = ""
    to: Name = ""
    text: Text = ""
    message: Annotated[str, StringConstraints(max_length=64)] = ""
    name: Name = ""
    device: int = 0
    on: bool = True
    addressing: Addressing = "pn"
    fault: Name = ""
    sample: Name = ""


Verb = Callable[[World, Order], Awaitable[None]]


# Talking ------------------------------------------------------------------------------------------


async def say(world: World, order: Order) -> None:
    """A text, as an answer to another message if one is named."""
    if not order.text.strip():
        raise ValueError("There is nothing to send.")
    phone, to = _find_pair(world, order)
    quoted = _find_message(phone, order) if order.message else None
    text, mentioned = _split_mention(world, order.text, to)
    await phone.says(text, to=to, quoting=quoted, mentioning=mentioned)


async def react(world: World, order: Order) -> None:
    """An emoji on a message; the same once more, or none, takes it back."""
    phone, to = _find_pair(world, order)
    message = _find_message(phone, order)
    before = phone.reactions_by.get(message.id, {}).get(phone.number)
    await phone.reacts(message.id, "" if order.text == before else order.text, to=to)


async def edit(world: World, order: Order) -> None:
    if not order.text.strip():
        raise ValueError("A message can't be edited to nothing. Delete it instead.")
    phone, to = _find_pair(world, order)
    await phone.edits(_find_message(phone, order).id, order.text, to=to)


async def delete(world: World, order: Order) -> None:
    phone, to = _find_pair(world, order)
    await phone.deletes(_find_message(phone, order).id, to=to)


async def typing(world: World, order: Order) -> None:
    phone, to = _find_pair(world, order)
    await (phone.composing(to) if order.on else phone.stops_typing(to))


async def read(world: World, order: Order) -> None:
    """The chat was opened: blue ticks for the messages up to this one."""
    phone = world.phone(order.phone)
    for message in list(phone.messages.values()):
        if message.chat == order.to and not message.from_me and world.opens(phone, message):
            await phone.reads(message)
        if message.id == order.message:
            break


async def attach(world: World, order: Order) -> None:
    """Send one of the samples."""
    phone, to = _find_pair(world, order)
    await _find_named(samples.BY_ID, order.sample).send(phone, to)


async def send_file(world: World, order: Order, data: bytes) -> None:
    """A file called `name` of the type `text`; pictures are sent as pictures."""
    phone, to = _find_pair(world, order)
    if order.text in PICTURES:
        await phone.sends_picture(data, mimetype=order.text, to=to)
    else:
        await phone.sends_document(data, order.name, order.text, to=to)


# The phone itself ---------------------------------------------------------------------------------


async def flight(world: World, order: Order) -> None:
    """Flight mode on or off."""
    phone = world.phone(order.phone)
    await (phone.goes_offline() if order.on else phone.comes_online())


async def rename(world: World, order: Order) -> None:
    if not order.name:
        raise ValueError("A phone needs a name.")
    await world.phone(order.phone).renames(order.name)


async def address(world: World, order: Order) -> None:
    """Whether others see the phone's number or its LID."""
    await world.phone(order.phone).is_addressed_by(order.addressing)


async def enter_code(world: World, order: Order) -> None:
    """Type the pairing code that the panel shows."""
    await world.phone(order.phone).enter_code(order.text, CODE_SECONDS)


async def scan(world: World, order: Order) -> None:
    """Scan a QR code, whose text comes with the order."""
    await world.phone(order.phone).scan(order.text)


async def remove_device(world: World, order: Order) -> None:
    phone = world.phone(order.phone)
    found = [device for device in phone.linked_devices if device.device == order.device]
    if not found:
        raise LookupError("this device is not linked any more")
    await phone.remove_device(found[0])


async def add_phone(world: World, order: Order) -> None:
    if len(world.simulator.phones) >= MOST_PHONES:
        raise ValueError(f"{MOST_PHONES} phones are the most that fit here")
    world.simulator.add_phone(order.phone.replace(" ", "").replace("-", ""), name=order.name)


# What goes wrong ----------------------------------------------------------------------------------


async def fault(world: World, order: Order) -> None:
    """Start a fault, or end one that lasts."""
    wanted = _find_named(faults.BY_ID, order.fault)
    if order.on or not wanted.stop:
        done = wanted.start(world.simulator)
        if done is not None:
            await done
    else:
        wanted.stop(world.simulator)


async def back_to_normal(world: World, _: Order) -> None:
    faults.back_to_normal(world.simulator)


def _find_named(table: Mapping[str, T], name: str) -> T:
    if name not in table:
        raise LookupError(f"there is no {name!r}")
    return table[name]


def _find_pair(world: World, order: Order) -> tuple[Phone, Phone | Group]:
    """Who does it, and the phone or group it is done to."""
    return world.phone(order.phone), world.chat(order.to)


def _split_mention(world: World, text: str, to: Phone | Group) -> tuple[str, Phone | None]:
    """Split the mention of a member (@ and their name) off a text in a group."""
    members = to.members if isinstance(to, Group) else []
    for phone in world.simulator.phones:
        before, found, after = text.partition(f"@{phone.name}")
        if found and phone.account in members:
            rest = after.lstrip(" ,:")
            return f"{before.rstrip()} {rest}".strip(), phone
    return text, None


def _find_message(phone: Phone, order: Order) -> Message:
    message = phone.messages.get(order.message)
    if message is None or message.deleted:
        raise LookupError("this message is not there any more")
    return message


VERBS: dict[str, Verb] = {
    verb.__name__: verb
    for verb in (
        *(say, attach, react, edit, delete, typing, read),
        *(flight, rename, address, scan, enter_code, remove_device, add_phone),
        *(fault, back_to_normal),
    )
}
