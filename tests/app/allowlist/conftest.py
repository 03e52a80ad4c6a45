import pytest

from app.web.ext import Services
from core.admission.allowlist import Entry, Pattern
from store import allowlist


@pytest.fixture
def ana(services: Services) -> Entry:
    """The entry of a friend who is answered by Finn."""
    with services.db.write() as connection:
        pattern = Pattern("+15551234567")
        return allowlist.add(connection, pattern, "Friend", "finn", services.now())
