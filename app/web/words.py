"""How the templates write values."""

from collections.abc import Callable
from decimal import Decimal

from core.agents.routing import Absence, Why
from core.messages import attachment
from core.messages.message import Kind, Reason
from core.phone import Phone
from core.text.translation import _

UNDECIDED = _("Nothing has been decided yet.")
_KINDS = frozenset(Kind)


def format_number(phone: str) -> str:
    """+1 555-123-4567."""
    return Phone(phone).pretty


def format_seconds(value: float | None) -> str:
    """0.8 s, 12 s, 3 min; a dash when there is nothing to measure."""
    if value is None:
        return "–"
    if value < 10:
        return f"{value:.1f} s"
    return f"{value:.0f} s" if value < 120 else f"{value / 60:.0f} min"


def format_dollars(value: Decimal) -> str:
    """$12.34, $0.0056; single answers cost fractions of a cent."""
    return f"${value:,.2f}" if value >= 1 or not value else f"${value:.4f}"


def explain_reason(code: str | None) -> str:
    """Why a message was answered or not."""
    return str(UNDECIDED) if code is None else _find_sentence(Reason, code)


def explain_choice(code: str) -> str:
    """Why this agent was chosen, as it is stored with the turn."""
    return _find_sentence(Why, code)


def explain_absence(code: str) -> str:
    """Why an agent that would have come first could not answer."""
    return _find_sentence(Absence, code)


def _find_sentence(kind: type[Reason | Why | Absence], code: str) -> str:
    """A code that only another version knows stays as it is."""
    try:
        return str(kind(code).sentence)
    except ValueError:
        return code


def title_kind(kind: str, facts: attachment.Facts | None = None) -> str:
    """What a message that is no plain text is called above its caption: Picture, Voice note ..."""
    return attachment.find_title(Kind(kind) if kind in _KINDS else Kind.OTHER, facts)


def name_kind(kind: str) -> str:
    """The same where it stands for a message: A picture, A voice note ..."""
    if kind not in attachment.ATTACHMENTS:
        return "Something that is not words"
    name = attachment.find_name(Kind(kind))
    return name[0].upper() + name[1:]


FILTERS: dict[str, Callable[..., str]] = {
    "pretty": format_number,
    "seconds": format_seconds,
    "dollars": format_dollars,
    "reason": explain_reason,
    "choice": explain_choice,
    "absence": explain_absence,
    "kind_title": title_kind,
    "kind_name": name_kind,
}
