"""When the owner's day began. The browser says in a cookie where it is (static/app.js)."""

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import request

LENGTH = 64  # characters; a browser may send anything in a cookie


def find_midnight(now: datetime) -> datetime:
    """The beginning of this day in the browser's zone; in UTC while that is unknown."""
    name = request.cookies.get("zone", "")[:LENGTH]
    try:
        here = now.astimezone(ZoneInfo(name or "UTC"))
    except (KeyError, ValueError, OSError):  # no such zone, no zone's name, no data on this machine
        here = now
    return here.replace(hour=0, minute=0, second=0, microsecond=0)
