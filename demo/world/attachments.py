"""What a message holds besides text, as the page draws it."""

from typing import Any

from simulator import Message
from simulator.phones.content import unwrap
from simulator.phones.media import part

Attachment = dict[str, Any]


def describe(message: Message) -> Attachment | None:
    """None for plain text. `label` says it in words, `kind` how to draw it, `caption` what stands
    below it."""
    if message.raw is None or message.kind == "text":
        return None
    raw = unwrap(message.raw)
    for field, value in raw.ListFields():
        if field.name in _READERS:
            return {**_READERS[field.name](value), "caption": getattr(value, "caption", "")}
    return {"kind": "other", "label": f"Something this phone can't show ({message.kind})"}


def read_file(message: Message) -> tuple[str, str]:
    """The type and name of the file that came with a message. Raises LookupError."""
    found = part(unwrap(message.raw))
    if found is None:
        raise LookupError(f"there is no file with {message.id}")
    return found[1].mimetype, getattr(found[1], "fileName", "")


def _describe_picture(image: Any) -> Attachment:
    return {"kind": "picture", "label": "📷 Photo", "width": image.width, "height": image.height}


def _describe_video(video: Any) -> Attachment:
    return {"kind": "video", "label": "🎥 Video", "seconds": video.seconds}


def _describe_audio(audio: Any) -> Attachment:
    label = "🎤 Voice message" if audio.PTT else "🎵 Audio"
    return {"kind": "audio", "label": label, "seconds": audio.seconds, "voice": audio.PTT}


def _describe_document(document: Any) -> Attachment:
    name = document.fileName or document.title or "Document"
    return {"kind": "document", "label": f"📄 {name}", "name": name, "size": document.fileLength}


def _describe_sticker(_: Any) -> Attachment:
    return {"kind": "sticker", "label": "💟 Sticker"}


def _describe_location(location: Any) -> Attachment:
    return {
        "kind": "location",
        "label": f"📍 {location.name or 'Location'}",
        "name": location.name or "Location",
        "address": location.address,
        "where": f"{location.degreesLatitude:.4f}, {location.degreesLongitude:.4f}",
    }


def _describe_contact(contact: Any) -> Attachment:
    numbers = [
        line.rpartition(":")[2] for line in contact.vcard.splitlines() if line.startswith("TEL")
    ]
    name = contact.displayName or "Contact"
    return {"kind": "contact", "label": f"👤 {name}", "name": name, "numbers": numbers}


def _describe_poll(poll: Any) -> Attachment:
    options = [option.optionName for option in poll.options]
    return {"kind": "poll", "label": f"📊 {poll.name}", "name": poll.name, "options": options}


_READERS = {
    "imageMessage": _describe_picture,
    "videoMessage": _describe_video,
    "audioMessage": _describe_audio,
    "documentMessage": _describe_document,
    "stickerMessage": _describe_sticker,
    "locationMessage": _describe_location,
    "liveLocationMessage": _describe_location,
    "contactMessage": _describe_contact,
    "pollCreationMessage": _describe_poll,
    "pollCreationMessageV2": _describe_poll,
    "pollCreationMessageV3": _describe_poll,
}
