"""What the audit log says was done."""

from app.web.ext import Services
from store.account import audit


def list_acts(services: Services) -> list[str]:
    """The newest first, each as `ana: allowlist added +15551234567`."""
    with services.db.read() as connection:
        return [f"{act.actor}: {act.action} {act.detail}" for act in audit.list_acts(connection)]
