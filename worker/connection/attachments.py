"""What there is to know of a picture, a voice note, a place, a contact card, a poll.

From the message's own protobuf (`waE2E.proto` of neonize 0.5.2). Its sender decides what is in
there: nothing raises, texts are cut, and numbers that make no sense are left out.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

TEXT = 300  # characters of a name, a question, an option
CONTACTS, NUMBERS, OPTIONS = 10, 5, 20  # so many of each
MOST = 2**53  # whole numbers that JSON keeps

_TEL = re.compile(r"^(?:item\d+\.)?TEL[^:\r\n]*:(.*)$", re.IGNORECASE | re.MULTILINE)
_FULL_NAME = re.compile(r"^FN[^:\r\n]*:(.*)$", re.IGNORECASE | re.MULTILINE)

Facts = dict[str, Any]


def read_facts(message: Any, *, view_once: bool = False) -> Facts | None:
    """The facts of an unwrapped waE2E.Message, None where there are none. See
    `core/messages/attachment.py` for what becomes of them; the panel shows them too."""
    for field, read in _READERS.items():
        if message.HasField(field):
            facts = read(getattr(message, field)) | ({"view_once": True} if view_once else {})
            return {name: value for name, value in facts.items() if value not in (None, "", [])}
    return None


def _cut_text(words: str) -> str:
    """Words that fit every database and a line of the panel."""
    return words.replace("\0", "\ufffd")[:TEXT].strip()


def _read_image(image: Any) -> Facts:
    return _read_file(image) | {"width": _count(image.width), "height": _count(image.height)}


def _read_video(video: Any) -> Facts:
    return _read_file(video) | {"seconds": _count(video.seconds), "gif": video.gifPlayback or None}


def _read_video_note(video: Any) -> Facts:
    return _read_video(video) | {"round": True}


def _read_audio(audio: Any) -> Facts:
    once = {"view_once": True} if audio.viewOnce else {}
    return _read_file(audio) | {"seconds": _count(audio.seconds)} | once


def _read_document(document: Any) -> Facts:
    name = _cut_text(document.fileName) or _cut_text(document.title)
    return _read_file(document) | {"name": name, "pages": _count(document.pageCount)}


def _read_sticker(sticker: Any) -> Facts:
    return _read_file(sticker) | {"animated": sticker.isAnimated or None}


def _read_file(part: Any) -> Facts:
    return {"type": _cut_text(part.mimetype), "bytes": _count(part.fileLength)}


def _read_location(place: Any) -> Facts:
    words = {
        "name": _cut_text(place.name),
        "address": _cut_text(place.address),
        "note": _cut_text(place.comment),
    }
    return _read_point(place) | words | {"live": place.isLive or None}


def _read_live_location(place: Any) -> Facts:
    return _read_point(place) | {"live": True}


def _read_point(place: Any) -> Facts:
    latitude, longitude = place.degreesLatitude, place.degreesLongitude
    if not (math.isfinite(latitude) and math.isfinite(longitude)):
        return {}
    if abs(latitude) > 90 or abs(longitude) > 180:
        return {}
    return {"latitude": round(latitude, 6), "longitude": round(longitude, 6)}


def _read_contact(contact: Any) -> Facts:
    return {"contacts": [_read_card(contact)]}


def _read_contacts(several: Any) -> Facts:
    return {"contacts": [_read_card(each) for each in several.contacts[:CONTACTS]]}


def _read_card(contact: Any) -> Facts:
    """A name and numbers out of a vCard. WhatsApp puts what people read after the last colon."""
    card = contact.vcard[:20_000]
    full_name = _FULL_NAME.search(card)
    name = _cut_text(contact.displayName) or (_cut_text(full_name[1]) if full_name else "")
    numbers = [_cut_text(number) for number in _TEL.findall(card)[:NUMBERS]]
    return {"name": name, "phones": [number for number in numbers if number]}


def _read_poll(poll: Any) -> Facts:
    options = [_cut_text(option.optionName) for option in poll.options[:OPTIONS]]
    return {"question": _cut_text(poll.name), "options": [option for option in options if option]}


def _count(number: int) -> int | None:
    return number if 0 < number < MOST else None


_READERS: Mapping[str, Callable[[Any], Facts]] = {
    "imageMessage": _read_image,
    "videoMessage": _read_video,
    "ptvMessage": _read_video_note,
    "audioMessage": _read_audio,
    "documentMessage": _read_document,
    "stickerMessage": _read_sticker,
    "locationMessage": _read_location,
    "liveLocationMessage": _read_live_location,
    "contactMessage": _read_contact,
    "contactsArrayMessage": _read_contacts,
    **{f"pollCreationMessage{version}": _read_poll for version in ("", "V2", "V3", "V5", "V6")},
}
