"""What comes along with words, or instead of them: pictures, voice notes, places, polls.

Agents can't see or hear anything yet; they learn that it came, and people who sent nothing else
read the truth. What is data, as a place or the options of a poll, agents get to read.

`facts` are what `worker/connection/attachments.py` has read from the message, all of them optional.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from core.messages.message import Kind

Facts = Mapping[str, Any]

# How it is called, and what a person who sent nothing else reads.
_UNSEEN = {
    Kind.IMAGE: ("a picture", "I can't see pictures yet. Please tell me in words."),
    Kind.VIDEO: ("a video", "I can't watch videos yet. Please tell me in words."),
    Kind.VOICE: ("a voice note", "I can't listen to voice notes yet. Please write to me."),
    Kind.AUDIO: ("an audio file", "I can't listen to audio yet. Please write to me."),
    Kind.DOCUMENT: ("a document", "I can't read documents yet. Please paste the text."),
    Kind.STICKER: ("a sticker", "I can't see stickers yet, but thank you."),
    Kind.LOCATION: ("a location", "I can't read this location. Please write me the address."),
    Kind.CONTACT: ("a contact card", "I can't read this contact card. Please write it to me."),
    Kind.POLL: ("a poll", "I can't take part in polls yet. Please ask me in words."),
}
_OTHER = ("a message of a kind you can't read", "I can't read this kind of message yet.")
_VIDEO_NOTE = ("a video note", "I can't watch video notes yet. Please tell me in words.")
_GIF = ("a GIF", "I can't watch GIFs yet. Please tell me in words.")
_UNAVAILABLE = (
    "a message that could be viewed only once, and only on a phone",
    "I can't open messages that can be viewed only once. Please send it as a normal message, "
    "or tell me in words.",
)


def name(kind: Kind, facts: Facts | None = None) -> str:
    """How to call it: a picture, a voice note ..."""
    return _excuse_kind(kind, facts or {})[0]


def excuse(kind: Kind, facts: Facts | None = None) -> str:
    """What its sender reads if there is nothing else to answer."""
    return _excuse_kind(kind, facts or {})[1]


def is_readable(kind: Kind, facts: Facts | None) -> bool:
    """Whether an agent has something to read in it, words apart."""
    return bool(_data(kind, facts or {}))


def note(kind: Kind, facts: Facts | None) -> Sequence[str]:
    """What an agent reads of it: lines in brackets, and its data if it has any."""
    what, data = name(kind, facts), _data(kind, facts or {})
    if kind is Kind.DOCUMENT and facts and facts.get("name"):
        what = f"a document named “{_line(facts['name'])}”"
    if not data:
        return [f"[{what} was sent; you can't see it]"]
    return [f"[{what} was sent; it says:]", *(f"- {line}" for line in data)]


def _excuse_kind(kind: Kind, facts: Facts) -> tuple[str, str]:
    if facts.get("unavailable"):
        return _UNAVAILABLE
    if kind is Kind.VIDEO and facts.get("round"):
        return _VIDEO_NOTE
    if kind is Kind.VIDEO and facts.get("gif"):
        return _GIF
    return _UNSEEN.get(kind, _OTHER)


def _data(kind: Kind, facts: Facts) -> list[str]:
    """One line each, so that the name of a place can't look like anything else."""
    lines: list[str] = []
    if kind is Kind.LOCATION:
        lines = [
            f"{part}: {facts[part]}" for part in ("name", "address", "note") if facts.get(part)
        ]
        if "latitude" in facts and "longitude" in facts:
            lines.append(f"coordinates: {facts['latitude']:.6f}, {facts['longitude']:.6f}")
        if lines and facts.get("live"):
            lines.append("it is a live location: where they were when they began to share it")
    elif kind is Kind.CONTACT:
        lines = [_contact(each) for each in facts.get("contacts", ())]
    elif kind is Kind.POLL and facts.get("question"):
        lines = [f"question: {facts['question']}"]
        lines += [f"option: {option}" for option in facts.get("options", ())]
        lines.append("you can't vote in it")
    return [_line(each) for each in lines]


def _line(text: str) -> str:
    return " ".join(text.split())


def _contact(contact: Mapping[str, Any]) -> str:
    return ", ".join(filter(None, [contact.get("name") or "without a name", *contact["phones"]]))
