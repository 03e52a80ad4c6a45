"""How each end of an attempt to link is told to a program: a status code and the panel's words."""

from collections.abc import Mapping

from flask import get_template_attribute

from core.link import End

DEFAULT = 502
STATUS: Mapping[End, int] = {
    End.PHONE_TOO_SHORT: 422,
    End.PHONE_NOT_INTERNATIONAL: 422,
    End.RATE_LIMITED: 429,
}


def told(end: End) -> tuple[int, str]:
    """In a request: templates/whatsapp/_ends.html has the sentences."""
    status = STATUS.get(end, DEFAULT)
    sentence = get_template_attribute("whatsapp/_ends.html", "end_in_a_line")(end).unescape()
    return status, f"phoneNumber: {sentence}" if status == 422 else sentence
