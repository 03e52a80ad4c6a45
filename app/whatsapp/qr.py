"""The QR code as SVG, drawn here: its content is a secret that must not leave this machine."""

from functools import lru_cache

import segno
from markupsafe import Markup

QUIET_ZONE = 4  # modules of white around the code, as the standard asks for


@lru_cache(maxsize=4)  # drawing costs 18 ms, and each code is asked for every 2 seconds
def draw_qr(payload: str) -> Markup:
    """Black on white whatever the colours of the page: phones read it that way."""
    code = segno.make(payload, error="m", boost_error=False)
    svg = code.svg_inline(border=QUIET_ZONE, dark="#000", light="#fff", omitsize=True)
    return Markup(svg)
