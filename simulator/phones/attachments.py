"""What people send besides text, as phones put it into `waE2E.Message`.

`file` holds the fields that all files share: key, hashes, length and address (media.Sealed).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.wire.protobufs import e2e

File = Mapping[str, Any]
WAVEFORM = bytes(min(i % 16, 16 - i % 16) * 10 for i in range(64))  # what the bubble draws


def picture(file: File, mimetype: str, caption: str, quoted: Any) -> "e2e.Message":
    about = e2e.ImageMessage(**file, mimetype=mimetype, caption=caption or None, contextInfo=quoted)
    return e2e.Message(imageMessage=about)


def video(file: File, mimetype: str, caption: str, seconds: int, quoted: Any) -> "e2e.Message":
    about = e2e.VideoMessage(
        **file, mimetype=mimetype, caption=caption or None, seconds=seconds, contextInfo=quoted
    )
    return e2e.Message(videoMessage=about)


def voice(file: File, mimetype: str, seconds: int, quoted: Any) -> "e2e.Message":
    """A voice note ("push to talk"), recorded in the messenger."""
    about = e2e.AudioMessage(
        **file, mimetype=mimetype, seconds=seconds, PTT=True, waveform=WAVEFORM, contextInfo=quoted
    )
    return e2e.Message(audioMessage=about)


def document(file: File, name: str, mimetype: str, caption: str, quoted: Any) -> "e2e.Message":
    """A file with a name; with a caption it comes wrapped, as phones do it."""
    about = e2e.DocumentMessage(
        **file,
        fileName=name,
        title=name,
        mimetype=mimetype,
        caption=caption or None,
        contextInfo=quoted,
    )
    message = e2e.Message(documentMessage=about)
    if not caption:
        return message
    return e2e.Message(documentWithCaptionMessage=e2e.FutureProofMessage(message=message))


def sticker(file: File, mimetype: str, quoted: Any) -> "e2e.Message":
    about = e2e.StickerMessage(**file, mimetype=mimetype, contextInfo=quoted)
    return e2e.Message(stickerMessage=about)


def location(
    latitude: float, longitude: float, name: str, address: str, quoted: Any
) -> "e2e.Message":
    about = e2e.LocationMessage(
        degreesLatitude=latitude,
        degreesLongitude=longitude,
        name=name or None,
        address=address or None,
        contextInfo=quoted,
    )
    return e2e.Message(locationMessage=about)


def contact(name: str, number: str, quoted: Any) -> "e2e.Message":
    """A contact's card; `number` as "+15550001000"."""
    card = "\n".join(
        (
            "BEGIN:VCARD",
            "VERSION:3.0",
            f"N:;{name};;;",
            f"FN:{name}",
            f"TEL;type=CELL;type=VOICE;waid={number.removeprefix('+')}:{number}",
            "END:VCARD",
        )
    )
    about = e2e.ContactMessage(displayName=name, vcard=card, contextInfo=quoted)
    return e2e.Message(contactMessage=about)


def poll(
    question: str, options: Sequence[str], secret: bytes, several: bool, quoted: Any
) -> "e2e.Message":
    """A question with options; with one answer each it is version 3 of the message."""
    about = e2e.PollCreationMessage(
        name=question,
        options=[e2e.PollCreationMessage.Option(optionName=option) for option in options],
        selectableOptionsCount=0 if several else 1,
        contextInfo=quoted,
    )
    context = e2e.MessageContextInfo(messageSecret=secret)
    if several:
        return e2e.Message(pollCreationMessage=about, messageContextInfo=context)
    return e2e.Message(pollCreationMessageV3=about, messageContextInfo=context)
