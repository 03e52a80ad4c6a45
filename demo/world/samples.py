"""Things to send besides text, made on the spot: pictures, a tone, a paper, a place and so on."""

import io
import math
import struct
import wave
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from simulator import Phone
from simulator.service.groups import Group

Pixel = Callable[[float, float], tuple[float, float, float, float]]  # x, y -> red .. alpha, 0 to 1

VOICE_SECONDS, RATE = 3, 8000
BRANDENBURG_GATE = (52.5163, 13.3777, "Brandenburg Gate", "Pariser Platz, Berlin")
PAPER = b"Opening hours\n\nMonday to Friday: 9 to 18\nSaturday: 10 to 14\nSunday: closed\n"


@dataclass(frozen=True)
class Sample:
    """A line of the menu, and what it sends from one phone to another, or to a group."""

    id: str
    icon: str
    title: str
    send: Callable[[Phone, Phone | Group], Awaitable[str]]


def draw_png(width: int, height: int, pixel: Pixel) -> bytes:
    """A picture, each point of it computed; x and y are 0 to 1."""
    rows = bytearray()
    for y in range(height):
        rows.append(0)  # this row is stored as it is
        for x in range(width):
            colour = pixel(x / width, y / height)
            rows += bytes(round(255 * min(max(part, 0.0), 1.0)) for part in colour)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunks = (("IHDR", header), ("IDAT", zlib.compress(bytes(rows), 9)), ("IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _make_chunk(name.encode(), data) for name, data in chunks
    )


def _make_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def draw_sunset(x: float, y: float) -> tuple[float, float, float, float]:
    """A sun over the sea."""
    distance = math.hypot((x - 0.5) * 1.6, y - 0.55)
    if y > 0.65:
        glitter = 0.35 * math.exp(-abs(x - 0.5) * 9) * (0.6 + 0.4 * math.sin(y * 160))
        return 0.12 + glitter * 1.6, 0.22 + glitter, 0.38 + glitter * 0.4, 1
    if distance < 0.16:
        return 1, 0.88, 0.55, 1
    glow = math.exp(-distance * 2.2)
    return 0.25 + glow * 0.9, 0.2 + glow * 0.45, 0.45 - glow * 0.1, 1


def draw_smile(x: float, y: float) -> tuple[float, float, float, float]:
    """A round face on nothing, for a sticker."""
    across, down = x - 0.5, y - 0.5
    radius = math.hypot(across, down)
    eye = math.hypot(abs(across) - 0.16, down + 0.1) < 0.055
    mouth = 0.2 < math.hypot(across, down - 0.02) < 0.27 and down > 0.09
    if radius > 0.47:
        return 0, 0, 0, 0
    if eye or mouth:
        return 0.25, 0.15, 0.05, 1
    return 1, 0.8 - radius * 0.25, 0.2, 1


def make_tone(seconds: int) -> bytes:
    """Two notes, as a WAV file."""
    frames = bytearray()
    for at in range(RATE * seconds):
        pitch = 392 if at < RATE * seconds / 2 else 523
        loudness = 0.25 * min(1, at / 400, (RATE * seconds - at) / 2000)
        frames += struct.pack(
            "<h", int(32767 * loudness * math.sin(2 * math.pi * pitch * at / RATE))
        )
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(bytes(frames))
    return out.getvalue()


SAMPLES = (
    Sample(
        "picture",
        "photo",
        "Picture",
        lambda phone, to: phone.sends_picture(draw_png(240, 160, draw_sunset), to=to),
    ),
    Sample(
        "captioned",
        "photo",
        "Picture with a question",
        lambda phone, to: phone.sends_picture(
            draw_png(240, 160, draw_sunset), "Where was this taken?", to=to
        ),
    ),
    Sample(
        "voice",
        "microphone",
        "Voice note",
        lambda phone, to: phone.sends_voice(
            make_tone(VOICE_SECONDS), VOICE_SECONDS, "audio/wav", to=to
        ),
    ),
    Sample(
        "document",
        "file-text",
        "Document",
        lambda phone, to: phone.sends_document(PAPER, "opening-hours.txt", "text/plain", to=to),
    ),
    Sample(
        "location",
        "map-pin",
        "Location",
        lambda phone, to: phone.sends_location(*BRANDENBURG_GATE, to=to),
    ),
    Sample(
        "contact",
        "address-book",
        "Contact",
        lambda phone, to: phone.sends_contact("Dora", "+15550002009", to=to),
    ),
    Sample(
        "poll",
        "chart-bar",
        "Poll",
        lambda phone, to: phone.sends_poll(
            "Where shall we eat?", ["Noodles", "Pizza", "At home"], to=to
        ),
    ),
    Sample(
        "sticker",
        "sticker",
        "Sticker",
        lambda phone, to: phone.sends_sticker(draw_png(128, 128, draw_smile), "image/png", to=to),
    ),
)
BY_ID = {sample.id: sample for sample in SAMPLES}
