"""The allowlist as it stands in the database, and the form of one of its entries."""

from app.web.ext import Services
from core.admission.allowlist import Entry
from store import allowlist
from tests.app.visitor import Visitor


def list_entries(services: Services) -> dict[str, tuple[str | None, str | None]]:
    """Label and agent by pattern."""
    with services.db.read() as connection:
        return {e.pattern: (e.label, e.agent) for e in allowlist.load(connection)}


def change_entry(visitor: Visitor, entry: Entry, htmx: bool = False, **fields: str):
    data = {"pattern": entry.pattern, "label": entry.label, "agent": entry.agent} | fields
    named = {f"entry{entry.id}-{name}": value for name, value in data.items()}
    return visitor.submit(f"/allowlist/{entry.id}/edit", htmx, **named)
