"""What all phones show, as a flat mapping of small values, so that a page can be sent what differs.

Keys are `phone:NUMBER`, `chat:NUMBER:WITH` and `message:NUMBER:ID`. Everything here runs in the
simulator's loop.
"""

from collections.abc import Mapping, Set
from typing import Any

from core.text.shortening import shorten
from demo.world import attachments
from simulator import Message, Phone, Simulator

SHOWN = 300  # messages of one phone, the latest ones
PREVIEW = 120  # characters of a message that a list or a quote shows

State = dict[str, Any]


def draw(simulator: Simulator, read: Set[tuple[str, str]]) -> State:
    """The state of every phone. `read` are number and id of the messages that were looked at."""
    names = {phone.number: phone.name for phone in simulator.phones}
    groups = simulator.server.groups.values()
    called = {
        jid.user: each.name
        for each in simulator.phones
        for jid in (each.account.jid, each.account.lid)
    }
    state: State = {}
    for place, phone in enumerate(simulator.phones):
        state[f"phone:{phone.number}"] = _draw_phone(phone, place)
        messages = list(phone.messages.values())[-SHOWN:]
        for order, message in enumerate(messages):
            shown = _draw_message(phone, message, called) | {
                "order": order,
                "unread": not message.from_me and (phone.number, message.id) not in read,
            }
            state[f"message:{phone.number}:{message.id}"] = shown
        theirs = [group for group in groups if phone.account in group.members]
        titles = names | {str(group.jid): group.subject for group in theirs}
        for other in {*titles, *(message.chat for message in messages)} - {phone.number}:
            state[f"chat:{phone.number}:{other}"] = _draw_chat(
                phone, other, titles.get(other, other)
            )
    return state


def _draw_phone(phone: Phone, place: int) -> State:
    return {
        "number": phone.number,
        "name": phone.name,
        "place": place,
        "online": phone.online,
        "addressing": phone.addressing,
        "lid": str(phone.account.lid),
        "devices": [_draw_device(device) for device in phone.linked_devices],
        "asked_for_code": phone.account.code_request is not None,
    }


def _draw_device(device: Any) -> State:
    return {
        "id": device.device,
        "name": device.name,
        "platform": device.platform.replace("_", " ").capitalize(),
        "linked_at": device.linked_at,
        "connected": device.connection is not None,
    }


def _draw_chat(phone: Phone, other: str, name: str) -> State:
    return {
        "phone": phone.number,
        "with": other,
        "name": name,
        "typing": phone.typing_in(other),
    }


def _draw_message(phone: Phone, message: Message, called: Mapping[str, str]) -> State:
    reactions = phone.reactions_by.get(message.id, {})
    return {
        "phone": phone.number,
        "chat": message.chat,
        "id": message.id,
        "mine": message.from_me,
        "sender": message.sender,
        "by_device": message.from_device != 0,
        "at": message.at,
        **_draw_content(message, called),
        "tick": phone.ticks(message.id) if message.from_me else None,
        "edited": message.edited,
        "deleted": message.deleted,
        "quote": _quote(phone, message, called),
        "reactions": [{"by": by, "emoji": emoji} for by, emoji in sorted(reactions.items())],
    }


def _draw_content(message: Message, called: Mapping[str, str]) -> State:
    if message.deleted:
        return {"text": "", "matter": None}
    found = attachments.describe(message)
    text = found.pop("caption", "") if found else message.text
    return {"text": _with_names(text, called) if _is_in_group(message) else text, "matter": found}


def _with_names(text: str, called: Mapping[str, str]) -> str:
    """Mentions as people read them: WhatsApp writes the digits of an address."""
    for digits, name in called.items():
        text = text.replace(f"@{digits}", f"@{name}")
    return text


def _is_in_group(message: Message) -> bool:
    return "@" in message.chat


def _quote(phone: Phone, message: Message, called: Mapping[str, str]) -> State | None:
    if not message.quoted_id or message.deleted:
        return None
    quoted = phone.messages.get(message.quoted_id)
    if quoted is None:
        return {"id": message.quoted_id, "mine": False, "text": "A message that is not here"}
    by = {"mine": quoted.from_me, "sender": quoted.sender}
    words = preview(quoted)
    text = _with_names(words, called) if _is_in_group(quoted) else words
    return {"id": quoted.id, **by, "text": text}


def preview(message: Message) -> str:
    """A message in one short line."""
    if message.deleted:
        return "This message was deleted"
    words = message.text or (attachments.describe(message) or {}).get("label", "")
    return shorten(words, PREVIEW)
