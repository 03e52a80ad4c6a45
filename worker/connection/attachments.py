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


def of(message: Any, *, view_once: bool = False) -> Facts | None:
    """The facts of an unwrapped waE2E.Message, None where there are none. See
    `core/messages/attachment.py` for what becomes of them; the panel shows them too."""
    for field, read in _READERS.items():
        if message.HasField(field):
            facts = read(getattr(message, field)) | ({"view_once": True} if view_once else {})
            return {name: value for name, value in facts.items() if value not in (None, "", [])}
    return None


def text(words: str) -> str:
    """Words that fit every database and a line of the panel."""
    return words.replace("\0", "\ufffd")[:TEXT].strip()


def _image(image: Any) -> Facts:
    return _file(image) | {"width": _count(image.width), "height": _count(image.height)}


def _video(video: Any) -> Facts:
    return _file(video) | {"seconds": _count(video.seconds), "gif": video.gifPlayback or None}


def _video_note(video: Any) -> Facts:
    return _video(video) | {"round": True}


def _audio(audio: Any) -> Facts:
    once = {"view_once": True} if audio.viewOnce else {}
    return _file(audio) | {"seconds": _count(audio.seconds)} | once


def _document(document: Any) -> Facts:
    name = text(document.fileName) or text(document.title)
    return _file(document) | {"name": name, "pages": _count(document.pageCount)}


def _sticker(sticker: Any) -> Facts:
    return _file(sticker) | {"animated": sticker.isAnimated or None}


def _file(part: Any) -> Facts:
    return {"type": text(part.mimetype), "bytes": _count(part.fileLength)}


def _location(place: Any) -> Facts:
    words = {"name": text(place.name), "address": text(place.address), "note": text(place.comment)}
    return _point(place) | words | {"live": place.isLive or None}


def _live_location(place: Any) -> Facts:
    return _point(place) | {"live": True}


def _point(place: Any) -> Facts:
    latitude, longitude = place.degreesLatitude, place.degreesLongitude
    if not (math.isfinite(latitude) and math.isfinite(longitude)):
        return {}
    if abs(latitude) > 90 or abs(longitude) > 180:
        return {}
    return {"latitude": round(latitude, 6), "longitude": round(longitude, 6)}


def _contact(contact: Any) -> Facts:
    return {"contacts": [_card(contact)]}


def _contacts(several: Any) -> Facts:
    return {"contacts": [_card(each) for each in several.contacts[:CONTACTS]]}


def _card(contact: Any) -> Facts:
    """A name and numbers out of a vCard. WhatsApp puts what people read after the last colon."""
    card = contact.vcard[:20_000]
    full_name = _FULL_NAME.search(card)
    name = text(contact.displayName) or (text(full_name[1]) if full_name else "")
    numbers = [text(number) for number in _TEL.findall(card)[:NUMBERS]]
    return {"name": name, "phones": [number for number in numbers if number]}


def _poll(poll: Any) -> Facts:
    options = [text(option.optionName) for option in poll.options[:OPTIONS]]
    return {"question": text(poll.name), "options": [option for option in options if option]}


def _count(number: int) -> int | None:
    return number if 0 < number < MOST else None


_READERS: Mapping[str, Callable[[Any], Facts]] = {
    "imageMessage": _image,
    "videoMessage": _video,
    "ptvMessage": _video_note,
    "audioMessage": _audio,
    "documentMessage": _document,
    "stickerMessage": _sticker,
    "locationMessage": _location,
    "liveLocationMessage": _live_location,
    "contactMessage": _contact,
    "contactsArrayMessage": _contacts,
    **{f"pollCreationMessage{version}": _poll for version in ("", "V2", "V3", "V5", "V6")},
}
