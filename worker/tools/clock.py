"""The time, which a model can't know by itself."""

from zoneinfo import ZoneInfo

from pydantic_ai import RunContext

from worker.tools.context import ToolContext


def current_time(ctx: RunContext[ToolContext], timezone: str = "UTC") -> str:
    """Get the current date, time and weekday.

    Args:
        timezone: IANA name of a time zone, such as Europe/Berlin or America/New_York.
    """
    try:
        zone = ZoneInfo(timezone)
    except (LookupError, ValueError, OSError):  # OSError: Europe alone is a folder
        shown = timezone[:60]
        return f"There is no time zone “{shown}”. Use an IANA name such as Europe/Berlin, or UTC."
    now = ctx.deps.office.now().astimezone(zone)
    return f"{now.isoformat(timespec='seconds')}, {now:%A}, {timezone}"
