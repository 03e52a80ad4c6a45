"""What comes along with words, or instead of them: pictures, voice notes, places, polls.

Agents can't see or hear anything yet; they learn that it came, and people who sent nothing else
read the truth. What is data, as a place or the options of a poll, agents get to read.

`facts` are what `worker/connection/attachments.py` has read from the message, all of them optional.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.messages.message import Kind

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Attachment:
    """What a kind of message is called, and what is said of it."""

    title: str  # above its caption, in the panel
    name: str  # within a sentence
    excuse: str  # what a sender reads who sent nothing else


ATTACHMENTS = {
    Kind.IMAGE: Attachment(
        "Picture", "a picture", "I can't see pictures yet. Please tell me in words."
    ),
    Kind.VOICE: Attachment(
        "Voice note", "a voice note", "I can't listen to voice notes yet. Please write to me."
    ),
    Kind.VIDEO: Attachment(
        "Video", "a video", "I can't watch videos yet. Please tell me in words."
    ),
    Kind.AUDIO: Attachment(
        "Audio", "an audio file", "I can't listen to audio yet. Please write to me."
    ),
    Kind.DOCUMENT: Attachment(
        "Document", "a document", "I can't read documents yet. Please paste the text."
    ),
    Kind.STICKER: Attachment("Sticker", "a sticker", "I can't see stickers yet, but thank you."),
    Kind.LOCATION: Attachment(
        "Location", "a location", "I can't read this location. Please write me the address."
    ),
    Kind.CONTACT: Attachment(
        "Contact", "a contact card", "I can't read this contact card. Please write it to me."
    ),
    Kind.POLL: Attachment(
        "Poll", "a poll", "I can't take part in polls yet. Please ask me in words."
    ),
}
_OTHER = Attachment(
    "A message of another kind",
    "a message of a kind you can't read",
    "I can't read this kind of message yet.",
)
_VIDEO_NOTE = Attachment(
    "Video note", "a video note", "I can't watch video notes yet. Please tell me in words."
)
_GIF = Attachment("GIF", "a GIF", "I can't watch GIFs yet. Please tell me in words.")
_UNAVAILABLE = Attachment(
    _OTHER.title,
    "a message that could be viewed only once, and only on a phone",
    "I can't open messages that can be viewed only once. Please send it as a normal message, "
    "or tell me in words.",
)
# Nothing comes along with these.
_TITLES = {
    Kind.TEXT: "Text",
    Kind.REACTION: "Reaction",
    Kind.EDIT: "Correction",
    Kind.DELETE: "Deletion",
    Kind.UNDECRYPTABLE: "Could not be decrypted",
}


def find_title(kind: Kind, facts: Facts | None = None) -> str:
    """How the panel calls it above its caption: Picture, Voice note ..."""
    facts = facts or {}
    if kind is Kind.LOCATION and facts.get("live"):
        return "Live location"
    if kind is Kind.CONTACT and len(facts.get("contacts") or ()) > 1:
        return "Contacts"
    return _TITLES.get(kind) or _find_shape(kind, facts).title


def find_name(kind: Kind, facts: Facts | None = None) -> str:
    """How to call it: a picture, a voice note ..."""
    return _find(kind, facts or {}).name


def find_excuse(kind: Kind, facts: Facts | None = None) -> str:
    """What its sender reads if there is nothing else to answer."""
    return _find(kind, facts or {}).excuse


def is_readable(kind: Kind, facts: Facts | None) -> bool:
    """Whether an agent has something to read in it, words apart."""
    return bool(_list_data(kind, facts or {}))


def write_note(kind: Kind, facts: Facts | None) -> Sequence[str]:
    """What an agent reads of it: lines in brackets, and its data if it has any."""
    what, data = find_name(kind, facts), _list_data(kind, facts or {})
    if kind is Kind.DOCUMENT and facts and facts.get("name"):
        what = f"a document named “{_join_lines(facts['name'])}”"
    if not data:
        return [f"[{what} was sent; you can't see it]"]
    return [f"[{what} was sent; it says:]", *(f"- {line}" for line in data)]


def _find(kind: Kind, facts: Facts) -> Attachment:
    return _UNAVAILABLE if facts.get("unavailable") else _find_shape(kind, facts)


def _find_shape(kind: Kind, facts: Facts) -> Attachment:
    if kind is Kind.VIDEO and facts.get("round"):
        return _VIDEO_NOTE
    if kind is Kind.VIDEO and facts.get("gif"):
        return _GIF
    return ATTACHMENTS.get(kind, _OTHER)


def _list_data(kind: Kind, facts: Facts) -> list[str]:
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
        lines = [
            ", ".join([each.get("name") or "without a name", *filter(None, each["phones"])])
            for each in facts.get("contacts", ())
        ]
    elif kind is Kind.POLL and facts.get("question"):
        lines = [f"question: {facts['question']}"]
        lines += [f"option: {option}" for option in facts.get("options", ())]
        lines.append("you can't vote in it")
    return [_join_lines(each) for each in lines]


def _join_lines(text: str) -> str:
    return " ".join(text.split())
